"""Whether somebody still waits for an order is kept with its promise, and what was decided of open ones is looked at anew."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_AWAITED = sa.text("awaited")
_PROMISE = sa.table(
    "delivery_promise",
    sa.column("delivered_on", sa.Date()),
    sa.column("review_at", Utc()),
)


def upgrade() -> None:
    """Add the column and narrow the index; the clock's next run says of each promise that is open what its facts say."""
    op.add_column("delivery_promise", sa.Column("awaited", sa.Boolean(), nullable=False, server_default="0"))
    op.drop_index("ix_delivery_promise_open", "delivery_promise")
    for name, columns in (
        ("ix_delivery_promise_open", ["order_ref"]),
        ("ix_delivery_promise_waits", ["shop_id", "latest", "order_ref"]),
    ):
        op.create_index(name, "delivery_promise", columns, sqlite_where=_AWAITED, postgresql_where=_AWAITED)
    open_ = sa.update(_PROMISE).where(_PROMISE.c.delivered_on.is_(None))
    op.execute(open_.values(review_at=datetime(2026, 1, 1, tzinfo=UTC)))
