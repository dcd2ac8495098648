"""Deriving orders again: after a setting without history changed, every target it touches is computed anew."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, bindparam, select

import widgets
from plugin.core import order_book, tombstones
from plugin.core.order_book import order
from plugin.tasks import Handler, TaskRun

PORTION = 200

_NEXT = (
    select(order.c.id)
    .where(
        order.c.shop_id == bindparam("shop"),
        order.c.id > bindparam("after"),
        order.c.first_at.is_not(None),
        ~order.c.sealed,
        order.c.processed_at >= bindparam("since"),
    )
    .order_by(order.c.id)
    .limit(PORTION)
)


LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


async def rederive(run: TaskRun) -> None:
    """Derive the shop's orders again, all or those processed since an instant, a portion in each transaction."""
    after = 0
    since = datetime.fromisoformat(run.payload["since"]) if "since" in run.payload else LONG_AGO
    step = partial(portion, shop_id=run.shop.id, since=since, now=run.now)
    while True:
        last = await run.db.write(partial(step, after=after))
        if last is None:
            return
        after = last


def portion(conn: Connection, shop_id: int, since: datetime, after: int, now: datetime) -> int | None:
    """Derive the next orders after the given key; returns the last key done, None at the end."""
    refs = list(conn.execute(_NEXT, {"shop": shop_id, "after": after, "since": since}).scalars())
    if not refs:
        return None
    tombstones.share(conn, [shop_id])
    widgets.derive(conn, order_book.load(conn, refs), now)
    return int(refs[-1])


TASKS: Mapping[str, Handler] = {widgets.REDERIVE: rederive}
