"""What comes back of redemptions: a target, remembered as a row and posted as a difference (semantics B 17).

It follows from the facts of the orders that used the code (``plugin.core.rewards``); without such an order it is all of
the cost once the code never came to be, or ended unused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from plugin.core import accounts, ledger, order_codec
from plugin.core.codes import known_form
from plugin.core.ledger import REDEMPTION_REVERSAL, Entry, ledger_entry
from plugin.core.lots import GRACE, Return
from plugin.core.order_book import OrderChange, order
from plugin.core.orders import OrderState
from plugin.core.redemptions import READY, SPENT, lock, redemption, redemption_return, redemption_use
from plugin.core.rewards import BY_SHARE, Spent, given_back
from plugin.database import Upsert, among

_NAMED = select(redemption.c.id, redemption.c.shop_id, redemption.c.code).where(
    among(redemption.c.code, "codes")
)
_RECORDED = (
    select(redemption_use.c.redemption_id, redemption_use.c.order_ref)
    .join(redemption, redemption.c.id == redemption_use.c.redemption_id)
    .where(among(redemption_use.c.order_ref, "refs"), redemption.c.code.is_not(None))
)
_USE = Upsert(lambda make: make(redemption_use).on_conflict_do_nothing())
_DROP = delete(redemption_use).where(
    redemption_use.c.redemption_id == bindparam("id"), redemption_use.c.order_ref == bindparam("ref")
)
_UNSPENT = (
    update(redemption).where(among(redemption.c.id, "ids"), redemption.c.state == SPENT).values(state=READY)
)
_USED = (
    select(redemption_use.c.redemption_id, order.c.state, order.c.sealed)
    .join(order, order.c.id == redemption_use.c.order_ref)
    .where(among(redemption_use.c.redemption_id, "ids"))
    .order_by(redemption_use.c.redemption_id, order.c.id)
)
_RETURNS = (
    select(redemption_return)
    .where(among(redemption_return.c.redemption_id, "ids"))
    .order_by(redemption_return.c.redemption_id, redemption_return.c.at)
)
_FORGET = delete(redemption_return).where(among(redemption_return.c.redemption_id, "ids"))
_REMEMBER = Upsert(lambda make: make(redemption_return))
_POSTED = (
    select(
        ledger_entry.c.redemption_id,
        func.sum(ledger_entry.c.points).label("points"),
        func.count().label("entries"),
    )
    .where(among(ledger_entry.c.redemption_id, "ids"))
    .group_by(ledger_entry.c.redemption_id)
)


Use: TypeAlias = tuple[int, int]
"""A redemption and an order that shows its code."""


@dataclass(frozen=True, slots=True)
class Uses:
    """Which codes these orders show by their facts now, and which they are recorded to have shown."""

    shown: frozenset[Use]
    recorded: frozenset[Use]

    @property
    def redemptions(self) -> set[int]:
        """The redemptions that are concerned."""
        return {id for id, _ in self.shown | self.recorded}


def uses(conn: Connection, changes: Sequence[OrderChange]) -> Uses:
    """Return what these orders' facts say of our codes, which match in any case; erased ones are left out."""
    named: dict[tuple[int, str], set[int]] = {}
    for change in changes:
        for text in change.state.facts.codes:
            if (code := known_form(text)) is not None:
                named.setdefault((change.shop_id, code), set()).add(change.ref)
    codes = sorted({code for _, code in named})
    rows = conn.execute(_NAMED, {"codes": codes}) if codes else ()
    shown = {(row.id, ref) for row in rows for ref in named.get((row.shop_id, row.code), ())}
    known = [change.ref for change in changes if not change.first]
    recorded = {tuple(row) for row in conn.execute(_RECORDED, {"refs": known})} if known else set()
    return Uses(frozenset(shown), frozenset(recorded))


def follow(conn: Connection, found: Uses, now: datetime) -> set[int]:
    """Record the uses and settle the redemptions concerned; returns what ``settle`` returns."""
    ids = found.redemptions
    if not ids:
        return set()
    lock(conn, ids)
    if gone := found.recorded - found.shown:
        conn.execute(_DROP, [{"id": id, "ref": ref} for id, ref in sorted(gone)])
        conn.execute(_UNSPENT, {"ids": sorted({id for id, _ in gone})})
    if new := found.shown - found.recorded:
        _USE.rows(conn, [{"redemption_id": id, "order_ref": ref} for id, ref in sorted(new)])
    return settle(conn, ids, now)


def settle(conn: Connection, ids: Iterable[int], now: datetime) -> set[int]:
    """Bring what came back of these redemptions to what the facts say today, and post the difference.

    Returns the root accounts whose expiry may have changed with it. What was erased stays as it is.
    """
    rows = {row.id: row for row in lock(conn, ids)}
    if not rows:
        return set()
    due = targets(conn, rows.values())
    stored = returns(conn, due)
    changed = [id for id in due if due[id] != stored.get(id, ())]
    _write(conn, {id: due[id] for id in changed})
    return _post(conn, [rows[id] for id in sorted(due)], due, now)


def targets(conn: Connection, rows: Iterable[Row[Any]]) -> dict[int, tuple[Return, ...]]:
    """Return what should have come back by today's facts; redemptions of erased people and orders are left out."""
    found = {row.id: row for row in rows if row.code is not None}
    used: dict[int, list[OrderState]] = {id: [] for id in found}
    for use in conn.execute(_USED, {"ids": sorted(found)}) if found else ():
        if use.sealed:
            found.pop(use.redemption_id, None)
        else:
            used[use.redemption_id].append(order_codec.decode(use.state))
    return {id: _due(row, used[id]) for id, row in found.items()}


def returns(conn: Connection, ids: Iterable[int]) -> dict[int, tuple[Return, ...]]:
    """Return what is remembered to have come back, by redemption, in the order of time."""
    found: dict[int, tuple[Return, ...]] = {}
    for row in conn.execute(_RETURNS, {"ids": sorted(ids)}):
        found[row.redemption_id] = (*found.get(row.redemption_id, ()), Return(row.at, row.points))
    return found


def _due(row: Row[Any], used: Sequence[OrderState]) -> tuple[Return, ...]:
    """Of several orders that used one code, the one that gives least back decides, then the one that did so last."""
    if used:
        spent = Spent(row.code, row.cost, by_share=row.kind == BY_SHARE)
        each = [given_back(state, spent) for state in used]
        least = min(total(back) for back in each)
        fewest = [back for back in each if total(back) == least]
        return max(fewest, key=lambda back: [(one.at, one.points) for one in reversed(back)])
    return () if row.closed_at is None else (Return(row.closed_at, row.cost),)


def total(back: Iterable[Return]) -> int:
    """Return the points of several returns together."""
    return sum(one.points for one in back)


def _write(conn: Connection, changed: dict[int, tuple[Return, ...]]) -> None:
    if changed:
        conn.execute(_FORGET, {"ids": sorted(changed)})
    rows = [
        {"redemption_id": id, "at": one.at, "points": one.points, "lives_until": one.at + GRACE}
        for id, back in sorted(changed.items())
        for one in back
    ]
    if rows:
        _REMEMBER.rows(conn, rows)


def _post(
    conn: Connection, rows: Sequence[Row[Any]], due: dict[int, tuple[Return, ...]], now: datetime
) -> set[int]:
    """Entries go to the account that stands for the buyer now; what is posted counts wherever it was posted."""
    ids = [row.id for row in rows]
    posted = {row.redemption_id: row for row in conn.execute(_POSTED, {"ids": ids})} if ids else {}
    homes = accounts.by_id(conn, {row.account_id for row in rows})
    entries = []
    for row in rows:
        before = posted[row.id]
        if difference := total(due[row.id]) - row.cost - int(before.points):
            entries.append(
                Entry(
                    shop_id=row.shop_id,
                    account_id=homes[row.account_id].root_id,
                    kind=REDEMPTION_REVERSAL,
                    points=difference,
                    key=f"redemption:{row.id}:{before.entries + 1}",
                    business_at=max((one.at for one in due[row.id]), default=now),
                    redemption_id=row.id,
                )
            )
    ledger.append(conn, entries, now)
    roots = accounts.by_id(conn, {home.root_id for home in homes.values()})
    return {root.id for root in roots.values() if root.expires}
