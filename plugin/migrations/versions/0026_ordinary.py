"""Whether a promise was of goods that the shop packs at its usual pace; older ones of slow products say so too late."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take all promises so far for ordinary ones; within 90 days they no longer matter."""
    op.add_column("delivery_promise", sa.Column("ordinary", sa.Boolean(), nullable=False, server_default="1"))
