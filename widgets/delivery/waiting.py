"""Orders that wait beyond their promised day: what the merchant is told before the shopper has to ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, literal, or_, select, text

from plugin import settings
from plugin.core.order_book import order
from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.delivery.tables import AWAITED, FAILED, LOST, delivery_parcel, delivery_promise

MOST = 100
"""Orders that are listed at most; the ones whose day was last come first."""
FORGOTTEN = timedelta(days=60)

_P = delivery_promise.c
_ENDED = (
    select(literal(1))
    .where(delivery_parcel.c.order_ref == _P.order_ref, delivery_parcel.c.ended.in_((LOST, FAILED)))
    .exists()
)
_FROM = delivery_promise.join(order, order.c.id == _P.order_ref)
_WAITS = (
    (_P.shop_id == bindparam("shop"))
    & (_P.latest >= bindparam("since"))
    & text(AWAITED)
    & or_(_P.latest < bindparam("today"), _P.late_at.is_not(None))
    & order.c.order_id.is_not(None)
)
_LIST = (
    select(order.c.order_id, _P.lane, _P.latest, _P.handed_over_on, _ENDED.label("ended"))
    .select_from(_FROM)
    .where(_WAITS)
    .order_by(_P.latest.desc(), _P.order_ref)
    .limit(MOST)
)
_COUNT = select(func.count()).select_from(_FROM).where(_WAITS)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order whose day is over; ``ended``: a parcel of it was lost or comes back."""

    order_id: int
    lane: str
    latest: date
    handed_over_on: date | None
    ended: bool


def waiting(conn: Connection, shop_id: int, today: date) -> list[Waiting]:
    """Return the orders of the last 60 days that were not delivered by their day and are still to be."""
    rows = conn.execute(_LIST, _asked(shop_id, today))
    return [Waiting(**row) for row in rows.mappings()]


def alerts(conn: Connection, shop_id: int, language: Language, now: datetime) -> Iterator[str]:
    """Yield how many orders wait, as long as one does."""
    today = now.astimezone(settings.current(conn, shop_id, ShopSettings).zone).date()
    count = conn.execute(_COUNT, _asked(shop_id, today)).scalar_one()
    if count:
        yield language.ngettext(
            "%(n)s order waits beyond its promised day; it is listed under delivery in figures.",
            "%(n)s orders wait beyond their promised day; they are listed under delivery in figures.",
            count,
        )


def _asked(shop_id: int, today: date) -> dict[str, object]:
    return {"shop": shop_id, "today": today, "since": today - FORGOTTEN}
