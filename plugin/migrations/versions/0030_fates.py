"""What became of each order is kept beside its time, so that a plan's orders are counted from an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_FATELESS = sa.text("fate IS NULL AND first_at IS NOT NULL AND state IS NOT NULL")


def upgrade() -> None:
    """Add the column; the clock fills it in for the orders that are there, some at a time."""
    op.add_column("order", sa.Column("fate", sa.String(9)))
    op.create_index("ix_order_shop_id_processed_at_fate", "order", ["shop_id", "processed_at", "fate"])
    op.drop_index("ix_order_shop_id_processed_at", "order")
    op.create_index("ix_order_fateless", "order", ["id"], sqlite_where=_FATELESS, postgresql_where=_FATELESS)
