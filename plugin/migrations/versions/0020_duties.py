"""Who looked at whose record, what was removed when its time was over, and orders named in a request for data."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables; requests of before named no unknown orders."""
    op.create_table(
        "removal",
        sa.Column("shop_id", _ID, autoincrement=False, nullable=False),
        sa.Column("ran_at", Utc(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_removal_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "ran_at", "kind", name=op.f("pk_removal")),
    )
    op.create_table(
        "access_log",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("staff", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("account_id", _ID, nullable=True),
        sa.Column("order_ref", _ID, nullable=True),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_log_account_id")),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_access_log_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_access_log_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_account_id"), "access_log", ["account_id"], unique=False)
    op.create_index(op.f("ix_access_log_order_ref"), "access_log", ["order_ref"], unique=False)
    op.create_index(op.f("ix_access_log_seen_at"), "access_log", ["seen_at"], unique=False)
    op.create_index("ix_access_log_shop_id_seen_at", "access_log", ["shop_id", "seen_at"], unique=False)
    op.add_column("data_request", sa.Column("orders_unknown", sa.Text(), server_default="[]", nullable=False))
