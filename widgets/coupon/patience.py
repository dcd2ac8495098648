"""Orders that wait for an answer about their customer do not wait for ever: Shopify is asked again, and a day is enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from plugin import clock, settings
from plugin.clock import Job
from plugin.core import order_book, tombstones
from plugin.database import Utc
from plugin.settings import ShopSettings
from widgets.coupon import doubts
from widgets.coupon.deciding import PATIENCE
from widgets.coupon.doubts import Buyer
from widgets.coupon.effects import on_orders
from widgets.coupon.tables import coupon

ASK, SETTLE = "coupon.ask_again", "coupon.settle"
PORTION = 200

_OPEN = (
    select(coupon.c.order_ref, coupon.c.shop_id, coupon.c.doubt)
    .where(
        coupon.c.doubt.is_not(None),
        coupon.c.order_ref > bindparam("after"),
        coupon.c.judged_at <= bindparam("until", type_=Utc),
    )
    .order_by(coupon.c.order_ref)
    .limit(PORTION)
)


def ask_again(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask once more about the customer of every order that is in doubt, a portion at a time; returns how many."""
    rows = _portion(conn, ASK, shop_id, now, now)
    _decide(conn, rows, now)
    return len(rows)


def settle(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Decide orders that have waited long enough without the answer, where that can be; returns how many were seen."""
    rows = _portion(conn, SETTLE, shop_id, now - PATIENCE, now)
    versions = settings.versions(conn, {row.shop_id for row in rows}, [ShopSettings])
    ripe = []
    for row in rows:
        today = now.astimezone(versions.current(row.shop_id, ShopSettings).value.zone).date()
        if doubts.settle(doubts.decode(row.doubt), Buyer(), today, patient=False) is not None:
            ripe.append(row)
    _decide(conn, ripe, now)
    return len(rows)


def _portion(conn: Connection, name: str, shop_id: int | None, until: datetime, now: datetime) -> list[Any]:
    mine = _OPEN if shop_id is None else _OPEN.where(coupon.c.shop_id == shop_id)
    rows = list(conn.execute(mine, {"after": clock.reached(conn, name), "until": until}))
    clock.reach(conn, name, now, rows[-1].order_ref if rows else 0)
    return rows


def _decide(conn: Connection, rows: Sequence[Any], now: datetime) -> None:
    if rows:
        tombstones.share(conn, {row.shop_id for row in rows})
        on_orders(conn, order_book.load(conn, [row.order_ref for row in rows]), now)


JOBS = (Job(ASK, timedelta(days=1), ask_again), Job(SETTLE, timedelta(hours=1), settle))
