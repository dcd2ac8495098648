"""Coupons that wait for an answer about their customer, and what Shopify counted for one."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a coupon be open, and create the table."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("coupon") as coupon:
        coupon.alter_column("node_id", existing_type=key, nullable=True)
        coupon.add_column(sa.Column("campaign", sa.String(length=20), server_default="", nullable=False))
        coupon.add_column(sa.Column("doubt", sa.Text(), nullable=True))
    op.create_table(
        "coupon_customer",
        sa.Column("id", key, nullable=False),
        sa.Column("shop_id", key, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=True),
        sa.Column("counted_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_coupon_customer_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_customer")),
    )
    op.create_index(
        "uq_coupon_customer_customer_id_shop_id",
        "coupon_customer",
        ["customer_id", "shop_id"],
        unique=True,
    )
