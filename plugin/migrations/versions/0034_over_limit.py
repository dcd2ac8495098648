"""With since when more orders are kept than a plan covers goes the limit that it had then."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; empty is the limit of the shop's plan."""
    op.add_column("subscription", sa.Column("over_limit", sa.Integer()))
