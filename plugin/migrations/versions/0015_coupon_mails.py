"""What Shopify's mails are shown of a coupon, and when that may have changed; nothing is for those there are."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their index."""
    op.add_column("coupon", sa.Column("mailed", sa.Text(), nullable=True))
    op.add_column("coupon", sa.Column("mail_due", Utc(), nullable=True))
    op.create_index(
        "ix_coupon_mail_due",
        "coupon",
        ["shop_id", "mail_due"],
        unique=False,
        sqlite_where=sa.text("mail_due IS NOT NULL"),
        postgresql_where=sa.text("mail_due IS NOT NULL"),
    )
