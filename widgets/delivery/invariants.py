"""What must hold of the promise book: its rows say what the orders' facts say; read in portions."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from plugin import settings
from plugin.core import order_codec
from plugin.core.order_book import order
from plugin.database import among
from plugin.language import sentence
from plugin.settings import Versions
from widgets.base import Breach, Invariant
from widgets.delivery.effects import FATE
from widgets.delivery.journey import SILENCE, Leg, fate, legs
from widgets.delivery.tables import delivery_change, delivery_parcel, delivery_promise
from widgets.delivery.terms import MODELS, terms

PORTION = 500

_FACTS = tuple(field.name for field in fields(Leg) if field.name != "seen_at")
"""Since when a parcel is watched follows ``active_from``, whose change has the orders derived again a while later."""

_BOOKED = select(
    order.c.id, order.c.shop_id, order.c.state, delivery_promise.c.order_ref, delivery_promise.c.latest
).add_columns(*(delivery_promise.c[name] for name in FATE))
_TRAVELS = exists().where(delivery_parcel.c.order_ref == order.c.id).correlate(order)
_BOOKED = _BOOKED.outerjoin(delivery_promise, delivery_promise.c.order_ref == order.c.id).where(
    ~order.c.sealed, order.c.first_at.is_not(None), delivery_promise.c.order_ref.is_not(None) | _TRAVELS
)
_PARCELS = select(delivery_parcel).where(among(delivery_parcel.c.order_ref, "refs"))
_STRANGE = {
    table.name: select(table.c.order_ref)
    .join(order, order.c.id == table.c.order_ref)
    .where((order.c.shop_id != table.c.shop_id) | order.c.sealed)
    for table in (delivery_promise, delivery_parcel, delivery_change)
}


def follows(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Each promise's outcome and each parcel's row are what the facts say; what only the clock decides may wait."""
    statement = _BOOKED if shop_id is None else _BOOKED.where(order.c.shop_id == shop_id)
    portion, after = statement.order_by(order.c.id).limit(PORTION), 0
    while rows := conn.execute(portion.where(order.c.id > after)).all():
        after = rows[-1].id
        versions = settings.versions(conn, {row.shop_id for row in rows}, MODELS)
        held: dict[int, list[Row[Any]]] = {}
        for parcel in conn.execute(_PARCELS, {"refs": [row.id for row in rows]}):
            held.setdefault(parcel.order_ref, []).append(parcel)
        for row in rows:
            yield from _judge(row, held.get(row.id, []), versions, now)


def at_home(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Whatever is booked is of its order's shop, and nothing is booked of an erased order."""
    for name, statement in _STRANGE.items():
        own = statement if shop_id is None else statement.where(order.c.shop_id == shop_id)
        for row in conn.execute(own):
            yield Breach("delivery shop", None, f"{name} of order {row.order_ref} is not its shop's to have.")


def _judge(row: Row[Any], parcels: Sequence[Row[Any]], versions: Versions, now: datetime) -> Iterator[Breach]:
    state = order_codec.decode(row.state)
    under = terms(versions, row.shop_id, state.facts.processed_at)
    ways = legs(state, under.zone, under.since, now)
    if any(one.ended is None and one.last_scan_at and one.last_scan_at <= now - SILENCE for one in parcels):
        return
    stored = sorted(tuple(getattr(one, name) for name in _FACTS) for one in parcels)
    if stored != sorted(tuple(getattr(way, name) for name in _FACTS) for way in ways):
        yield Breach("delivery parcel", None, f"The parcels of order {row.id} are not what was told of them.")
    if row.order_ref is None or (row.review_at is not None and row.review_at <= now):
        return
    due = fate(state, ways, row.latest, under.zone, now)
    if astuple(due) != tuple(getattr(row, name) for name in FATE):
        yield Breach(
            "delivery promise", None, f"The promise of order {row.id} is {row.outcome}, not {due.outcome}."
        )


INVARIANTS = (
    Invariant(
        "delivery book",
        follows,
        {
            "delivery parcel": sentence("A parcel is not shown as it was told."),
            "delivery promise": sentence("What became of a delivery promise does not follow its parcels."),
        },
    ),
    Invariant(
        "delivery shop",
        at_home,
        {"delivery shop": sentence("A delivery promise is in another shop than its order.")},
    ),
)
"""Read in portions, so that any number fits into memory."""
