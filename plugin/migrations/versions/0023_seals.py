"""What the last check of each seal found, and when the next one is due."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "trust_check",
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("result", sa.String(12), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("checked_at", Utc(), nullable=True),
        sa.Column("due_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_trust_check_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "fingerprint", name=op.f("pk_trust_check")),
    )
    op.create_index(op.f("ix_trust_check_due_at"), "trust_check", ["due_at"], unique=False)
