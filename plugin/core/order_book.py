"""The orders of all shops as they are known now: one row each, into which everything told is merged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    Text,
    select,
    text,
    update,
)

from plugin.core import order_codec
from plugin.core.fates import fate
from plugin.core.orders import Arrival, OrderState, ambiguous, incomplete, merge, net
from plugin.database import Big, Changes, Id, Upsert, Utc, among, lock_rows, metadata
from plugin.errors import Park

PROOF = timedelta(days=60)
"""How long the hash of an order's checkout token is kept after the order was first merged."""

FATELESS = text("fate IS NULL AND first_at IS NOT NULL AND state IS NOT NULL")
"""Orders that an earlier release merged."""

order = Table(
    "order",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("order_id", Big),
    Column("customer_id", Big),
    Column("processed_at", Utc),
    Column("first_at", Utc),
    Column("net", Big, nullable=False, server_default="0"),
    Column("fate", String(9)),
    Column("sealed", Boolean, nullable=False, server_default="0"),
    Column("state", Text),
    Index("uq_order_order_id_shop_id", "order_id", "shop_id", unique=True),
    Index("ix_order_shop_id_customer_id", "shop_id", "customer_id"),
    Index("ix_order_shop_id_processed_at_fate", "shop_id", "processed_at", "fate"),
    Index("ix_order_fateless", "id", sqlite_where=FATELESS, postgresql_where=FATELESS),
)
"""``first_at``: when the first snapshot was merged; ``fate``: what became of it, where a plan counts it; ``sealed``: erased, never changed again."""

refund = Table(
    "refund",
    metadata,
    Column("refund_id", Big, primary_key=True, autoincrement=False),
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("order_ref", Id, ForeignKey("order.id"), nullable=False, index=True),
)
"""Whose a refund is, so that a body that names another shop's refund is recognised."""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order after something new was told: what widgets see of it."""

    ref: int
    shop_id: int
    order_id: int
    state: OrderState
    first: bool
    first_at: datetime | None
    refetch: bool = False


_COLUMNS = (order.c.id, order.c.shop_id, order.c.order_id, order.c.first_at, order.c.state)
_FIND = select(*_COLUMNS).where(among(order.c.order_id, "ids")).order_by(order.c.order_id)
_KNOWN = select(order.c.order_id).where(among(order.c.order_id, "ids"))
_FIND_LOCKED = _FIND.with_for_update()
_BY_REF = select(*_COLUMNS).where(among(order.c.id, "refs"), ~order.c.sealed)
_BY_REF = _BY_REF.order_by(order.c.order_id)
_ADD = Upsert(
    lambda insert: (
        insert(order)
        .on_conflict_do_nothing(index_elements=["order_id", "shop_id"])
        .returning(order.c.id, order.c.order_id, order.c.shop_id)
    )
)
_MERGED = ("customer_id", "processed_at", "first_at", "net", "fate", "state")
_CHANGE = Changes(
    {"ref": Id, **{f"new_{name}": order.c[name].type for name in _MERGED}},
    lambda new: (
        update(order).where(order.c.id == new["ref"]).values({name: new[f"new_{name}"] for name in _MERGED})
    ),
)
_ADD_REFUND = Upsert(lambda insert: insert(refund).on_conflict_do_nothing())
_FOREIGN_REFUND = select(refund.c.refund_id, refund.c.shop_id).where(among(refund.c.refund_id, "ids"))


def absorb(conn: Connection, arrivals: Sequence[Arrival], now: datetime) -> list[OrderChange]:
    """Merge what arrived into the orders' rows and return each order touched, once.

    Raises Park when an order or refund is known as another shop's.
    """
    by_order: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        group = by_order.setdefault(arrival.order_id, [])
        if group and group[0].shop_id != arrival.shop_id:
            raise Park("This order is known as another shop's.")
        group.append(arrival)
    _refuse_foreign_refunds(conn, arrivals)
    # New ones first, then the lock on all others, each in the order of their ids: two batches never wait for each other.
    known = set(conn.execute(_KNOWN, {"ids": sorted(by_order)}).scalars())
    changes = _insert(conn, {id: group for id, group in by_order.items() if id not in known}, now)
    if rest := _without(by_order, changes):
        changes += _update(conn, _find(conn, rest), rest, now)
    _remember_refunds(conn, changes)
    return sorted(changes, key=lambda change: change.order_id)


def load(conn: Connection, refs: Iterable[int]) -> list[OrderChange]:
    """Return the orders as they are, locked, for deriving their targets again; erased ones are left out."""
    wanted = list(refs)
    if not wanted:
        return []
    statement = _BY_REF.with_for_update() if lock_rows(conn) else _BY_REF
    return [
        OrderChange(row.id, row.shop_id, row.order_id, order_codec.decode(row.state), False, row.first_at)
        for row in conn.execute(statement, {"refs": wanted})
    ]


def told(conn: Connection, shop_id: int, order_ids: Iterable[int]) -> dict[int, OrderState]:
    """Return what was told so far of these orders of the shop, by Shopify's ids; unknown ones are left out."""
    rows = conn.execute(_FIND, {"ids": sorted(order_ids)})
    return {row.order_id: order_codec.decode(row.state) for row in rows if row.shop_id == shop_id}


def _without(groups: dict[int, list[Arrival]], changes: Sequence[OrderChange]) -> dict[int, list[Arrival]]:
    done = {change.order_id for change in changes}
    return {id: group for id, group in groups.items() if id not in done}


def _find(conn: Connection, wanted: Iterable[int]) -> list[Row[Any]]:
    statement = _FIND_LOCKED if lock_rows(conn) else _FIND
    return list(conn.execute(statement, {"ids": sorted(wanted)}))


def _update(
    conn: Connection, rows: list[Row[Any]], by_order: dict[int, list[Arrival]], now: datetime
) -> list[OrderChange]:
    changes, values = [], []
    for row in rows:
        group = by_order[row.order_id]
        if row.shop_id != group[0].shop_id:
            raise Park("This order is known as another shop's.")
        before = order_codec.decode(row.state)
        state, refetch = _merge_all(before, group)
        first_at = row.first_at or (now if state.snapshot else None)
        first = row.first_at is None and first_at is not None
        if state.token is not None and first_at is not None and now - first_at > PROOF:
            state = replace(state, token=None)
        changes.append(OrderChange(row.id, row.shop_id, row.order_id, state, first, first_at, refetch))
        if state != before:
            new = {f"new_{name}": value for name, value in _values(state, first_at).items()}
            values.append({"ref": row.id, **new})
    if values:
        _CHANGE.rows(conn, values)
    return changes


def _insert(conn: Connection, missing: dict[int, list[Arrival]], now: datetime) -> list[OrderChange]:
    if not missing:
        return []
    rows, made = [], {}
    for id in sorted(missing):
        shop_id = missing[id][0].shop_id
        state, refetch = _merge_all(OrderState(), missing[id])
        first_at = now if state.snapshot else None
        rows.append({"shop_id": shop_id, "order_id": id, **_values(state, first_at)})
        made[id] = (state, first_at, refetch)
    changes = []
    for row in _ADD.rows(conn, rows):
        state, first_at, refetch = made[row.order_id]
        changes.append(
            OrderChange(row.id, row.shop_id, row.order_id, state, first_at is not None, first_at, refetch)
        )
    return changes


def _merge_all(state: OrderState, group: list[Arrival]) -> tuple[OrderState, bool]:
    refetch = False
    for arrival in group:
        refetch = refetch or ambiguous(state, arrival)
        state = merge(state, arrival)
    fetched = any(arrival.snapshot and arrival.snapshot.fetched_at for arrival in group)
    return state, refetch or (incomplete(state) and not fetched)


def _values(state: OrderState, first_at: datetime | None) -> dict[str, object]:
    return {
        "customer_id": state.customer_id,
        "processed_at": state.facts.processed_at if state.snapshot else None,
        "first_at": first_at,
        "net": net(state) if state.snapshot else 0,
        "fate": fate(state).value if state.snapshot else None,
        "state": order_codec.encode(state),
    }


def _refuse_foreign_refunds(conn: Connection, arrivals: Sequence[Arrival]) -> None:
    owners: dict[int, int] = {}
    for arrival in arrivals:
        inside = arrival.snapshot.facts.refunds if arrival.snapshot else ()
        owners |= {found.id: arrival.shop_id for found in (*arrival.refunds, *inside)}
    if not owners:
        return
    for row in conn.execute(_FOREIGN_REFUND, {"ids": list(owners)}):
        if row.shop_id != owners[row.refund_id]:
            raise Park("This refund is known as another shop's.")


def _remember_refunds(conn: Connection, changes: Sequence[OrderChange]) -> None:
    rows = [
        {"refund_id": found.id, "shop_id": change.shop_id, "order_ref": change.ref}
        for change in changes
        for found in change.state.refunds
    ]
    if rows:
        _ADD_REFUND.rows(conn, rows)
