"""The monthly cap: a hard limit on the face value that is issued in a calendar month of the shop (semantics C 22).

A shop with a cap has one row for the month that runs. Whoever issues locks it first, so that any number of workers
follow one another and cannot pass the cap together; a shop without one has no row and pays nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, func, select, update

from plugin.core.money import exponent
from plugin.core.order_book import order
from plugin.database import Upsert, among, lock_rows
from widgets.coupon.campaigns import Campaign
from widgets.coupon.tables import coupon_budget

SPAN = timedelta(days=90)
"""The mean value of an order is taken over so long."""

MANY = 1000
"""The mean of so many orders is taken once a day; of fewer, whenever something is issued."""

_ADD = Upsert(lambda insert: insert(coupon_budget).on_conflict_do_nothing())
_READ = select(coupon_budget).where(among(coupon_budget.c.shop_id, "shops")).order_by(coupon_budget.c.shop_id)
_READ_LOCKED = _READ.with_for_update()
_MEAN = select(func.count(), func.coalesce(func.sum(order.c.net), 0)).where(
    order.c.shop_id == bindparam("shop"),
    order.c.processed_at >= bindparam("since"),
    order.c.first_at < bindparam("now"),
    order.c.net > 0,
)
_KEPT = ("month", "issued", "erased", "full_at", "mean_on", "mean_sum", "mean_count")
_WRITE = (
    update(coupon_budget)
    .where(coupon_budget.c.shop_id == bindparam("shop"))
    .values({name: bindparam(f"new_{name}", type_=coupon_budget.c[name].type) for name in _KEPT})
)


@dataclass(frozen=True, slots=True)
class Cap:
    """The limit of a shop in minor units, and the clock by which its months begin; 0: none any more.

    ``since``: before that instant the shop had another currency, whose orders are no measure.
    """

    amount: int
    zone: ZoneInfo
    since: datetime | None = None


@dataclass(slots=True)
class Budget:
    """A shop's month, locked; ``issued`` in minor units."""

    shop_id: int
    amount: int
    month: str
    issued: int
    full_at: datetime | None
    mean_on: date | None
    mean_sum: int
    mean_count: int
    erased: int = 0
    kept: dict[str, object] = field(default_factory=dict)

    def allows(self, face: int, now: datetime) -> bool:
        """Tell whether one more of that face value stays within the cap, and take it from the month; else it is full."""
        if self.issued + face > self.amount:
            self.full_at = self.full_at or now
            return False
        self.issued += face
        return True

    def recount(self, month: str | None, face: int) -> None:
        """Add what counts again, or (negative) no longer; other months than the one that runs are over."""
        if month == self.month:
            self.issued += face

    def face(self, campaign: Campaign) -> int:
        """Return what a coupon counts for: its amount, or its share of a mean order, in minor units."""
        return face(campaign, self.mean_sum, self.mean_count)

    def current(self) -> dict[str, object]:
        """Return what its row is to hold."""
        return {name: getattr(self, name) for name in _KEPT}


def face(campaign: Campaign, total: int, count: int) -> int:
    """Return a coupon's amount, or its share of the mean of ``count`` orders that come to ``total``, in minor units."""
    if campaign.kind == "amount":
        return campaign.value
    if not count:
        total, count = campaign.minimum or 50 * 10 ** exponent(campaign.currency), 1
    return (2 * campaign.value * total + 100 * count) // (200 * count)


def mean(conn: Connection, shop_id: int, since: datetime | None, now: datetime) -> tuple[int, int]:
    """Return the sum of the shop's orders of the last days, none from before ``since``, and their number."""
    begin = max(now - SPAN, since) if since else now - SPAN
    count, total = conn.execute(_MEAN, {"shop": shop_id, "since": begin, "now": now}).one()
    return int(total), int(count)


def month_of(now: datetime, zone: ZoneInfo) -> str:
    """Return the calendar month in a zone, such as 2026-11."""
    return f"{now.astimezone(zone):%Y-%m}"


def lock(
    conn: Connection, caps: Mapping[int, Cap], others: Collection[int], now: datetime
) -> dict[int, Budget]:
    """Return the months of the shops with a cap, begun where they are new, and of ``others`` that have one."""
    shops = sorted({*caps, *others})
    if not shops:
        return {}
    found = {row.shop_id: _budget(row, caps) for row in _rows(conn, shops)}
    if missing := [shop for shop in sorted(caps) if shop not in found]:
        rows = [{"shop_id": shop, "month": month_of(now, caps[shop].zone)} for shop in missing]
        _ADD.rows(conn, rows)
        found |= {row.shop_id: _budget(row, caps) for row in _rows(conn, missing)}
    for shop, cap in caps.items():
        _bring_up(conn, found[shop], cap, now)
    return found


def read(conn: Connection, shop_id: int, cap: Cap, now: datetime) -> Budget | None:
    """Return the month that runs, for display; None where nothing was issued in it."""
    row = conn.execute(_READ, {"shops": [shop_id]}).one_or_none()
    return None if row is None or row.month != month_of(now, cap.zone) else _budget(row, {shop_id: cap})


def write(conn: Connection, budgets: Iterable[Budget]) -> None:
    """Write the months that have changed since they were locked."""
    rows = [
        {"shop": one.shop_id} | {f"new_{name}": value for name, value in one.current().items()}
        for one in budgets
        if one.current() != one.kept
    ]
    if rows:
        conn.execute(_WRITE, rows)


def _rows(conn: Connection, shops: Collection[int]) -> list[Row[Any]]:
    statement = _READ_LOCKED if lock_rows(conn) else _READ
    return list(conn.execute(statement, {"shops": list(shops)}))


def _budget(row: Any, caps: Mapping[int, Cap]) -> Budget:
    amount = caps[row.shop_id].amount if row.shop_id in caps else 0
    made = Budget(
        row.shop_id,
        amount,
        row.month,
        row.issued,
        row.full_at,
        row.mean_on,
        row.mean_sum,
        row.mean_count,
        row.erased,
    )
    made.kept = made.current()
    return made


def _bring_up(conn: Connection, budget: Budget, cap: Cap, now: datetime) -> None:
    """Begin a new month with nothing issued, and take the mean anew where it is due."""
    month, today = month_of(now, cap.zone), now.astimezone(cap.zone).date()
    if month > budget.month:
        budget.month, budget.issued, budget.erased, budget.full_at = month, 0, 0, None
    if budget.mean_on != today or budget.mean_count < MANY:
        budget.mean_sum, budget.mean_count = mean(conn, budget.shop_id, cap.since, now)
        budget.mean_on = today
