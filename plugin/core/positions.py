"""What an account holds, read by replay; and expiry, the one target of a whole account."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, func, literal, null, select, union_all, update

from plugin.core import accounts
from plugin.core.accounts import account
from plugin.core.bonuses import bonus
from plugin.core.ledger import (
    ACCRUAL,
    BONUS,
    CLAWBACK,
    EXPIRY,
    EXPIRY_REVERSAL,
    REDEMPTION,
    REDEMPTION_REVERSAL,
    Entry,
    append,
    earning,
    ledger_entry,
    of_kind,
)
from plugin.core.lots import Debit, Lot, Position, Return, replay
from plugin.core.order_book import order
from plugin.core.redemptions import redemption, redemption_return
from plugin.database import among

_BONUS = 2
_SEALED = -1
"""Kind of source of an erased order's lot, whose own key must not be taken for another order's Shopify id."""

_TARGETED = (ACCRUAL, CLAWBACK, BONUS, EXPIRY, EXPIRY_REVERSAL, REDEMPTION, REDEMPTION_REVERSAL)
"""Kinds of entries that are not replayed: what they are the difference to is read from its own row."""

_LOTS = union_all(
    select(
        account.c.root_id,
        order.c.id,
        order.c.order_id,
        literal(0).label("bonuses"),
        earning.c.points,
        earning.c.available_at,
        earning.c.expires_at,
    )
    .join(account, account.c.id == earning.c.account_id)
    .join(order, order.c.id == earning.c.order_ref)
    .where(among(account.c.root_id, "roots"), earning.c.points > 0),
    select(
        account.c.root_id,
        bonus.c.id,
        null(),
        literal(1),
        bonus.c.points,
        bonus.c.available_at,
        bonus.c.expires_at,
    )
    .join(account, account.c.id == bonus.c.account_id)
    .where(among(account.c.root_id, "roots"), bonus.c.points > 0),
)
"""Those of orders and those of one-time bonuses, in one statement."""
_OTHERS = (
    select(
        account.c.root_id,
        ledger_entry.c.id,
        ledger_entry.c.points,
        ledger_entry.c.business_at,
        ledger_entry.c.expires_at,
    )
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(
        among(account.c.root_id, "roots"),
        ~of_kind(*_TARGETED),
    )
)
_REDEEMED = (
    select(
        account.c.root_id,
        redemption.c.id,
        redemption.c.cost,
        redemption.c.redeemed_at,
        redemption_return.c.at,
        redemption_return.c.points,
    )
    .join(account, account.c.id == redemption.c.account_id)
    .outerjoin(redemption_return, redemption_return.c.redemption_id == redemption.c.id)
    .where(among(account.c.root_id, "roots"))
    .order_by(redemption.c.id, redemption_return.c.at)
)
_EXPIRED = (
    select(account.c.root_id, func.sum(ledger_entry.c.points).label("points"), func.count().label("entries"))
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(
        among(account.c.root_id, "roots"),
        of_kind(EXPIRY, EXPIRY_REVERSAL),
    )
    .group_by(account.c.root_id)
)
_EXPIRED_TO = update(account).where(account.c.id == bindparam("root")).values(expired_to=bindparam("at"))
"""The root's row alone, which is locked: whoever holds a merged account waits for it."""
_ROOT = account.alias("root")
_DUE = (
    select(account.c.root_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .join(earning, earning.c.account_id == account.c.id)
    .where(
        earning.c.expires_at <= bindparam("now"),
        (_ROOT.c.expired_to.is_(None)) | (_ROOT.c.expired_to < earning.c.expires_at),
    )
    .distinct()
    .limit(bindparam("most"))
)

_DUE_CREDITS = (
    select(account.c.root_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .join(ledger_entry, ledger_entry.c.account_id == account.c.id)
    .where(
        _ROOT.c.expires,
        ledger_entry.c.expires_at <= bindparam("now"),
        (_ROOT.c.expired_to.is_(None)) | (_ROOT.c.expired_to < ledger_entry.c.expires_at),
    )
    .distinct()
    .limit(bindparam("most"))
)

_DUE_BONUSES = (
    select(account.c.root_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .join(bonus, bonus.c.account_id == account.c.id)
    .where(
        bonus.c.expires_at <= bindparam("now"),
        (_ROOT.c.expired_to.is_(None)) | (_ROOT.c.expired_to < bonus.c.expires_at),
    )
    .distinct()
    .limit(bindparam("most"))
)

_DUE_RETURNS = (
    select(account.c.root_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .join(redemption, redemption.c.account_id == account.c.id)
    .join(redemption_return, redemption_return.c.redemption_id == redemption.c.id)
    .where(
        _ROOT.c.expires,
        redemption_return.c.lives_until <= bindparam("now"),
        (_ROOT.c.expired_to.is_(None)) | (_ROOT.c.expired_to < redemption_return.c.lives_until),
    )
    .distinct()
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What replay needs of one root account."""

    lots: tuple[Lot, ...]
    debits: tuple[Debit, ...]

    def at(self, now: datetime) -> Position:
        """Return the position at an instant."""
        return replay(self.lots, self.debits, now)


def source_of(ref: int, order_id: int | None) -> tuple[int, int]:
    """Return what an order's lot is called in the replay: Shopify's id of the order, or our key once it is erased."""
    return (0, order_id) if order_id is not None else (_SEALED, ref)


def bonus_source(id: int) -> tuple[int, int]:
    """Return what the lot of a one-time bonus is called in the replay."""
    return (_BONUS, id)


def holdings(conn: Connection, roots: Iterable[int]) -> dict[int, Holdings]:
    """Return lots and debits of root accounts, credits other than orders' being lots of their own.

    Debits are redemptions with what came back of them, and negative adjustments.
    """
    wanted = list(roots)
    lots: dict[int, list[Lot]] = defaultdict(list)
    debits: dict[int, list[Debit]] = defaultdict(list)
    if not wanted:
        return {}
    for row in conn.execute(_LOTS, {"roots": wanted}):
        source = bonus_source(row.id) if row.bonuses else source_of(row.id, row.order_id)
        lots[row.root_id].append(Lot(source, row.points, row.available_at, row.expires_at))
    for other in conn.execute(_OTHERS, {"roots": wanted}):
        if other.points > 0:
            lot = Lot((1, other.id), other.points, other.business_at, other.expires_at)
            lots[other.root_id].append(lot)
        else:
            debits[other.root_id].append(Debit(other.business_at, -other.points, (1, other.id)))
    for root, spent in _redeemed(conn, wanted):
        debits[root].append(spent)
    return {root: Holdings(tuple(lots[root]), tuple(debits[root])) for root in wanted}


def _redeemed(conn: Connection, roots: list[int]) -> Iterator[tuple[int, Debit]]:
    rows = conn.execute(_REDEEMED, {"roots": roots})
    for id, parts in groupby(rows, key=lambda row: int(row.id)):
        whole = list(parts)
        back = tuple(Return(row.at, row.points) for row in whole if row.at is not None)
        first = whole[0]
        yield first.root_id, Debit(first.redeemed_at, first.cost, (0, id), back)


def post(conn: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Append credits and debits that no order owes, then post the expiry that they change."""
    ids = {entry.account_id for entry in entries}
    accounts.lock(conn, ids | {one.root_id for one in accounts.by_id(conn, ids).values()})
    touched = accounts.by_id(conn, ids)
    append(conn, entries, now)
    ending = {touched[entry.account_id].root_id for entry in entries if entry.expires_at is not None}
    accounts.flag_expiring(conn, ending)
    roots = accounts.by_id(conn, {one.root_id for one in touched.values()})
    post_expiry(conn, [id for id, root in roots.items() if root.expires], now)


def post_expiry(conn: Connection, roots: Iterable[int], now: datetime) -> int:
    """Post, for each root account, what has expired by ``now`` less what was posted as expired.

    A late fact or a refund after expiry gives points back in the same way. Returns the number of entries.
    """
    wanted = sorted(set(roots))
    if not wanted:
        return 0
    accounts.lock(conn, wanted)
    shops = {id: found.shop_id for id, found in accounts.by_id(conn, wanted).items()}
    posted = {
        row.root_id: (-int(row.points), row.entries) for row in conn.execute(_EXPIRED, {"roots": wanted})
    }
    entries = []
    for root, held in holdings(conn, wanted).items():
        expired, count = posted.get(root, (0, 0))
        position = held.at(now)
        if difference := position.expired - expired:
            entries.append(
                Entry(
                    shop_id=shops[root],
                    account_id=root,
                    kind=EXPIRY if difference > 0 else EXPIRY_REVERSAL,
                    points=-difference,
                    key=f"expiry:{root}:{count + 1}",
                    business_at=position.closed_at or now,
                )
            )
    append(conn, entries, now)
    conn.execute(_EXPIRED_TO, [{"root": root, "at": now} for root in wanted])
    return len(entries)


def due_for_expiry(conn: Connection, shop_id: int | None, now: datetime, most: int = 500) -> list[int]:
    """Return root accounts with something that closed since expiry was last posted, at most ``most``."""
    found: set[int] = set()
    for statement in (_DUE, _DUE_BONUSES, _DUE_CREDITS, _DUE_RETURNS):
        due = statement if shop_id is None else statement.where(account.c.shop_id == shop_id)
        if len(found) < most:
            found |= set(conn.execute(due, {"now": now, "most": most - len(found)}).scalars())
    return sorted(found)
