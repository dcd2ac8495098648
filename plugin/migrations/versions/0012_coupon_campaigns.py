"""Coupon campaigns: what a discount is limited to, what its codes begin with, and customers' tags."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which say of every discount there is what held until now, and the table."""
    op.add_column(
        "coupon_node", sa.Column("prefix", sa.String(length=10), server_default="DANKE", nullable=False)
    )
    op.add_column("coupon_node", sa.Column("goods", sa.Text(), nullable=True))
    op.add_column("coupon_node", sa.Column("title", sa.String(length=80), server_default="", nullable=False))
    op.create_table(
        "coupon_tags",
        sa.Column(
            "person_ref",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_ref"], ["coupon_customer.id"], name=op.f("fk_coupon_tags_person_ref")
        ),
        sa.PrimaryKeyConstraint("person_ref", "day", name=op.f("pk_coupon_tags")),
    )
    op.create_index("ix_coupon_tags_day", "coupon_tags", ["day"], unique=False)
