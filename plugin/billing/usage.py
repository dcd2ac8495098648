"""How many orders a plan counts: kept ones, by the month of the shop's clock in which they were placed.

An order counts once, in its own month, and from the moment on at which the shop was active at first; one that is
refunded in full later no longer counts there. No setting moves a count: what was active from then on stays so, and a
month begins by the clock that the shop had when it began.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, func, select, update

from plugin import settings
from plugin.clock import Job
from plugin.core import order_codec
from plugin.core.fates import Fate, fate
from plugin.core.order_book import FATELESS, order
from plugin.database import Changes, Id, Utc, lock_rows
from plugin.settings import ShopSettings, Versions

SHOWN = 12
"""Months of the plot."""

PORTION = 1000

EARLIEST = timedelta(hours=14)
"""A day begins so long before UTC's where it begins first."""

_COUNT = (
    select(order.c.fate, func.count().label("number"))
    .where(
        order.c.shop_id == bindparam("shop"),
        order.c.processed_at >= bindparam("since", type_=Utc),
        order.c.processed_at < bindparam("until", type_=Utc),
        order.c.fate.is_not(None),
    )
    .group_by(order.c.fate)
)
_FATELESS = select(order.c.id, order.c.state).where(FATELESS).order_by(order.c.id).limit(PORTION)
_FILL = Changes(
    {"ref": Id, "new_fate": order.c.fate.type},
    lambda new: update(order).where(order.c.id == new["ref"]).values(fate=new["new_fate"]),
)


@dataclass(frozen=True, slots=True)
class Month:
    """One month's orders by what became of them; ``first`` is its first day on the shop's clock."""

    first: date
    fates: Mapping[Fate, int]

    @property
    def kept(self) -> int:
        """Return what the plan counts."""
        return self.fates.get(Fate.KEPT, 0)

    @property
    def all(self) -> int:
        """Return every order, counted or left out."""
        return sum(self.fates.values())


def months(conn: Connection, shop_id: int, now: datetime, most: int = SHOWN) -> list[Month]:
    """Return the last months up to the one of ``now``, the oldest first, each from one range of an index."""
    own = settings.versions(conn, [shop_id], [ShopSettings])
    if not own.stored(shop_id, ShopSettings):
        return []
    active = own.every(shop_id, ShopSettings)[0].value.active_since
    today = now.astimezone(own.current(shop_id, ShopSettings).value.zone).date()
    found = []
    for first in _firsts(today, most):
        since, until = _begins(own, shop_id, first), _begins(own, shop_id, _next(first))
        values = {"shop": shop_id, "since": max(since, min(active, until)), "until": until}
        fates = {Fate(row.fate): row.number for row in conn.execute(_COUNT, values)}
        found.append(Month(first, MappingProxyType(fates)))
    return found


def _firsts(today: date, most: int) -> list[date]:
    firsts = [today.replace(day=1)]
    while len(firsts) < most:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return firsts[::-1]


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _begins(own: Versions, shop_id: int, first: date) -> datetime:
    """Return a month's midnight by the clock that the shop had before it began anywhere."""
    known = datetime.combine(first, time(), UTC) - EARLIEST
    zone = own.at(shop_id, ShopSettings, known).value.zone
    return datetime.combine(first, time(), zone).astimezone(UTC)


def _fill(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Say of orders that an earlier release merged what became of them; whatever merges them again says it too."""
    statement = _FATELESS.with_for_update(skip_locked=True) if lock_rows(conn) else _FATELESS
    rows = [
        {"ref": row.id, "new_fate": fate(order_codec.decode(row.state)).value}
        for row in conn.execute(statement)
    ]
    if rows:
        _FILL.rows(conn, rows)
    return len(rows)


JOBS = (Job("billing.fates", timedelta(minutes=10), _fill),)
