"""What each shop's parcels have taught, and how far its promises have corrected it."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "delivery_estimate",
        sa.Column("shop_id", _ID, autoincrement=False, nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.Column("data_until", sa.Date(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("fed_until", sa.Date(), nullable=True),
        sa.Column("corrections", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_delivery_estimate_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_delivery_estimate")),
    )
