"""What erased shops have left at a vendor is ended there."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing of shops erased before is known."""
    op.create_table(
        "orphan",
        sa.Column("outside_id", sa.String(255), nullable=False),
        sa.Column("left_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("outside_id", name=op.f("pk_orphan")),
    )
