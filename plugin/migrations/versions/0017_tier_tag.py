"""The tag of a tier: what Shopify was told of each customer, and when to look again."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; nothing else reads or writes it."""
    op.create_table(
        "tier_tag",
        sa.Column("account_id", _ID, autoincrement=False, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("held", sa.Text(), server_default="[]", nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_tier_tag_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_tier_tag_shop_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_tier_tag")),
    )
    op.create_index("ix_tier_tag_shop_id_due_at", "tier_tag", ["shop_id", "due_at"], unique=False)
