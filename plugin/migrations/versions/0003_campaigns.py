"""Bonus campaigns: facts about products, and how each order's points came about."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc
from plugin.migrations.deriving import derive_again

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is known of products and of each target, then have the orders there are derived once more."""
    op.create_table(
        "product_fact",
        sa.Column(
            "shop_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("collections", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("fetched_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_product_fact_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "product_id", "day", name=op.f("pk_product_fact")),
    )
    op.add_column("earning", sa.Column("breakdown", sa.Text(), nullable=True))
    op.add_column("earning", sa.Column("waits", sa.Boolean(), server_default="0", nullable=False))
    op.create_index(
        "ix_earning_waits",
        "earning",
        ["shop_id", "order_ref"],
        unique=False,
        sqlite_where=sa.text("waits = 1"),
        postgresql_where=sa.text("waits"),
    )
    derive_again()
