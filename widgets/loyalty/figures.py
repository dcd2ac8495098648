"""What points come to lately, for the merchant's home page."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select

from plugin.core.ledger import earning
from plugin.core.order_book import order
from plugin.language import sentence
from widgets.base import Figure

_LATELY = (
    select(
        func.coalesce(func.sum(earning.c.points), 0).label("given"),
        func.coalesce(
            func.sum(case((earning.c.available_at > bindparam("now"), earning.c.points), else_=0)), 0
        ).label("pending"),
    )
    .join(order, order.c.id == earning.c.order_ref)
    .where(
        order.c.shop_id == bindparam("shop"),
        order.c.processed_at >= bindparam("since"),
        earning.c.account_id.is_not(None),
    )
)


def figures(conn: Connection, shop_id: int, since: datetime, now: datetime) -> Iterator[Figure]:
    """Yield the points of the orders since then, by today's facts, and how many of them cannot be spent yet."""
    row = conn.execute(_LATELY, {"shop": shop_id, "since": since, "now": now}).one()
    yield Figure(sentence("Points given"), int(row.given))
    yield Figure(sentence("of these not to be spent yet"), int(row.pending))
