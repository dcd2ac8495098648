"""The ledger: points as entries that are only ever appended, and the one door that appends them.

Nothing here adds or subtracts what happened. Each fact has a target (an order should have earned T points, an
account should have lost E by expiry), and the ledger posts target minus posted. Posting the same facts again
therefore posts nothing, and any order of arrival ends in the same balance (semantics B 10, 11).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    func,
    or_,
    select,
    text,
)

from plugin.core import accounts, earned
from plugin.core.earned import Owed as Owed
from plugin.core.earned import earning as earning
from plugin.database import Big, Id, Upsert, Utc, among, lock_rows, metadata

ACCRUAL = "accrual"
CLAWBACK = "clawback"
BONUS = "bonus"
REDEMPTION = "redemption"
REDEMPTION_REVERSAL = "redemption_reversal"
EXPIRY = "expiry"
EXPIRY_REVERSAL = "expiry_reversal"
ADJUSTMENT = "adjustment"
IMPORT = "import"

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("points", Big, nullable=False),
    Column("order_ref", Id, ForeignKey("order.id")),
    Column("redemption_id", Id, ForeignKey("redemption.id")),
    Column("bonus_id", Id, ForeignKey("bonus.id")),
    Column("business_key", String(80), nullable=False),
    Column("business_at", Utc, nullable=False),
    Column("recorded_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("rule_version", String(24)),
    Column("breakdown", Text),
    Index("uq_ledger_entry_business_key_shop_id", "business_key", "shop_id", unique=True),
    Index("ix_ledger_entry_account_id", "account_id", "id"),
    Index("ix_ledger_entry_order_ref", "order_ref"),
    Index(
        "ix_ledger_entry_redemption_id",
        "redemption_id",
        sqlite_where=text("redemption_id IS NOT NULL"),
        postgresql_where=text("redemption_id IS NOT NULL"),
    ),
    Index(
        "ix_ledger_entry_bonus_id",
        "bonus_id",
        sqlite_where=text("bonus_id IS NOT NULL"),
        postgresql_where=text("bonus_id IS NOT NULL"),
    ),
)
"""Entries hold surrogate references only; a trigger refuses update and delete."""


def of_kind(*kinds: str) -> ColumnElement[bool]:
    """Return that an entry is of one of these kinds; as comparisons, since a list is expanded at every execution."""
    return or_(*(ledger_entry.c.kind == kind for kind in kinds))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry to append; ``key`` is unique in the shop and makes appending it twice impossible."""

    shop_id: int
    account_id: int
    kind: str
    points: int
    key: str
    business_at: datetime
    order_ref: int | None = None
    redemption_id: int | None = None
    bonus_id: int | None = None
    expires_at: datetime | None = None
    rule_version: str | None = None
    breakdown: str | None = None


_Sums: TypeAlias = dict[int, tuple[int, int]]
"""Points and number of entries posted for one order, by account."""

_POSTED = (
    select(
        ledger_entry.c.order_ref,
        ledger_entry.c.account_id,
        func.sum(ledger_entry.c.points).label("points"),
        func.count().label("entries"),
    )
    .where(
        among(ledger_entry.c.order_ref, "refs"),
        of_kind(ACCRUAL, CLAWBACK),
    )
    .group_by(ledger_entry.c.order_ref, ledger_entry.c.account_id)
)
_APPEND = Upsert(lambda insert: insert(ledger_entry))


def post_orders(conn: Connection, owed: Sequence[Owed], now: datetime, also: Iterable[int] = ()) -> set[int]:
    """Post, for each order, what it should have earned less what was posted, and return the accounts touched.

    A customer who changed moves the points: what is no longer owed to one account is clawed back there. The orders'
    rows must be locked by the caller; ``also`` are accounts that are locked together with those of the orders.
    """
    homes = accounts.ensure(
        conn, [(order.shop_id, order.customer_id) for order in owed if order.customer_id is not None]
    )
    posted = _posted(conn, [order.ref for order in owed])
    known = _locked(conn, homes.values(), {id for mine in posted.values() for id in mine} | set(also))
    roots = {customer: known[home.id].root_id for customer, home in homes.items()}
    entries: list[Entry] = []
    for order in owed:
        root = roots.get((order.shop_id, order.customer_id)) if order.customer_id is not None else None
        entries += _differences(order, root, posted.get(order.ref, {}), known)
    append(conn, entries, now)
    earned.remember(conn, owed, homes)
    touched = {known[entry.account_id].root_id for entry in entries} | set(roots.values())
    ending = {
        roots[order.shop_id, order.customer_id]
        for order in owed
        if order.customer_id is not None and order.target.expires_at is not None
    }
    accounts.flag_expiring(conn, {root for root in ending if not known[root].expires})
    return {root for root in touched if known[root].expires} | ending


def _locked(
    conn: Connection, homes: Iterable[accounts.Account], others: set[int]
) -> dict[int, accounts.Account]:
    """Lock the accounts and return them as they are then, with the roots of all: a merge may just have ended."""
    known = {home.id: home for home in homes}
    ids = others | known.keys() | {home.root_id for home in known.values()}
    accounts.lock(conn, ids)
    known |= accounts.by_id(conn, ids if lock_rows(conn) else ids - known.keys())
    return known | accounts.by_id(conn, {one.root_id for one in known.values()} - known.keys())


def append(conn: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Append entries and add them to their accounts' totals; the caller holds the accounts' locks."""
    if not entries:
        return
    _APPEND.rows(conn, [_row(entry, now) for entry in entries])
    sums: dict[int, int] = defaultdict(int)
    for entry in entries:
        sums[entry.account_id] += entry.points
    accounts.add_up(conn, sums, now)


def _posted(conn: Connection, refs: list[int]) -> dict[int, _Sums]:
    posted: dict[int, _Sums] = defaultdict(dict)
    if refs:
        for row in conn.execute(_POSTED, {"refs": refs}):
            posted[row.order_ref][row.account_id] = (int(row.points), row.entries)
    return posted


def _differences(
    order: Owed,
    root: int | None,
    mine: _Sums,
    known: dict[int, accounts.Account],
) -> Iterable[Entry]:
    if root is not None:
        before = sum(points for account, (points, _) in mine.items() if known[account].root_id == root)
        if difference := order.target.points - before:
            yield _entry(order, root, difference, mine.get(root, (0, 0))[1])
    for account, (points, entries) in mine.items():
        if points and known[account].root_id != root:
            yield _entry(order, account, -points, entries)


def _entry(order: Owed, account: int, points: int, before: int) -> Entry:
    return Entry(
        shop_id=order.shop_id,
        account_id=account,
        kind=ACCRUAL if points > 0 else CLAWBACK,
        points=points,
        key=f"order:{order.ref}:{account}:{before + 1}",
        business_at=order.business_at,
        order_ref=order.ref,
        rule_version=order.rule_version,
        breakdown=order.target.breakdown,
    )


def _row(entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "shop_id": entry.shop_id,
        "account_id": entry.account_id,
        "kind": entry.kind,
        "points": entry.points,
        "order_ref": entry.order_ref,
        "redemption_id": entry.redemption_id,
        "bonus_id": entry.bonus_id,
        "business_key": entry.key,
        "business_at": entry.business_at,
        "recorded_at": now,
        "expires_at": entry.expires_at,
        "rule_version": entry.rule_version,
        "breakdown": entry.breakdown,
    }
