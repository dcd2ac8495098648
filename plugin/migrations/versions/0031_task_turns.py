"""Tasks that are due are found by shop, so that each shop has its turn; those of later rest until their time comes."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_WAITS = sa.text("ready")
_RESTS = sa.text("state = 'waiting' AND NOT ready")


def upgrade() -> None:
    """Add the mark and its indexes; what waits is marked by the next claims, and a worker of before needs no mark."""
    op.add_column("task", sa.Column("ready", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("ix_task_state_ready_due_at_id", "task", ["state", "ready", "due_at", "id"])
    op.drop_index("ix_task_state_due_at", table_name="task")
    for name, condition, columns in (
        ("ix_task_turn", _WAITS, ["shop_id", "due_at", "id"]),
        ("ix_task_rest", _RESTS, ["shop_id", "due_at"]),
    ):
        op.create_index(name, "task", columns, sqlite_where=condition, postgresql_where=condition)
