"""Which plan each shop has is kept, as its vendor last said."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Id, Utc

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; a shop without a row has the free plan."""
    op.create_table(
        "subscription",
        sa.Column("shop_id", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("state", sa.String(10), nullable=False, server_default="none"),
        sa.Column("plan", sa.String(60), nullable=False, server_default="free"),
        sa.Column("outside_id", sa.String(255)),
        sa.Column("payer_id", sa.String(255)),
        sa.Column("currency", sa.String(3)),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("period_start", Utc()),
        sa.Column("period_end", Utc()),
        sa.Column("trial_end", Utc()),
        sa.Column("cancel_at", Utc()),
        sa.Column("pending_plan", sa.String(60)),
        sa.Column("pending_at", Utc()),
        sa.Column("test", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("past_due_since", Utc()),
        sa.Column("over_since", Utc()),
        sa.Column("checked_at", Utc()),
        sa.Column("asked_at", Utc()),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_subscription_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_asked_at", "subscription", ["asked_at"], unique=False)
    op.create_index("ix_subscription_payer_id", "subscription", ["payer_id"], unique=False)
