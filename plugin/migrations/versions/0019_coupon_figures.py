"""What a coupon brought and cost is noted where it was used."""

import sqlalchemy as sa
from alembic import op

from plugin.migrations.deriving import derive_again

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, then have the orders there are looked at once more."""
    op.add_column(
        "coupon_use", sa.Column("campaign", sa.String(length=20), server_default="", nullable=False)
    )
    op.add_column("coupon_use", sa.Column("currency", sa.String(length=3), server_default="", nullable=False))
    op.add_column("coupon_use", sa.Column("revenue", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("coupon_use", sa.Column("discount", sa.BigInteger(), server_default="0", nullable=False))
    derive_again()
