"""The monthly cap of coupons: what each counts for, and what a shop's month has issued."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty while a shop has no cap, and the table."""
    op.add_column("coupon", sa.Column("face", sa.BigInteger(), nullable=True))
    op.add_column("coupon", sa.Column("month", sa.String(length=7), nullable=True))
    op.add_column("coupon", sa.Column("counted", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "coupon_budget",
        sa.Column(
            "shop_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("issued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("erased", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("full_at", Utc(), nullable=True),
        sa.Column("mean_on", sa.Date(), nullable=True),
        sa.Column("mean_sum", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("mean_count", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_coupon_budget_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_coupon_budget")),
    )
