"""Of which lots a customer was told ahead of their end, for each notice period."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; nothing else reads or writes it."""
    op.create_table(
        "expiry_notice",
        sa.Column("shop_id", _ID, autoincrement=False, nullable=False),
        sa.Column("lot", sa.String(length=24), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("sent_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_expiry_notice_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_expiry_notice_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "lot", "days", name=op.f("pk_expiry_notice")),
    )
    op.create_index(op.f("ix_expiry_notice_account_id"), "expiry_notice", ["account_id"], unique=False)
    op.create_index("ix_expiry_notice_shop_id_sent_at", "expiry_notice", ["shop_id", "sent_at"], unique=False)
