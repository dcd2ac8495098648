"""Redemptions, the orders that used their codes, and what came back of them; entries name their redemption."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; every entry there was until now belongs to no redemption."""
    op.create_table(
        "redemption",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("reward", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=13), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=True),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("gid", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("redeemed_at", Utc(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("ends_at", Utc(), nullable=False),
        sa.Column("absent_at", Utc(), nullable=True),
        sa.Column("closed_at", Utc(), nullable=True),
        sa.Column("removed_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_redemption_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_redemption_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
    )
    op.create_index(
        "uq_redemption_account_id_request_id", "redemption", ["account_id", "request_id"], unique=True
    )
    op.create_index("uq_redemption_code_shop_id", "redemption", ["code", "shop_id"], unique=True)
    op.create_index("ix_redemption_state_ends_at", "redemption", ["state", "ends_at"], unique=False)
    op.create_table(
        "redemption_return",
        sa.Column("redemption_id", _ID, autoincrement=False, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("lives_until", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_return_redemption_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "at", name=op.f("pk_redemption_return")),
    )
    op.create_index(
        op.f("ix_redemption_return_lives_until"), "redemption_return", ["lives_until"], unique=False
    )
    op.create_table(
        "redemption_use",
        sa.Column("redemption_id", _ID, autoincrement=False, nullable=False),
        sa.Column("order_ref", _ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_redemption_use_order_ref")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_use_redemption_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "order_ref", name=op.f("pk_redemption_use")),
    )
    op.create_index("ix_redemption_use_order_ref", "redemption_use", ["order_ref"], unique=False)
    _name_redemptions_in_entries()


def _name_redemptions_in_entries() -> None:
    """SQLite adds a constraint only together with its column; rebuilding the table would lose its triggers."""
    name = op.f("fk_ledger_entry_redemption_id")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE ledger_entry ADD COLUMN redemption_id INTEGER CONSTRAINT {name} REFERENCES redemption (id)"
        )
    else:
        op.add_column("ledger_entry", sa.Column("redemption_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(name, "ledger_entry", "redemption", ["redemption_id"], ["id"])
    op.create_index(
        "ix_ledger_entry_redemption_id",
        "ledger_entry",
        ["redemption_id"],
        unique=False,
        sqlite_where=sa.text("redemption_id IS NOT NULL"),
        postgresql_where=sa.text("redemption_id IS NOT NULL"),
    )
