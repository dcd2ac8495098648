"""How often first promises were kept, of those whose day is long enough past that both ends are known."""

from datetime import date, timedelta

from sqlalchemy import Connection, bindparam, func, select

from widgets.delivery.shown import Kept
from widgets.delivery.tables import KEPT, MISSED, delivery_promise

ENOUGH = 30
"""Promises that must be decided before a shopper is told how many were kept."""
LONG = timedelta(days=90)
KNOWN_AFTER = timedelta(days=3)
"""A promise that was missed is decided two days after its day; kept ones are known earlier and would flatter."""
MOST = 1000
"""The newest so many are counted, so that a page costs the same in a large shop."""

_NEWEST = (
    select(delivery_promise.c.outcome, delivery_promise.c.handed_over_on)
    .where(
        delivery_promise.c.shop_id == bindparam("shop_id"),
        delivery_promise.c.latest.between(bindparam("since"), bindparam("until")),
        delivery_promise.c.outcome.in_((KEPT, MISSED)),
    )
    .order_by(delivery_promise.c.latest.desc())
    .limit(MOST)
    .subquery()
)
_COUNTED = select(
    _NEWEST.c.outcome, func.count().label("number"), func.count(_NEWEST.c.handed_over_on).label("sent")
).group_by(_NEWEST.c.outcome)


def kept_rate(conn: Connection, shop_id: int, today: date) -> Kept | None:
    """Return the share of the last 90 days, rounded down; None of fewer than 30, or where Shopify is told of no parcel.

    A shop that sends without saying so there keeps its promises as well as another, and nobody knows how well.
    """
    window = {"since": today - LONG, "until": today - KNOWN_AFTER}
    rows = conn.execute(_COUNTED, {"shop_id": shop_id, **window}).all()
    counts: dict[str, int] = {row.outcome: row.number for row in rows}
    n = counts.get(KEPT, 0) + counts.get(MISSED, 0)
    if n < ENOUGH or not any(row.sent for row in rows):
        return None
    return Kept(100 * counts.get(KEPT, 0) // n, n)
