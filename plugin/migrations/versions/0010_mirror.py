"""What Shopify shows of an account: when it must be written anew, and what it was; every account is due at first."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their index."""
    op.add_column("account", sa.Column("mirror_due", Utc(), nullable=True))
    op.add_column("account", sa.Column("mirrored", sa.String(length=250), nullable=True))
    op.execute("UPDATE account SET mirror_due = '2000-01-01 00:00:00.000000' WHERE customer_id IS NOT NULL")
    op.create_index(
        "ix_account_mirror_due",
        "account",
        ["shop_id", "mirror_due"],
        unique=False,
        sqlite_where=sa.text("mirror_due IS NOT NULL"),
        postgresql_where=sa.text("mirror_due IS NOT NULL"),
    )
