"""Events that wait are found by shop, so that each shop has its turn."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index of what waits; it holds waiting events only, and stays small."""
    op.create_index(
        "ix_inbox_turn",
        "inbox",
        ["shop", "due_at", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index("ix_inbox_waiting", table_name="inbox")
