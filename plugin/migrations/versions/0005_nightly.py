"""What the night finds out about each shop: whether its books add up, and what webhooks missed."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; nothing else reads or writes them."""
    op.create_table(
        "verification",
        sa.Column("shop_id", _ID, autoincrement=False, nullable=False),
        sa.Column("checked_at", Utc(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("differences", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_verification_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_verification")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("shop_id", _ID, autoincrement=False, nullable=False),
        sa.Column("done_at", Utc(), nullable=False),
        sa.Column("fetched", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_reconciliation_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_reconciliation")),
    )
