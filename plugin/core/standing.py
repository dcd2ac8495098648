"""What a customer reads about their points: figures of this instant, never cached (semantics B 12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, select, union_all

from plugin.core import positions
from plugin.core.accounts import account
from plugin.core.adjustments import OF_ENTRY, adjustment
from plugin.core.bonuses import bonus
from plugin.core.ledger import ADJUSTMENT, IMPORT, earning, ledger_entry, of_kind
from plugin.core.lots import Remainder
from plugin.core.order_book import order
from plugin.core.redemptions import redemption

_MINE = (
    select(account.c.root_id)
    .where(account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("customer"))
    .scalar_subquery()
)
_MEMBERS = account.alias("member")
_GROUP = select(_MEMBERS.c.id).where(_MEMBERS.c.root_id == _MINE)
_EARNED = (
    select(func.coalesce(func.sum(earning.c.points), 0))
    .where(earning.c.account_id.in_(_GROUP))
    .scalar_subquery()
)
_PENDING = (
    select(func.coalesce(func.sum(earning.c.points), 0))
    .where(earning.c.account_id.in_(_GROUP), earning.c.available_at > bindparam("now"))
    .scalar_subquery()
)
_BONUSES = (
    select(func.coalesce(func.sum(bonus.c.points), 0)).where(bonus.c.account_id.in_(_GROUP)).scalar_subquery()
)
_BONUSES_PENDING = (
    select(func.coalesce(func.sum(bonus.c.points), 0))
    .where(bonus.c.account_id.in_(_GROUP), bonus.c.available_at > bindparam("now"))
    .scalar_subquery()
)
_COMING = union_all(
    *(
        select(table.c.available_at).where(
            table.c.account_id.in_(_GROUP), table.c.points > 0, table.c.available_at > bindparam("now")
        )
        for table in (earning, bonus)
    )
).subquery()
_FIRST = select(func.min(_COMING.c.available_at)).scalar_subquery()
_LAST = select(func.max(_COMING.c.available_at)).scalar_subquery()
_GIVEN = (
    select(func.coalesce(func.sum(ledger_entry.c.points), 0))
    .where(
        ledger_entry.c.account_id.in_(_GROUP),
        of_kind(IMPORT, ADJUSTMENT),
        ledger_entry.c.points > 0,
    )
    .scalar_subquery()
)
_REDEEMED = select(literal(1)).where(redemption.c.account_id.in_(_GROUP)).exists()
_TOTALS = select(
    account.c.id,
    account.c.root_id,
    account.c.total,
    account.c.expires,
    (_EARNED + _BONUSES).label("earned"),
    (_PENDING + _BONUSES_PENDING).label("pending"),
    _FIRST.label("first_at"),
    _LAST.label("last_at"),
    _GIVEN.label("given"),
    _REDEEMED.label("redeemed"),
).where(account.c.root_id == _MINE)
_ENTRIES = (
    select(
        ledger_entry.c.id,
        ledger_entry.c.kind,
        ledger_entry.c.points,
        ledger_entry.c.business_at,
        order.c.order_id,
        adjustment.c.reason,
        bonus.c.source,
    )
    .join(account, account.c.id == ledger_entry.c.account_id)
    .outerjoin(adjustment, OF_ENTRY & adjustment.c.told)
    .outerjoin(order, order.c.id == ledger_entry.c.order_ref)
    .outerjoin(bonus, bonus.c.id == ledger_entry.c.bonus_id)
    .where(account.c.root_id == _MINE)
)
_IN_ORDER = (ledger_entry.c.business_at, ledger_entry.c.id)
_NEWEST = _ENTRIES.order_by(*(column.desc() for column in _IN_ORDER)).limit(bindparam("most"))
_BOOKED = _ENTRIES.add_columns(
    func.sum(ledger_entry.c.points).over(order_by=_IN_ORDER).label("after"),
    func.count().over().label("all"),
).subquery()
_PORTION = (
    select(_BOOKED)
    .order_by(_BOOKED.c.business_at.desc(), _BOOKED.c.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Points at one instant; available + pending - debt is the balance.

    ``first_at`` and ``last_at`` are when the first and the last of an order's pending points can be spent; None where
    none are pending.
    """

    available: int
    pending: int
    debt: int
    lifetime: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    root: int = 0
    """The account that stands for the customer; ``redeemed``: some reward was bought with its points."""
    redeemed: bool = False
    lots: tuple[Remainder, ...] = ()
    """What is left of lots, where some of them have an end."""


@dataclass(frozen=True, slots=True)
class EntryRead:
    """An entry as a statement shows it; ``reason`` is for the customer to read, ``source`` is what a bonus is for."""

    kind: str
    points: int
    at: datetime
    order_id: int | None
    reason: str | None = None
    source: str | None = None


def standing(conn: Connection, shop_id: int, customer_id: int, now: datetime) -> Standing | None:
    """Return the customer's figures, of all accounts merged with theirs; None without an account."""
    rows = list(conn.execute(_TOTALS, {"shop": shop_id, "customer": customer_id, "now": now}))
    if not rows:
        return None
    lifetime = int(rows[0].earned + rows[0].given)
    if any(row.expires for row in rows):
        return _replayed(conn, rows, lifetime, now)
    balance, pending = sum(row.total for row in rows), int(rows[0].pending)
    return Standing(
        available=max(0, balance - pending),
        pending=pending,
        debt=max(0, pending - balance),
        lifetime=lifetime,
        first_at=rows[0].first_at,
        last_at=rows[0].last_at,
        root=rows[0].root_id,
        redeemed=bool(rows[0].redeemed),
    )


def entries(conn: Connection, shop_id: int, customer_id: int, most: int = 20) -> list[EntryRead]:
    """Return the customer's newest entries by business time."""
    found = conn.execute(_NEWEST, {"shop": shop_id, "customer": customer_id, "most": most})
    return [_entry(row) for row in found]


def _entry(row: Any) -> EntryRead:
    return EntryRead(row.kind, row.points, row.business_at, row.order_id, row.reason, row.source)


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry with the sum of it and all before it by business time."""

    entry: EntryRead
    after: int


def booked(
    conn: Connection, shop_id: int, customer_id: int, skip: int, most: int
) -> tuple[list[Booked], int]:
    """Return the customer's entries, the newest first, after so many; and how many there are in all (0 beyond them)."""
    values = {"shop": shop_id, "customer": customer_id, "skip": skip, "most": most}
    rows = conn.execute(_PORTION, values).all()
    found = [Booked(_entry(row), int(row.after)) for row in rows]
    return found, int(rows[0].all) if rows else 0


def _replayed(conn: Connection, rows: Sequence[Any], lifetime: int, now: datetime) -> Standing:
    """Points that expired since expiry was last posted are gone already for whoever reads."""
    first = rows[0]
    held = positions.holdings(conn, [first.root_id])[first.root_id].at(now)
    return Standing(
        available=held.available,
        pending=held.pending,
        debt=held.debt,
        lifetime=lifetime,
        first_at=first.first_at,
        last_at=first.last_at,
        root=first.root_id,
        redeemed=bool(first.redeemed),
        lots=held.lots,
    )
