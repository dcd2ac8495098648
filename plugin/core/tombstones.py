"""What was erased stays erased: keyed hashes that recognise an erased order or customer and tell nobody who it was.

Whoever writes about orders or customers shares the shop with the others who do; whoever erases has it alone. So
nothing that passed this door can be stored after the erasure it knew nothing of.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import Column, Connection, ForeignKey, String, Table, or_, select, text

from plugin.core.orders import Arrival
from plugin.database import Id, Upsert, among, lock_rows, metadata

Pseudonym: TypeAlias = Callable[[int, str], str]
"""``(shop_id, text)`` to the text's keyed hash under the shop's own key."""


class Kind(StrEnum):
    """What a tombstone stands for."""

    ORDER = "order"
    CUSTOMER = "customer"


tombstone = Table(
    "tombstone",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),
    Column("hash", String(64), primary_key=True),
)
"""``hash``: HMAC of the erased id under the shop's key, which shop/redact destroys."""

_PURPOSE = 31
_SHARE = text(
    "SELECT pg_advisory_xact_lock_shared(:purpose, CAST(shop AS integer))"
    " FROM unnest(CAST(:shops AS bigint[])) AS shop"
)
_ALONE = text("SELECT pg_advisory_xact_lock(:purpose, CAST(:shop AS integer))")

_SHOPS = among(tombstone.c.shop_id, "shops")
_ANY = select(tombstone.c.shop_id).where(_SHOPS).limit(1)
_FIND = select(tombstone).where(
    _SHOPS,
    or_(*(tombstone.c.kind == kind.value for kind in Kind)),
    among(tombstone.c.hash, "hashes"),
)
_BURY = Upsert(lambda insert: insert(tombstone).on_conflict_do_nothing())


def name(kind: Kind, id: int) -> str:
    """Return the text that is hashed for an id."""
    return f"{kind}:{id}"


def share(conn: Connection, shop_ids: Iterable[int]) -> None:
    """Keep erasures of these shops waiting until the transaction ends; SQLite has one writer and needs nothing."""
    if lock_rows(conn):
        conn.execute(_SHARE, {"purpose": _PURPOSE, "shops": sorted(set(shop_ids))})


def alone(conn: Connection, shop_id: int) -> None:
    """Wait for everybody who shares the shop, and keep others waiting until the transaction ends."""
    if lock_rows(conn):
        conn.execute(_ALONE, {"purpose": _PURPOSE, "shop": shop_id})


def bury(conn: Connection, shop_id: int, kind: Kind, ids: Iterable[int], pseudonym: Pseudonym) -> None:
    """Write the tombstones of these ids; ones that are there stay."""
    rows = [
        {"shop_id": shop_id, "kind": kind.value, "hash": pseudonym(shop_id, name(kind, id))} for id in ids
    ]
    if rows:
        conn.execute(_BURY.on(conn), rows)


def erased(conn: Connection, shop_id: int, kind: Kind, ids: Iterable[int], pseudonym: Pseudonym) -> set[int]:
    """Return those of the ids that were erased."""
    hashes = {pseudonym(shop_id, name(kind, id)): id for id in ids}
    found = _found(conn, [shop_id], list(hashes))
    return {hashes[digest] for _, of, digest in found if of == kind}


def is_buried(conn: Connection, shop_id: int, kind: Kind, digest: str) -> bool:
    """Tell whether there is a tombstone of that hash."""
    return (shop_id, kind.value, digest) in _found(conn, [shop_id], [digest])


def admit(conn: Connection, arrivals: Sequence[Arrival], pseudonym: Pseudonym) -> Sequence[Arrival]:
    """Return what may be stored: nothing of an erased order, and an erased customer's new order as a guest's.

    One statement for a batch while nobody of its shops was erased.
    """
    shops = sorted({arrival.shop_id for arrival in arrivals})
    if not shops:
        return arrivals
    share(conn, shops)
    if conn.execute(_ANY, {"shops": shops}).first() is None:
        return arrivals
    hashed = [_hashes(arrival, pseudonym) for arrival in arrivals]
    found = _found(conn, shops, [digest for pair in hashed for digest in pair if digest is not None])
    admitted = []
    for arrival, (of_order, of_customer) in zip(arrivals, hashed, strict=True):
        if (arrival.shop_id, Kind.ORDER.value, of_order) in found:
            continue
        unknown = (arrival.shop_id, Kind.CUSTOMER.value, of_customer) in found
        admitted.append(_guest(arrival) if unknown else arrival)
    return admitted


def _hashes(arrival: Arrival, pseudonym: Pseudonym) -> tuple[str, str | None]:
    shop_id, snapshot = arrival.shop_id, arrival.snapshot
    customer = snapshot.facts.customer_id if snapshot else None
    return (
        pseudonym(shop_id, name(Kind.ORDER, arrival.order_id)),
        None if customer is None else pseudonym(shop_id, name(Kind.CUSTOMER, customer)),
    )


def _guest(arrival: Arrival) -> Arrival:
    if arrival.snapshot is None:
        return arrival
    facts = replace(arrival.snapshot.facts, customer_id=None)
    return replace(arrival, snapshot=replace(arrival.snapshot, facts=facts))


def _found(conn: Connection, shops: list[int], hashes: list[str]) -> set[tuple[int, str, str]]:
    if not hashes:
        return set()
    rows = conn.execute(_FIND, {"shops": shops, "hashes": hashes})
    return {(row.shop_id, row.kind, row.hash) for row in rows}
