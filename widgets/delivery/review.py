"""Promises and parcels that time alone decides: silence becomes a loss, a day that passes a miss."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from plugin.core import order_book, tombstones
from plugin.database import among
from widgets.delivery.effects import on_orders
from widgets.delivery.journey import SILENCE
from widgets.delivery.tables import LOST, delivery_parcel, delivery_promise

PORTION = 200

_DUE = (
    select(delivery_promise.c.order_ref, delivery_promise.c.shop_id)
    .where(delivery_promise.c.review_at <= bindparam("now"))
    .order_by(delivery_promise.c.review_at, delivery_promise.c.order_ref)
    .limit(PORTION)
)
_SILENT = (
    select(delivery_parcel.c.order_ref, delivery_parcel.c.shop_id)
    .where(delivery_parcel.c.ended.is_(None), delivery_parcel.c.last_scan_at <= bindparam("before"))
    .order_by(delivery_parcel.c.last_scan_at, delivery_parcel.c.id)
    .limit(PORTION)
)
_REVIEWED = update(delivery_promise).where(among(delivery_promise.c.order_ref, "refs")).values(review_at=None)
_GIVEN_UP = (
    update(delivery_parcel)
    .where(
        among(delivery_parcel.c.order_ref, "refs"),
        delivery_parcel.c.ended.is_(None),
        delivery_parcel.c.last_scan_at <= bindparam("before"),
    )
    .values(ended=LOST)
)


def review(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Bring what is due by the clock to what the facts say now, a portion at a time; returns how many orders."""
    due, silent = _DUE, _SILENT
    if shop_id is not None:
        due = due.where(delivery_promise.c.shop_id == shop_id)
        silent = silent.where(delivery_parcel.c.shop_id == shop_id)
    found = {row.order_ref: row.shop_id for row in conn.execute(due, {"now": now})}
    found |= {row.order_ref: row.shop_id for row in conn.execute(silent, {"before": now - SILENCE})}
    if not found:
        return 0
    tombstones.share(conn, found.values())
    refs = found.keys()
    changes = order_book.load(conn, sorted(refs))
    on_orders(conn, changes, now)
    _leave(conn, sorted(refs - {change.ref for change in changes}), now)
    return len(refs)


def _leave(conn: Connection, refs: list[int], now: datetime) -> None:
    """Let go of what has no facts any more; an erasure is about to take it."""
    if refs:
        conn.execute(_REVIEWED, {"refs": refs})
        conn.execute(_GIVEN_UP, {"refs": refs, "before": now - SILENCE})
