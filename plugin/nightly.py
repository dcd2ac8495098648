"""What the night finds out about every shop and keeps for the morning: whether its books add up, what webhooks missed.

Each shop's books are recomputed once a night on one unchanging state of the database, outside of any transaction that
writes. What is due follows from what is kept, so that a night that was broken off goes on with the next hour.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, bindparam, select

from plugin import settings, shops, verify
from plugin.clock import Job
from plugin.core import liability
from plugin.core.liability import Liability, Month
from plugin.database import Big, Database, Id, Upsert, Utc, metadata
from plugin.settings import ShopSettings
from plugin.shops import Shop
from plugin.verify import Report
from widgets import Breach

BY_NIGHT = time(3)
"""On the shop's clock."""

STALE = timedelta(hours=36)
"""What is older was not found out last night."""

MOST_DETAILS = 20

verification = Table(
    "verification",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("checked_at", Utc, nullable=False),
    Column("accounts", Big, nullable=False),
    Column("entries", Big, nullable=False),
    Column("differences", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("liability", Text),
)
"""The newest check of a shop's books; ``differences``: how many by invariant, ``details``: some of them,
``liability``: the open points by month."""

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("done_at", Utc, nullable=False),
    Column("fetched", Big, nullable=False),
    Column("missed", Big, nullable=False),
)
"""The newest complete comparison with Shopify's orders; ``missed``: how many of them no webhook had told of."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; no differences means that every invariant holds."""

    at: datetime
    accounts: int
    entries: int
    differences: Mapping[str, int]
    details: tuple[Breach, ...]
    liability: Liability | None

    @property
    def ok(self) -> bool:
        """Tell whether everything added up."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison with Shopify's orders found."""

    at: datetime
    fetched: int
    missed: int


def _newest(table: Table) -> Upsert:
    def build(make: Callable[..., Any]) -> Any:
        statement = make(table)
        changed = {
            column.name: statement.excluded[column.name] for column in table.c if not column.primary_key
        }
        return statement.on_conflict_do_update(index_elements=["shop_id"], set_=changed)

    return Upsert(build)


_KEEP_CHECK, _KEEP_COMPARISON = _newest(verification), _newest(reconciliation)
_CHECK = select(verification).where(verification.c.shop_id == bindparam("shop"))
_COMPARISON = select(reconciliation).where(reconciliation.c.shop_id == bindparam("shop"))
_TIMES = select(verification.c.shop_id, verification.c.checked_at)


def keep_check(conn: Connection, shop_id: int, report: Report, owed: Liability, now: datetime) -> None:
    """Keep what a check of the shop found at ``now`` and what was open then, in the place of the one before."""
    counts = Counter(breach.invariant for breach in report.breaches)
    details = [
        [breach.invariant, breach.account, breach.detail[:300]] for breach in report.breaches[:MOST_DETAILS]
    ]
    row = {
        "shop_id": shop_id,
        "checked_at": now,
        "accounts": report.accounts,
        "entries": report.entries,
        "differences": json.dumps(counts),
        "details": json.dumps(details),
        "liability": _encode(owed),
    }
    conn.execute(_KEEP_CHECK.on(conn), row)


def last_check(conn: Connection, shop_id: int) -> Checked | None:
    """Return what the newest check of the shop found; None before the first."""
    row = conn.execute(_CHECK, {"shop": shop_id}).one_or_none()
    if row is None:
        return None
    details = tuple(Breach(*found) for found in json.loads(row.details))
    differences, owed = json.loads(row.differences), _decode(row.liability)
    return Checked(row.checked_at, row.accounts, row.entries, differences, details, owed)


def keep_comparison(conn: Connection, shop_id: int, fetched: int, missed: int, now: datetime) -> None:
    """Keep what a complete comparison with Shopify's orders found."""
    row = {"shop_id": shop_id, "done_at": now, "fetched": fetched, "missed": missed}
    conn.execute(_KEEP_COMPARISON.on(conn), row)


def last_comparison(conn: Connection, shop_id: int) -> Compared | None:
    """Return what the newest comparison found; None before the first."""
    row = conn.execute(_COMPARISON, {"shop": shop_id}).one_or_none()
    return None if row is None else Compared(row.done_at, row.fetched, row.missed)


async def check(db: Database, shop: Shop, now: datetime) -> Report:
    """Recompute the shop's books, keep what was found and what is open, and return the former."""

    def read(conn: Connection) -> tuple[Report, Liability]:
        report = verify.verify(conn, shop.handle, shop.id, now)
        zone = settings.current(conn, shop.id, ShopSettings).zone
        return report, liability.liability(conn, shop.id, zone, now)

    report, owed = await db.snapshot(read)
    await db.write(lambda conn: keep_check(conn, shop.id, report, owed, now))
    return report


async def check_due(db: Database, shop_id: int | None, now: datetime) -> int:
    """Check one after the other the shops whose night it is; returns how many."""
    waiting = await db.read(partial(due, shop_id=shop_id, now=now))
    for shop in waiting:
        await check(db, shop, now)
    return len(waiting)


def due(conn: Connection, shop_id: int | None, now: datetime) -> Sequence[Shop]:
    """Return the installed shops whose books were not checked since the last night began, on their own clocks."""
    found = [one for one in shops.installed_shops(conn) if shop_id in {None, one.id}]
    versions = settings.versions(conn, [one.id for one in found], [ShopSettings])
    checked = {row.shop_id: row.checked_at for row in conn.execute(_TIMES)}
    return [
        one
        for one in found
        if versions.stored(one.id, ShopSettings)
        and (
            one.id not in checked
            or checked[one.id] < last_night(now, versions.current(one.id, ShopSettings).value.zone)
        )
    ]


def last_night(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the last night's work was due, on this clock."""
    local = now.astimezone(zone)
    day = local.date() if local.time() >= BY_NIGHT else local.date() - timedelta(days=1)
    return datetime.combine(day, BY_NIGHT, zone).astimezone(UTC)


def _encode(owed: Liability) -> str:
    months = [[one.month and one.month.isoformat(), one.available, one.pending] for one in owed.months]
    return json.dumps({"months": months, "debt": owed.debt})


def _decode(text: str | None) -> Liability | None:
    if text is None:
        return None
    found = json.loads(text)
    months = (
        Month(month and date.fromisoformat(month), available, pending)
        for month, available, pending in found["months"]
    )
    return Liability(tuple(months), found["debt"])


def _nothing(conn: Connection, shop_id: int | None, now: datetime) -> int:
    return 0


JOBS = (Job("books.verify", timedelta(hours=1), _nothing, after=check_due),)
