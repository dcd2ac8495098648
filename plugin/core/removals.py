"""What was removed because its time was over or somebody asked for it: how many of each kind, by shop and run.

It counts and names nobody, so that a merchant can show that what is promised about storage is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    String,
    Table,
    bindparam,
    delete,
    select,
)

from plugin.database import Id, Upsert, Utc, metadata

SHOWN_FOR = timedelta(days=3 * 365)


class Removed(StrEnum):
    """What was removed."""

    WEBHOOKS = "webhooks"
    """Rows of handled webhooks, whose bodies went when they were handled."""
    BODIES = "bodies"
    """Bodies that could not be handled in their time."""
    TASKS = "tasks"
    """Work that was set aside and not taken up again in its time."""
    CHECKOUTS = "checkouts"
    AUTHORS = "authors"
    LOOKS = "looks"
    """Entries of the access log."""
    PEOPLE = "people"
    """Customers, or orders of guests, that were erased because it was asked for."""


removal = Table(
    "removal",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("ran_at", Utc, primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("number", BigInteger, nullable=False),
)


def _add(insert: Any) -> Any:
    statement = insert(removal)
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "ran_at", "kind"],
        set_={"number": removal.c.number + statement.excluded.number},
    )


_ADD = Upsert(_add)
_READ = (
    select(removal.c.ran_at, removal.c.kind, removal.c.number)
    .where(removal.c.shop_id == bindparam("shop"))
    .order_by(removal.c.ran_at.desc(), removal.c.kind)
    .limit(bindparam("most"))
)
_OLD = delete(removal).where(removal.c.ran_at < bindparam("before", type_=Utc))


@dataclass(frozen=True, slots=True)
class Run:
    """One run, with how many of each kind it removed."""

    at: datetime
    counts: Mapping[Removed, int]


def note(conn: Connection, kind: Removed, counts: Mapping[int, int], now: datetime) -> None:
    """Add to a run, which is named by its ``now``, how many of a kind it removed for each shop by its key."""
    rows = [
        {"shop_id": shop_id, "ran_at": now, "kind": kind.value, "number": count}
        for shop_id, count in sorted(counts.items())
        if count
    ]
    if rows:
        conn.execute(_ADD.on(conn), rows)


def runs(conn: Connection, shop_id: int, most: int) -> list[Run]:
    """Return the newest runs that removed something for the shop, at most ``most`` rows of them."""
    found: dict[datetime, dict[Removed, int]] = {}
    for row in conn.execute(_READ, {"shop": shop_id, "most": most}):
        found.setdefault(row.ran_at, {})[Removed(row.kind)] = row.number
    return [Run(at, counts) for at, counts in found.items()]


def tally(shop_ids: Iterable[int]) -> dict[int, int]:
    """Return how often each shop is named."""
    counted: dict[int, int] = {}
    for shop_id in shop_ids:
        counted[shop_id] = counted.get(shop_id, 0) + 1
    return counted


def forget_old(conn: Connection, now: datetime) -> int:
    """Drop runs that are older than anybody asks about; returns how many rows."""
    return conn.execute(_OLD, {"before": now - SHOWN_FOR}).rowcount
