"""Speaking first: a promise that will be broken is called late once, with what holds instead, and Shopify Flow is told.

What Shopify may have heard is not said twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, text, update

from plugin import clock, settings, tasks
from plugin.core import order_book, order_codec, tombstones
from plugin.core.order_book import OrderChange, order
from plugin.core.orders import OrderFacts, OrderState
from plugin.database import Utc, among
from plugin.shopify import GatewayError, Unreachable, tell_of_late
from plugin.shopify.flow import Late
from plugin.shops import shop
from plugin.tasks import TaskRun, Wanted
from widgets.delivery import estimates, learned
from widgets.delivery.contents import is_off
from widgets.delivery.journey import fate, legs
from widgets.delivery.learned import Learned
from widgets.delivery.risk import Outlook, Promised, outlook
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.survival import Curve
from widgets.delivery.tables import AWAITED, MISSED, delivery_change, delivery_promise
from widgets.delivery.terms import MODELS, Terms, terms

WATCH, TELL = "delivery.watch", "delivery.tell"
PORTION = 200
EASTERNMOST = timedelta(hours=14)
STALE = timedelta(days=90)
"""Of what was to arrive so long ago nobody is told any more."""

_OPEN = (
    select(delivery_promise)
    .where(
        text(AWAITED),
        delivery_promise.c.shop_id.in_(
            select(shop.c.id).where(shop.c.uninstalled_at.is_(None), shop.c.installed_at.is_not(None))
        ),
        or_(
            delivery_promise.c.hand_over_by < bindparam("today"),
            delivery_promise.c.outcome == MISSED,
        ),
        delivery_promise.c.latest >= bindparam("stale"),
        delivery_promise.c.order_ref > bindparam("after"),
    )
    .order_by(delivery_promise.c.order_ref)
    .limit(PORTION)
)
_CALL_LATE = (
    update(delivery_promise)
    .where(among(delivery_promise.c.order_ref, "refs"), delivery_promise.c.late_at.is_(None))
    .values(late_at=bindparam("at", type_=Utc))
)
_SAY = insert(delivery_change)
_SAID = (
    select(delivery_change).where(among(delivery_change.c.order_ref, "refs")).order_by(delivery_change.c.id)
)
_TOLD = (
    update(delivery_promise)
    .where(delivery_promise.c.order_ref == bindparam("ref"))
    .values(told_at=bindparam("at", type_=Utc))
)
_TELLING = _TOLD.where(delivery_promise.c.told_at.is_(None))
_UNTOLD = (
    select(
        delivery_promise.c.latest,
        delivery_promise.c.delivered_on,
        delivery_promise.c.inputs,
        order.c.order_id,
        order.c.state,
    )
    .join(order, order.c.id == delivery_promise.c.order_ref)
    .where(
        delivery_promise.c.order_ref == bindparam("ref"),
        delivery_promise.c.shop_id == bindparam("shop"),
        delivery_promise.c.late_at.is_not(None),
        delivery_promise.c.told_at.is_(None),
        ~order.c.sealed,
    )
)
_LAST_SAID = (
    select(delivery_change)
    .where(delivery_change.c.order_ref == bindparam("ref"))
    .order_by(delivery_change.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class _Found:
    change: OrderChange
    said: Outlook
    first: bool


def watch(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Call late what is, a portion of the open promises at a time; returns how many were looked at.

    Of what is late already more is said when it turns out otherwise, or when the new days have passed as well.
    """
    today = (now + EASTERNMOST).date()
    wanted = _OPEN if shop_id is None else _OPEN.where(delivery_promise.c.shop_id == shop_id)
    given = {"today": today, "stale": today - STALE, "after": clock.reached(conn, WATCH)}
    rows = {row.order_ref: row for row in conn.execute(wanted, given)}
    clock.reach(conn, WATCH, now, max(rows, default=0))
    if rows:
        tombstones.share(conn, {row.shop_id for row in rows.values()})
        _say(conn, _at_risk(conn, rows, now), now)
    return len(rows)


def _at_risk(conn: Connection, rows: dict[int, Row[Any]], now: datetime) -> list[_Found]:
    changes = order_book.load(conn, rows)
    before = {row.order_ref: row for row in conn.execute(_SAID, {"refs": list(rows)})}
    versions = settings.versions(conn, {change.shop_id for change in changes}, MODELS)
    taught = estimates.of_shops(conn, {change.shop_id for change in changes})
    found = []
    for change in changes:
        row, state = rows[change.ref], change.state
        if state.snapshot is None:
            continue
        under = terms(versions, change.shop_id, state.facts.processed_at)
        ways = legs(state, under.zone, under.since, now)
        so_far = fate(state, ways, row.latest, under.zone, now)
        travel = _travel(taught.get(change.shop_id), under, state.facts, now)
        promised = Promised(row.hand_over_by, row.latest, under.settings, under.zone, travel)
        said = outlook(state, promised, so_far, ways, now)
        if said is not None and _is_news(said, before.get(change.ref), now.astimezone(under.zone).date()):
            found.append(_Found(change, said, first=row.late_at is None))
    return found


def _travel(taught: Learned | None, under: Terms, facts: OrderFacts, now: datetime) -> Curve | None:
    if taught is None or facts.country is None or not taught.is_fresh(now):
        return None
    found = learned.transit(taught, under.settings, facts.country, facts.province)
    return None if found is None else found.curve


def _is_news(said: Outlook, last: Row[Any] | None, today: date) -> bool:
    if last is None:
        return True
    if last.reason == said.reason:
        return bool(last.latest and last.latest < today)
    return bool(last.latest != said.latest)


def _say(conn: Connection, found: Sequence[_Found], now: datetime) -> None:
    if not found:
        return
    conn.execute(_CALL_LATE, {"refs": [one.change.ref for one in found], "at": now})
    conn.execute(
        _SAY,
        [
            {
                "shop_id": one.change.shop_id,
                "order_ref": one.change.ref,
                "at": now,
                "reason": one.said.reason,
                "earliest": one.said.earliest,
                "latest": one.said.latest,
                "chance": one.said.chance,
            }
            for one in found
        ],
    )
    shops = {one.change.shop_id for one in found}
    today = settings.versions(conn, shops, [DeliverySettings])
    telling = {shop for shop in shops if today.current(shop, DeliverySettings).value.tell_late}
    wanted = [
        Wanted(one.change.shop_id, TELL, str(one.change.ref), now, {"order_ref": one.change.ref})
        for one in found
        if one.first and one.change.shop_id in telling
    ]
    tasks.enqueue(conn, wanted, now)


async def tell(run: TaskRun) -> None:
    """Tell Flow of one late order, once; what certainly did not arrive is told again by the next try."""
    ref = int(run.payload["order_ref"])
    late = await run.db.read(partial(_late, shop_id=run.shop.id, ref=ref))
    if late is None:
        return
    if not await run.db.write(partial(_begin, ref=ref, at=run.now)):
        return
    try:
        await tell_of_late(run.gateway, run.shop, late)
    except GatewayError as error:
        if isinstance(error, Unreachable) and error.unknown:
            return
        await run.db.write(partial(_take_back, ref=ref))
        raise


def _begin(conn: Connection, ref: int, at: datetime) -> bool:
    """Remember that it is told; False where another worker began, whose clock has this one's lease ended."""
    return conn.execute(_TELLING, {"ref": ref, "at": at}).rowcount > 0


def _take_back(conn: Connection, ref: int) -> None:
    conn.execute(_TOLD, {"ref": ref, "at": None})


def _late(conn: Connection, shop_id: int, ref: int) -> Late | None:
    row = conn.execute(_UNTOLD, {"ref": ref, "shop": shop_id}).one_or_none()
    said = conn.execute(_LAST_SAID, {"ref": ref}).one_or_none()
    if row is None or said is None or row.delivered_on is not None:
        return None
    state = order_codec.decode(row.state)
    if is_off(state):
        return None
    inputs = json.loads(row.inputs)
    return Late(
        order_id=row.order_id,
        reason=said.reason,
        promised=row.latest,
        earliest=said.earliest,
        latest=said.latest,
        carrier=inputs["carrier"],
        tracking=_link(state),
    )


def _link(state: OrderState) -> str | None:
    return next((parcel.url for parcel in reversed(state.parcels) if parcel.url), None)
