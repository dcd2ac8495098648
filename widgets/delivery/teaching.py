"""Once a day a shop's orders and parcels are counted, and what they teach takes the place of yesterday's estimate."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from plugin import clock, settings, shops
from plugin.clock import Job
from plugin.settings import ShopSettings
from widgets.delivery.correction import Matured, fed, ratio, unstated
from widgets.delivery.estimates import delivery_estimate, store
from widgets.delivery.journey import REPORTED, SILENCE
from widgets.delivery.learned import Start, Way
from widgets.delivery.learning import WINDOW, Known, Parcel, Taken, heard, learn
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.tables import (
    CANCELLED,
    DELIVERED,
    FAILED,
    KEPT,
    LOST,
    MISSED,
    VOID,
    delivery_parcel,
    delivery_promise,
)

LEARN = "delivery.learn"
ONE = timedelta(days=1)
_MARGIN = timedelta(days=14)
"""Of the lag, and of orders that waited for their day."""
_SAMPLE = 2_000
_REMEMBERED = timedelta(days=250)
"""No promise takes longer to mature: a lane has 120 days at most, and so has handling."""

_WAITED = (
    select(
        delivery_promise.c.weekday,
        delivery_promise.c.after_cutoff,
        delivery_promise.c.taken_on,
        delivery_promise.c.handed_over_on,
        case(
            (
                and_(delivery_promise.c.outcome == VOID, delivery_promise.c.handed_over_on.is_(None)),
                delivery_promise.c.decided_at,
            )
        ).label("void_at"),
    )
    .where(
        delivery_promise.c.shop_id == bindparam("shop"),
        delivery_promise.c.ordered_at >= bindparam("since"),
        delivery_promise.c.ordinary,
    )
    .subquery()
)
_ORDERS = select(*_WAITED.c, func.count().label("number")).group_by(*_WAITED.c)

_SENT = (
    delivery_parcel.c.shop_id == bindparam("shop"),
    delivery_parcel.c.handed_over_at >= bindparam("since"),
    delivery_parcel.c.country.is_not(None),
    or_(delivery_parcel.c.ended.is_(None), delivery_parcel.c.ended != CANCELLED),
)
_late_seen = case((delivery_parcel.c.seen_at != delivery_parcel.c.handed_over_at, delivery_parcel.c.seen_at))
_gone = case((delivery_parcel.c.ended.in_((LOST, FAILED)), delivery_parcel.c.known_at))
_there = case((delivery_parcel.c.ended == DELIVERED, 1), else_=0)
_at_once = case((delivery_parcel.c.first_scan_at == delivery_parcel.c.delivered_at, 1), else_=0)
_WHOLE = (
    select(
        func.max(delivery_parcel.c.country).label("country"),
        func.max(delivery_parcel.c.province).label("province"),
        func.max(delivery_parcel.c.carrier).label("carrier"),
        func.max(delivery_parcel.c.handed_over_on).label("handed_over_on"),
        case((func.sum(_there) == func.count(), func.max(delivery_parcel.c.delivered_on))).label(
            "delivered_on"
        ),
        func.max(_gone).label("gone_at"),
        func.max(_late_seen).label("seen_at"),
        func.min(case((delivery_parcel.c.tracked, 1), else_=0)).label("scanned"),
        func.min(_at_once).label("at_once"),
    )
    .where(*_SENT)
    .group_by(delivery_parcel.c.order_ref)
    .having(func.count(delivery_parcel.c.seen_at) == func.count())
    .subquery()
)
_PARCELS = select(*_WHOLE.c, func.count().label("number")).group_by(*_WHOLE.c)
"""An order has arrived with the last of its parcels, and is on its way since the last one left."""

_TRACKED = select(delivery_parcel.c.tracked, func.count()).where(*_SENT).group_by(delivery_parcel.c.tracked)
_REPORTS = (
    select(delivery_parcel.c.delivered_at, delivery_parcel.c.known_at)
    .where(*_SENT, delivery_parcel.c.ended == DELIVERED)
    .order_by(delivery_parcel.c.handed_over_at.desc())
    .limit(_SAMPLE)
)
_BEFORE = select(delivery_estimate).where(delivery_estimate.c.shop_id == bindparam("shop"))
_MATURED = (
    select(
        delivery_promise.c.estimate_on,
        delivery_promise.c.level,
        delivery_promise.c.chance,
        delivery_promise.c.outcome,
    )
    .where(
        delivery_promise.c.shop_id == bindparam("shop"),
        delivery_promise.c.latest > bindparam("after"),
        delivery_promise.c.latest <= bindparam("until"),
        delivery_promise.c.chance.is_not(None),
        or_(delivery_promise.c.outcome.in_((KEPT, MISSED)), delivery_promise.c.outcome.is_(None)),
    )
    .order_by(delivery_promise.c.latest, delivery_promise.c.order_ref)
)


def teach(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Renew the estimate of one shop after another; returns how many, and 0 at once where it is asked for one."""
    if shop_id is not None:
        renew(conn, shop_id, now)
        return 0
    after = clock.reached(conn, LEARN)
    turn = next((shop for shop in shops.installed_shops(conn) if shop.id > after), None)
    if turn is not None:
        renew(conn, turn.id, now)
    clock.reach(conn, LEARN, now, turn.id if turn else 0)
    return int(turn is not None)


def renew(conn: Connection, shop_id: int, now: datetime) -> None:
    """Learn from all that is known of a shop now; before its first order there is nothing to store."""
    versions = settings.versions(conn, [shop_id], (DeliverySettings, ShopSettings))
    rules = versions.current(shop_id, DeliverySettings).value
    zone = versions.current(shop_id, ShopSettings).value.zone
    before = conn.execute(_BEFORE, {"shop": shop_id}).one_or_none()
    known = _known(conn, shop_id, zone, now)
    if not known.orders and not known.parcels and before is None:
        return
    learned = learn(rules, zone, known)
    today = now.astimezone(zone).date()
    until = min(learned.data_until, today - REPORTED - 2 * ONE)
    corrections: dict[str, float] = json.loads(before.corrections) if before else {}
    points, fed_until = (before.points, before.fed_until) if before else (0.0, None)
    if fed_until is None or until > fed_until:
        lasting = heard(known.parcels, learned.data_until - WINDOW).lasting(learned.data_until)
        span = (fed_until or date.min, until)
        points = _fed(conn, shop_id, points, span, corrections, lasting)
        fed_until = until
    oldest = (today - _REMEMBERED).isoformat()
    corrections = {day: value for day, value in corrections.items() if day >= oldest}
    corrections[now.date().isoformat()] = points
    store(conn, shop_id, replace(learned, points=points), fed_until, corrections)


def _known(conn: Connection, shop_id: int, zone: ZoneInfo, now: datetime) -> Known:
    since = now - WINDOW - _MARGIN
    given = {"shop": shop_id, "since": since}
    orders = [
        Taken(
            Start(row.weekday, late=row.after_cutoff),
            row.taken_on,
            row.handed_over_on,
            _day(row.void_at, zone),
            row.number,
        )
        for row in conn.execute(_ORDERS, given)
    ]
    parcels = [
        Parcel(
            Way(row.country, row.province, row.carrier or ""),
            row.handed_over_on,
            row.delivered_on,
            _day(row.gone_at, zone),
            _day(row.seen_at, zone),
            row.number,
            scanned=bool(row.scanned),
            at_once=bool(row.at_once),
        )
        for row in conn.execute(_PARCELS, given)
    ]
    tracked: dict[bool, int] = {bool(row[0]): row[1] for row in conn.execute(_TRACKED, given)}
    sent = sum(tracked.values())
    untracked = tracked.get(False, 0) / sent if sent else 0.0
    return Known(now, orders, parcels, Counter(_lags(conn, given)), untracked)


def _lags(conn: Connection, given: dict[str, object]) -> Iterator[int]:
    """A history that was told at once says nothing of how long a report takes."""
    for row in conn.execute(_REPORTS, given):
        late = row.known_at - row.delivered_at
        if late < SILENCE:
            yield max(0, -(-late // ONE))


def _fed(
    conn: Connection,
    shop_id: int,
    points: float,
    span: tuple[date, date],
    corrections: Mapping[str, float],
    lasting: float | None,
) -> float:
    """Return the points after the promises whose latest day is within the span, each of which comes once.

    Where carriers report arrivals alone, ``lasting`` is the share of parcels that they report at all: what is silent
    beyond that share is taken for late.
    """
    after, until = span
    rows = list(conn.execute(_MATURED, {"shop": shop_id, "after": after, "until": until}))
    silent = sum(row.outcome is None for row in rows)
    late = 0.0 if lasting is None else lasting * len(rows) - (len(rows) - silent)
    for row in rows:
        weight = 1.0 if row.outcome else max(0.0, min(1.0, late / silent))
        level = row.level / 100
        then = corrections.get(row.estimate_on.isoformat(), points) if row.estimate_on else points
        chance = unstated(row.chance, ratio(level, then))
        points = fed(points, level, [Matured(chance, row.outcome == KEPT, weight)])
    return points


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    return None if at is None else at.astimezone(zone).date()


JOB = Job(LEARN, timedelta(days=1), teach)
