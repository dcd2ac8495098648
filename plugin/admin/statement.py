"""A customer's points with their arithmetic: every entry, every order's target, every lot, and what they add up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from plugin.admin.redeemed import Bought, bought
from plugin.core import positions, standing
from plugin.core.accounts import account
from plugin.core.adjustments import OF_ENTRY, adjustment
from plugin.core.ledger import earning, ledger_entry
from plugin.core.lots import Position
from plugin.core.order_book import order
from plugin.core.standing import Standing

MOST = 200
"""Entries and orders shown at once, the newest first."""

_MEMBER = account.alias("of_customer")
_ROOT = select(_MEMBER.c.root_id).where(
    _MEMBER.c.shop_id == bindparam("shop"), _MEMBER.c.customer_id == bindparam("customer")
)
_ORDER = select(order.c.id, order.c.customer_id, order.c.order_id).where(
    order.c.shop_id == bindparam("shop"), order.c.order_id == bindparam("number")
)
_ENTRIES = (
    select(
        ledger_entry.c.kind,
        ledger_entry.c.points,
        ledger_entry.c.business_at,
        ledger_entry.c.recorded_at,
        ledger_entry.c.rule_version,
        order.c.order_id,
        adjustment.c.reason,
        adjustment.c.author,
        adjustment.c.told,
    )
    .join(account, account.c.id == ledger_entry.c.account_id)
    .outerjoin(order, order.c.id == ledger_entry.c.order_ref)
    .outerjoin(adjustment, OF_ENTRY)
    .where(account.c.root_id == bindparam("root"))
    .order_by(ledger_entry.c.business_at.desc(), ledger_entry.c.id.desc())
    .limit(MOST)
)
_SUM = (
    select(func.coalesce(func.sum(ledger_entry.c.points), 0), func.count())
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(account.c.root_id == bindparam("root"))
)
_TOTAL = select(func.coalesce(func.sum(account.c.total), 0)).where(account.c.root_id == bindparam("root"))
_EARNINGS = (
    select(
        order.c.order_id,
        order.c.processed_at,
        earning.c.kept,
        earning.c.points,
        earning.c.available_at,
        earning.c.expires_at,
        earning.c.rule_version,
        earning.c.breakdown,
    )
    .join(order, order.c.id == earning.c.order_ref)
    .order_by(order.c.processed_at.desc(), order.c.id.desc())
    .limit(MOST)
)
_OF_ROOT = _EARNINGS.join(account, account.c.id == earning.c.account_id).where(
    account.c.root_id == bindparam("root")
)
_OF_ORDER = _EARNINGS.where(earning.c.order_ref == bindparam("ref"), earning.c.shop_id == bindparam("shop"))


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry, with the sum of it and all before it by business time; made by hand, also why and by whom."""

    kind: str
    points: int
    at: datetime
    recorded_at: datetime
    order_id: int | None
    rule_version: str | None
    after: int
    reason: str | None = None
    author: int | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Earned:
    """What an order should have earned from ``kept`` minor units; ``breakdown`` is how, None for one of long ago."""

    order_id: int | None
    processed_at: datetime | None
    kept: int
    points: int
    available_at: datetime
    expires_at: datetime | None
    rule_version: str
    breakdown: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """All of it; without an account only what an order earned, or would have."""

    customer_id: int | None
    order_id: int | None
    standing: Standing | None
    position: Position | None
    entries: tuple[EntryLine, ...]
    earned: tuple[Earned, ...]
    count: int
    sum: int
    total: int
    bought: tuple[Bought, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Tell whether the entries make the total, and the figures what expiry has left of it."""
        if self.standing is None or self.position is None:
            return self.sum == self.total
        figures = self.standing.available + self.standing.pending - self.standing.debt
        held = self.position.available + self.position.pending - self.position.debt
        return self.sum == self.total and figures == held


def statement_of(conn: Connection, shop_id: int, number: int, now: datetime) -> Statement | None:
    """Return the statement of the customer with that id, or of the order's; None where this shop knows neither."""
    root = conn.execute(_ROOT, {"shop": shop_id, "customer": number}).scalar_one_or_none()
    if root is not None:
        return _statement(conn, shop_id, root, number, None, now)
    row = conn.execute(_ORDER, {"shop": shop_id, "number": number}).one_or_none()
    if row is None:
        return None
    if row.customer_id is not None:
        root = conn.execute(_ROOT, {"shop": shop_id, "customer": row.customer_id}).scalar_one_or_none()
        if root is not None:
            return _statement(conn, shop_id, root, row.customer_id, number, now)
    earned = _earned(conn.execute(_OF_ORDER, {"ref": row.id, "shop": shop_id}))
    return Statement(row.customer_id, number, None, None, (), earned, 0, 0, 0)


def _statement(
    conn: Connection, shop_id: int, root: int, customer_id: int, order_id: int | None, now: datetime
) -> Statement:
    total = int(conn.execute(_TOTAL, {"root": root}).scalar_one())
    points, count = conn.execute(_SUM, {"root": root}).one()
    return Statement(
        customer_id=customer_id,
        order_id=order_id,
        standing=standing.standing(conn, shop_id, customer_id, now),
        position=positions.holdings(conn, [root])[root].at(now),
        entries=_lines(conn.execute(_ENTRIES, {"root": root}), int(points)),
        earned=_earned(conn.execute(_OF_ROOT, {"root": root})),
        count=count,
        sum=int(points),
        total=total,
        bought=bought(conn, root),
    )


def _lines(rows: Iterable[Any], total: int) -> tuple[EntryLine, ...]:
    """The newest entry leaves the whole sum; each earlier one what it was before."""
    lines, after = [], total
    for row in rows:
        lines.append(
            EntryLine(
                row.kind,
                row.points,
                row.business_at,
                row.recorded_at,
                row.order_id,
                row.rule_version,
                after,
                row.reason,
                row.author,
                bool(row.told),
            )
        )
        after -= row.points
    return tuple(lines)


def _earned(rows: Iterable[Any]) -> tuple[Earned, ...]:
    return tuple(
        Earned(
            order_id=row.order_id,
            processed_at=row.processed_at,
            kept=row.kept,
            points=row.points,
            available_at=row.available_at,
            expires_at=row.expires_at,
            rule_version=row.rule_version,
            breakdown=row.breakdown,
        )
        for row in rows
    )
