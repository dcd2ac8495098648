"""What an order does to the promise book: it is promised a day once, and then its rows follow its facts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from plugin import settings
from plugin.core.order_book import OrderChange
from plugin.core.orders import OrderFacts
from plugin.database import Changes, Id, Upsert, among
from widgets.delivery import estimates
from widgets.delivery.calendar import NeverOpen
from widgets.delivery.journey import Fate, Leg, fate, legs
from widgets.delivery.learned import Learned
from widgets.delivery.planning import Plan, ordinary, plan
from widgets.delivery.tables import delivery_parcel, delivery_promise
from widgets.delivery.terms import MODELS, Start, Terms, asked, start, terms

FATE = tuple(field.name for field in fields(Fate))
"""What is derived of a promise."""

_LEG = tuple(field.name for field in fields(Leg))
_START = tuple(field.name for field in fields(Start))
DERIVED = ("shop_id", *_START, *_LEG)
"""What is derived of a parcel."""

_PROMISED = select(
    delivery_promise.c.order_ref, delivery_promise.c.latest, *(delivery_promise.c[n] for n in FATE)
)
_PROMISED = _PROMISED.where(among(delivery_promise.c.order_ref, "refs"))
_TRAVELLED = select(delivery_parcel).where(among(delivery_parcel.c.order_ref, "refs"))
_PROMISE = Upsert(lambda insert: insert(delivery_promise))
_FOLLOW = Changes(
    {"ref": Id, **{f"new_{name}": delivery_promise.c[name].type for name in FATE}},
    lambda new: (
        update(delivery_promise)
        .where(delivery_promise.c.order_ref == new["ref"])
        .values({name: new[f"new_{name}"] for name in FATE})
    ),
)


def _travels(insert: Any) -> Any:
    statement = insert(delivery_parcel)
    return statement.on_conflict_do_update(
        index_elements=["order_ref", "number"],
        set_={name: statement.excluded[name] for name in DERIVED if name != "number"},
    )


_TRAVEL = Upsert(_travels)
_TAKE_OUT = delete(delivery_parcel).where(among(delivery_parcel.c.id, "ids"))


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Promise a day to each order seen first, and bring the promises and parcels of all to what their facts say now.

    An order that was undone before it was ever seen is promised its day all the same, so that the book does not
    depend on what came first.
    """
    seen = [change for change in changes if change.state.snapshot is not None]
    if not seen:
        return
    versions = settings.versions(conn, {change.shop_id for change in seen}, MODELS)
    latest = {
        row.order_ref: row
        for row in _rows(conn, _PROMISED, [change.ref for change in seen if not change.first])
    }
    before = _parcels(conn, [change.ref for change in seen if change.state.parcels])
    taught = estimates.of_shops(conn, {change.shop_id for change in seen if change.first})
    new, moved, travelled, gone = [], [], [], []
    for change in seen:
        told = change.state.facts
        if not (change.first or change.ref in latest or change.state.parcels):
            continue
        under = terms(versions, change.shop_id, told.processed_at)
        ways = legs(change.state, under.zone, under.since, now)
        mine = before.get(change.ref, {})
        rows = _travelling(change, ways, under)
        travelled += [row for row in rows if _differs(row, mine.get(row["number"]))]
        gone += [row.id for number, row in mine.items() if number not in {one["number"] for one in rows}]
        known = latest.get(change.ref)
        if known is not None:
            what = fate(change.state, ways, known.latest, under.zone, now)
            if any(getattr(what, name) != getattr(known, name) for name in FATE):
                moved.append({"ref": change.ref, **{f"new_{name}": getattr(what, name) for name in FATE}})
        elif change.first and (found := promised(told, under, taught.get(change.shop_id))) is not None:
            what = fate(change.state, ways, found.promise.latest, under.zone, now)
            new.append(_promise(change, found, under, now) | _row(what, FATE))
    _write(conn, new, moved, travelled, gone)


def promised(facts: OrderFacts, under: Terms, learned: Learned | None) -> Plan | None:
    """Return what the order is promised; None where it does not count, nothing is sent, or no day can be named."""
    if not under.settings.enabled or min(facts.created_at, facts.processed_at) < under.since:
        return None
    if facts.test and not under.count_test_orders:
        return None
    if not any(line.ships and line.quantity for line in facts.lines):
        return None
    try:
        return plan(under.settings, under.zone, asked(facts), learned)
    except NeverOpen:
        return None


def _promise(change: OrderChange, found: Plan, under: Terms, now: datetime) -> dict[str, Any]:
    facts, said = change.state.facts, found.promise
    return {
        "order_ref": change.ref,
        "shop_id": change.shop_id,
        "made_at": now,
        "ordered_at": facts.processed_at,
        "rule_version": under.rule.number,
        "estimate_on": found.estimated_at.date() if found.estimated_at else None,
        **_row(start(facts, under), _START),
        "taken_on": said.taken,
        "inputs": json.dumps(_inputs(facts, found, under), separators=(",", ":")),
        "ordinary": ordinary(under.settings, under.zone, asked(facts)),
        "hand_over_by": said.handed_over[1],
        "earliest": said.earliest,
        "latest": said.latest,
        "level": under.settings.level,
        "chance": found.chance,
    }


def _inputs(facts: OrderFacts, found: Plan, under: Terms) -> dict[str, Any]:
    """What the days were reckoned from, for "why this date?"."""
    said, lane = found.promise, found.lane
    return {
        "zone": under.zone.key,
        "carrier": lane.carrier,
        "lane": [lane.min, lane.max, lane.days],
        "handed_over": [day.isoformat() for day in said.handed_over],
        "order_by": said.order_by.isoformat(),
        "products": list(asked(facts).products),
        "events": found.events,
        "reasons": [
            [reason.kind, reason.day.isoformat() if reason.day else None, reason.count]
            for reason in said.reasons
        ],
    }


def _travelling(change: OrderChange, ways: Iterable[Leg], under: Terms) -> list[dict[str, Any]]:
    if not ways:
        return []
    own = {
        "order_ref": change.ref,
        "shop_id": change.shop_id,
        **_row(start(change.state.facts, under), _START),
    }
    return [own | _row(way, _LEG) for way in ways]


def _row(value: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _differs(row: Mapping[str, Any], known: Any) -> bool:
    return known is None or any(row[name] != getattr(known, name) for name in DERIVED)


def _rows(conn: Connection, statement: Any, refs: list[int]) -> list[Any]:
    return list(conn.execute(statement, {"refs": refs})) if refs else []


def _parcels(conn: Connection, refs: list[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    for row in _rows(conn, _TRAVELLED, refs):
        found.setdefault(row.order_ref, {})[row.number] = row
    return found


def _write(
    conn: Connection,
    new: list[dict[str, Any]],
    moved: list[dict[str, Any]],
    travelled: list[dict[str, Any]],
    gone: list[int],
) -> None:
    if new:
        _PROMISE.rows(conn, new)
    if moved:
        _FOLLOW.rows(conn, moved)
    if gone:
        conn.execute(_TAKE_OUT, {"ids": gone})
    if travelled:
        _TRAVEL.rows(conn, travelled)
