"""Tiers: what they count of each order, and which one its customer had."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc
from plugin.migrations.deriving import derive_again

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, then have the orders there are derived once more."""
    op.add_column("earning", sa.Column("base", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("earning", sa.Column("final_from", Utc(), nullable=True))
    op.add_column("earning", sa.Column("tier", sa.String(length=40), nullable=True))
    derive_again()
