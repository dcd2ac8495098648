"""One-time bonuses: a target for each account and source, named by its entries."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table, then let entries name its rows."""
    op.create_table(
        "bonus",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", Utc(), nullable=False),
        sa.Column("available_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("rule_version", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_bonus_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_bonus_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bonus")),
    )
    op.create_index("uq_bonus_account_id_source", "bonus", ["account_id", "source"], unique=True)
    op.create_index("ix_bonus_shop_id_expires_at", "bonus", ["shop_id", "expires_at"], unique=False)
    _name_bonuses_in_entries()


def _name_bonuses_in_entries() -> None:
    """SQLite adds a constraint only together with its column; rebuilding the table would lose its triggers."""
    name = op.f("fk_ledger_entry_bonus_id")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE ledger_entry ADD COLUMN bonus_id INTEGER CONSTRAINT {name} REFERENCES bonus (id)"
        )
    else:
        op.add_column("ledger_entry", sa.Column("bonus_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(name, "ledger_entry", "bonus", ["bonus_id"], ["id"])
    op.create_index(
        "ix_ledger_entry_bonus_id",
        "ledger_entry",
        ["bonus_id"],
        unique=False,
        sqlite_where=sa.text("bonus_id IS NOT NULL"),
        postgresql_where=sa.text("bonus_id IS NOT NULL"),
    )
