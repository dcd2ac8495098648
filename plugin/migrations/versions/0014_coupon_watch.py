"""What is known of discounts that were deleted or changed at Shopify."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for discounts that stand as they were made."""
    op.add_column("coupon_node", sa.Column("trouble", sa.String(length=7), nullable=True))
    op.add_column("coupon_node", sa.Column("trouble_at", Utc(), nullable=True))
    op.add_column("coupon_node", sa.Column("differs", sa.Text(), nullable=True))
