"""What is open in each shop is kept with the check of its books."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next check fills it."""
    op.add_column("verification", sa.Column("liability", sa.Text(), nullable=True))
