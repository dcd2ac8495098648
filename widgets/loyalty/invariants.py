"""What must hold of every account, checked by computing it again from entries and orders in bounded memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, select

from plugin import settings
from plugin.core import accounts, order_codec, positions
from plugin.core.accounts import account
from plugin.core.campaigns import NOTHING
from plugin.core.earning import Target
from plugin.core.ledger import ACCRUAL, CLAWBACK, EXPIRY, EXPIRY_REVERSAL, earning, ledger_entry
from plugin.core.order_book import order
from plugin.database import portions
from plugin.language import sentence
from plugin.tasks import task
from widgets.base import Breach, Invariant
from widgets.loyalty.rules import MODELS
from widgets.loyalty.targets import judged, known_of
from widgets.loyalty.tier_invariants import entry_bonuses, tiers

PORTION = 500
_REDERIVE = "orders.rederive"

_SUM = (
    select(func.coalesce(func.sum(ledger_entry.c.points), 0))
    .where(ledger_entry.c.account_id == account.c.id)
    .correlate(account)
    .scalar_subquery()
)
_ACCOUNTS = (
    select(account.c.id, account.c.total, _SUM.label("sum"))
    .where(account.c.id > bindparam("after"))
    .order_by(account.c.id)
    .limit(PORTION)
)
"""Not grouped: SQLite would sum up all the rest for each portion."""
_ORDERS = select(
    order.c.id,
    order.c.shop_id,
    order.c.state,
    order.c.sealed,
    order.c.first_at,
    earning.c.points,
    earning.c.available_at,
    earning.c.expires_at,
    earning.c.breakdown,
    earning.c.waits,
    earning.c.base,
    earning.c.final_from,
    earning.c.kept,
    earning.c.tier,
    earning.c.account_id,
).outerjoin(earning, earning.c.order_ref == order.c.id)
_POSTED = (
    select(
        ledger_entry.c.order_ref,
        account.c.root_id,
        func.sum(ledger_entry.c.points).label("points"),
    )
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(
        ledger_entry.c.order_ref.in_(bindparam("refs", expanding=True)),
        ledger_entry.c.kind.in_((ACCRUAL, CLAWBACK)),
    )
    .group_by(ledger_entry.c.order_ref, account.c.root_id)
)
_ROOTS_OF = select(account.c.shop_id, account.c.customer_id, account.c.root_id).where(
    account.c.customer_id.in_(bindparam("customers", expanding=True))
)
_EXPIRING = (
    select(account.c.id, account.c.expired_to)
    .where(
        account.c.id > bindparam("after"),
        account.c.id == account.c.root_id,
        account.c.expires
        | exists().where(
            ledger_entry.c.account_id == account.c.id, ledger_entry.c.kind.in_((EXPIRY, EXPIRY_REVERSAL))
        ),
    )
    .order_by(account.c.id)
    .limit(PORTION)
)
_EXPIRED = (
    select(account.c.root_id, func.sum(ledger_entry.c.points).label("points"))
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(
        account.c.root_id.in_(bindparam("roots", expanding=True)),
        ledger_entry.c.kind.in_((EXPIRY, EXPIRY_REVERSAL)),
    )
    .group_by(account.c.root_id)
)
_FOREIGN = (
    select(ledger_entry.c.id, ledger_entry.c.account_id)
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(account.c.shop_id != ledger_entry.c.shop_id)
)
_ROOT = account.alias("root")
_ROOTLESS = (
    select(account.c.id)
    .outerjoin(_ROOT, _ROOT.c.id == account.c.root_id)
    .where((_ROOT.c.id.is_(None)) | (_ROOT.c.root_id != _ROOT.c.id) | (_ROOT.c.shop_id != account.c.shop_id))
)
_WAITING = select(task.c.shop_id).where(task.c.name == _REDERIVE)


def totals(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Total = sum of the entries, for every account."""
    after = 0
    statement = _ACCOUNTS if shop_id is None else _ACCOUNTS.where(account.c.shop_id == shop_id)
    while rows := conn.execute(statement, {"after": after}).all():
        for row in rows:
            if row.total != row.sum:
                yield Breach("total", str(row.id), f"The total is {row.total}, the entries sum to {row.sum}.")
        after = rows[-1].id


def posted(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Posted = target for every order, and today's target is what its facts give; erased orders are sealed."""
    waiting = set(conn.execute(_WAITING).scalars())
    statement = _ORDERS if shop_id is None else _ORDERS.where(order.c.shop_id == shop_id)
    for rows in portions(conn, statement, PORTION):
        judged = [row for row in rows if row.first_at and not row.sealed and row.shop_id not in waiting]
        yield from _judge(conn, judged)
        yield from _judge_sealed(conn, [row for row in rows if row.sealed])


def _judge(conn: Connection, rows: Sequence[Any]) -> Iterator[Breach]:
    if not rows:
        return
    versions = settings.versions(conn, {row.shop_id for row in rows}, MODELS)
    sums = _sums(conn, rows)
    states = {row.id: order_codec.decode(row.state) for row in rows}
    orders = {row.id: judged(row.id, row.shop_id, states[row.id], versions) for row in rows}
    known = known_of(conn, orders.values())
    customers = {state.customer_id for state in states.values() if state.customer_id is not None}
    roots = {
        (row.shop_id, row.customer_id): row.root_id
        for row in conn.execute(_ROOTS_OF, {"customers": sorted(customers)})
    }
    for row in rows:
        state = states[row.id]
        one = orders[row.id]
        due = one.target(known.get(row.id, NOTHING), one.rule.ladder.named(row.tier))
        root = roots.get((row.shop_id, state.customer_id))
        wanted = {root: due.points} if root is not None and due.points else {}
        found = {id: points for id, points in sums[row.id].items() if points}
        if found != wanted:
            yield Breach("posted", _name(root), f"Order {row.id} posted {found}, its target is {wanted}.")
        if not _is_today(row, due):
            yield Breach("target", _name(root), f"Order {row.id} has a lot that its facts do not give.")
        if state.customer_id is not None and due.points and root is None:
            yield Breach("account", None, f"Order {row.id} has a customer without an account.")


def _judge_sealed(conn: Connection, rows: Sequence[Any]) -> Iterator[Breach]:
    """An erased order stays at what it had posted: the lot that was left of it is all its entries sum to."""
    if not rows:
        return
    sums = _sums(conn, rows)
    homes = accounts.by_id(conn, {row.account_id for row in rows if row.account_id is not None})
    for row in rows:
        home = homes.get(row.account_id)
        wanted = {home.root_id: row.points} if home is not None and row.points else {}
        found = {id: points for id, points in sums[row.id].items() if points}
        if found != wanted:
            whose = _name(home.root_id if home else None)
            yield Breach("sealed", whose, f"Erased order {row.id} posted {found}, sealed are {wanted}.")


def _sums(conn: Connection, rows: Sequence[Any]) -> dict[int, dict[int, int]]:
    """What was posted for each order, by root account."""
    sums: dict[int, dict[int, int]] = defaultdict(dict)
    for row in conn.execute(_POSTED, {"refs": [row.id for row in rows]}):
        sums[row.order_ref][row.root_id] = int(row.points)
    return sums


def _is_today(row: Row[Any], due: Target) -> bool:
    return all(getattr(row, name) == getattr(due, name) for name in Target.__dataclass_fields__)


def expiries(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Posted expiry = what replay gives at the time it was last posted."""
    after = 0
    statement = _EXPIRING if shop_id is None else _EXPIRING.where(account.c.shop_id == shop_id)
    while rows := conn.execute(statement, {"after": after}).all():
        roots = [row.id for row in rows]
        posted = {row.root_id: -int(row.points) for row in conn.execute(_EXPIRED, {"roots": roots})}
        held = positions.holdings(conn, roots)
        for row in rows:
            due = held[row.id].at(row.expired_to).expired if row.expired_to else 0
            if posted.get(row.id, 0) != due:
                detail = f"Expired are {due} points, posted {posted.get(row.id, 0)}."
                yield Breach("expiry", str(row.id), detail)
        after = rows[-1].id


def balances(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Available + pending - debt = total less what has expired and is not yet posted, for every root account."""
    after = 0
    roots = select(account.c.id).where(account.c.id == account.c.root_id)
    if shop_id is not None:
        roots = roots.where(account.c.shop_id == shop_id)
    while ids := list(
        conn.execute(roots.where(account.c.id > after).order_by(account.c.id).limit(PORTION)).scalars()
    ):
        sums = select(account.c.root_id, func.sum(account.c.total).label("total"))
        sums = sums.where(account.c.root_id.in_(ids)).group_by(account.c.root_id)
        total = {row.root_id: int(row.total) for row in conn.execute(sums)}
        expired = {row.root_id: -int(row.points) for row in conn.execute(_EXPIRED, {"roots": ids})}
        for root, held in positions.holdings(conn, ids).items():
            at = held.at(now)
            balance = total[root] - (at.expired - expired.get(root, 0))
            if at.available + at.pending - at.debt != balance:
                detail = f"{at.available} + {at.pending} - {at.debt} is not {balance}."
                yield Breach("balance", str(root), detail)
        after = ids[-1]


def owners(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every entry is in the shop of its account."""
    for row in conn.execute(_FOREIGN if shop_id is None else _FOREIGN.where(account.c.shop_id == shop_id)):
        yield Breach("shop", str(row.account_id), f"Entry {row.id} is in another shop than its account.")


def roots(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every account has a root in its own shop, which is its own root."""
    for id in conn.execute(
        _ROOTLESS if shop_id is None else _ROOTLESS.where(account.c.shop_id == shop_id)
    ).scalars():
        yield Breach("root", str(id), "The account it was merged into was merged itself or is gone.")


def _name(root: int | None) -> str | None:
    return None if root is None else str(root)


INVARIANTS = (
    Invariant("total", totals, {"total": sentence("An account does not hold the sum of its entries.")}),
    Invariant(
        "posted",
        posted,
        {
            "posted": sentence("An order brought other points than its rule says."),
            "target": sentence("What is noted for an order is not what its facts give."),
            "sealed": sentence("The points of an erased order have changed."),
            "account": sentence("An order's customer has no account."),
        },
    ),
    Invariant(
        "tier", tiers, {"tier": sentence("An order was multiplied by another tier than its customer had.")}
    ),
    Invariant(
        "bonus",
        entry_bonuses,
        {"bonus": sentence("A one-time bonus was given otherwise than it should have.")},
    ),
    Invariant("expiry", expiries, {"expiry": sentence("Other points expired than should have.")}),
    Invariant(
        "balance",
        balances,
        {"balance": sentence("What can be spent, is on its way and is owed does not make the balance.")},
    ),
    Invariant("shop", owners, {"shop": sentence("An entry is in another shop than its account.")}),
    Invariant("root", roots, {"root": sentence("An account was merged into one that is not there.")}),
)
