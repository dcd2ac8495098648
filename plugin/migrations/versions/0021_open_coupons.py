"""Coupons that wait for an answer about their customer are found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_coupon_doubt",
        "coupon",
        ["order_ref"],
        unique=False,
        sqlite_where=sa.text("doubt IS NOT NULL"),
        postgresql_where=sa.text("doubt IS NOT NULL"),
    )
