"""What must hold of every redemption: one debit, what came back of it by today's facts, and who used its code."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from plugin.core import order_codec, settlement
from plugin.core.accounts import account
from plugin.core.codes import PREFIX
from plugin.core.ledger import REDEMPTION, REDEMPTION_REVERSAL, ledger_entry, of_kind
from plugin.core.order_book import OrderChange, order
from plugin.core.redemptions import redemption, redemption_use
from plugin.database import among
from plugin.language import sentence
from widgets.base import Breach, Invariant

PORTION = 500

_REDEMPTIONS = (
    select(redemption, account.c.shop_id.label("home"))
    .join(account, account.c.id == redemption.c.account_id)
    .where(redemption.c.id > bindparam("after"))
    .order_by(redemption.c.id)
    .limit(PORTION)
)
_ENTRIES = (
    select(
        ledger_entry.c.redemption_id,
        ledger_entry.c.kind,
        func.sum(ledger_entry.c.points).label("points"),
        func.count().label("entries"),
    )
    .where(among(ledger_entry.c.redemption_id, "ids"))
    .group_by(ledger_entry.c.redemption_id, ledger_entry.c.kind)
)
_OF_NOTHING = select(ledger_entry.c.id, ledger_entry.c.account_id).where(
    of_kind(REDEMPTION, REDEMPTION_REVERSAL), ledger_entry.c.redemption_id.is_(None)
)
_OF_ANOTHER = (
    select(ledger_entry.c.id, ledger_entry.c.account_id)
    .join(redemption, redemption.c.id == ledger_entry.c.redemption_id)
    .where((ledger_entry.c.shop_id != redemption.c.shop_id) | ~of_kind(REDEMPTION, REDEMPTION_REVERSAL))
)
_TWICE = (
    select(redemption.c.shop_id, func.upper(redemption.c.code).label("code"))
    .where(redemption.c.code.is_not(None))
    .group_by(redemption.c.shop_id, func.upper(redemption.c.code))
    .having(func.count() > 1)
)
_NAMING = order.c.state.ilike(f"%{PREFIX}-%")
_ORDERS = (
    select(order.c.id, order.c.shop_id, order.c.order_id, order.c.first_at, order.c.state)
    .where(order.c.id > bindparam("after"), order.c.first_at.is_not(None), _NAMING)
    .order_by(order.c.id)
    .limit(PORTION)
)
_UNNAMED = (
    select(redemption_use.c.redemption_id, redemption_use.c.order_ref)
    .join(order, order.c.id == redemption_use.c.order_ref)
    .join(redemption, redemption.c.id == redemption_use.c.redemption_id)
    .where(~order.c.sealed, ~_NAMING, redemption.c.code.is_not(None))
)


def debits(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every redemption has one debit of its cost, and nothing else was taken or given back for a reward."""
    of_nothing = _OF_NOTHING if shop_id is None else _OF_NOTHING.where(ledger_entry.c.shop_id == shop_id)
    for entry in conn.execute(of_nothing):
        yield Breach("redemption", str(entry.account_id), f"Entry {entry.id} is of no redemption.")
    of_another = _OF_ANOTHER if shop_id is None else _OF_ANOTHER.where(redemption.c.shop_id == shop_id)
    for entry in conn.execute(of_another):
        detail = f"Entry {entry.id} does not belong to its redemption."
        yield Breach("redemption", str(entry.account_id), detail)
    for rows in _portions(conn, shop_id):
        entries = _entries(conn, rows)
        for row in rows:
            if row.home != row.shop_id:
                detail = f"Redemption {row.id} is in another shop than its account."
                yield Breach("redemption", str(row.account_id), detail)
            if (found := entries[row.id].get(REDEMPTION)) != (-row.cost, 1):
                detail = f"Redemption {row.id} cost {row.cost}, its debits (sum, number) are {found}."
                yield Breach("redemption", str(row.account_id), detail)


def returned(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """What came back is what the facts say today, never more than the cost, and is posted."""
    for rows in _portions(conn, shop_id):
        entries = _entries(conn, rows)
        stored = settlement.returns(conn, [row.id for row in rows])
        due = settlement.targets(conn, rows)
        for row in rows:
            back, whose = stored.get(row.id, ()), str(row.account_id)
            if row.id in due and back != due[row.id]:
                yield Breach("returned", whose, f"Redemption {row.id} gave back what its facts do not say.")
            points = settlement.total(back)
            if points > row.cost:
                yield Breach("returned", whose, f"Redemption {row.id} gave back more than it cost.")
            posted, _ = entries[row.id].get(REDEMPTION_REVERSAL, (0, 0))
            if posted != points:
                yield Breach("returned", whose, f"Redemption {row.id} gave back {points}, posted {posted}.")


def codes(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """A code is one redemption's, and its uses are what the orders show by today's facts."""
    twice = _TWICE if shop_id is None else _TWICE.where(redemption.c.shop_id == shop_id)
    for row in conn.execute(twice):
        yield Breach("reward code", None, f"A code of shop {row.shop_id} is there more than once.")
    unnamed = _UNNAMED if shop_id is None else _UNNAMED.where(order.c.shop_id == shop_id)
    for row in conn.execute(unnamed):
        yield _misused(row.redemption_id, row.order_ref)
    after = 0
    statement = _ORDERS if shop_id is None else _ORDERS.where(order.c.shop_id == shop_id)
    while rows := conn.execute(statement, {"after": after}).all():
        shown = [
            OrderChange(row.id, row.shop_id, row.order_id, order_codec.decode(row.state), False, row.first_at)
            for row in rows
        ]
        uses = settlement.uses(conn, shown)
        for id, ref in sorted(uses.shown ^ uses.recorded):
            yield _misused(id, ref)
        after = rows[-1].id


def _misused(id: int, ref: int) -> Breach:
    return Breach("reward code", None, f"Whether order {ref} used redemption {id} is not what its facts say.")


def _portions(conn: Connection, shop_id: int | None) -> Iterator[Sequence[Row[Any]]]:
    statement = _REDEMPTIONS if shop_id is None else _REDEMPTIONS.where(redemption.c.shop_id == shop_id)
    after = 0
    while rows := conn.execute(statement, {"after": after}).all():
        yield rows
        after = rows[-1].id


def _entries(conn: Connection, rows: Sequence[Row[Any]]) -> dict[int, dict[str, tuple[int, int]]]:
    """Sum and number of the entries of each kind, by redemption."""
    found: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in conn.execute(_ENTRIES, {"ids": [one.id for one in rows]}):
        found[row.redemption_id][row.kind] = (int(row.points), row.entries)
    return found


REDEMPTION_INVARIANTS = (
    Invariant("redemption", debits, {"redemption": sentence("A reward was not paid for exactly once.")}),
    Invariant(
        "returned",
        returned,
        {"returned": sentence("What came back of a reward is not what its order says.")},
    ),
    Invariant(
        "reward code",
        codes,
        {"reward code": sentence("Whether an order used a reward's code is noted otherwise than it says.")},
    ),
)
