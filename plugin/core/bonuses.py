"""One-time bonuses: a target for each account and source, such as a tier reached, posted as a difference (semantics 14).

Today's target is a row, as an order's is (ADR 6), and the bonus is one lot by its dates. Whoever is merged has it once:
one of the rows goes on to hold it, the others come to nothing, and each row's own entries always sum to its points.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, func, select

from plugin.core import accounts
from plugin.core.accounts import account
from plugin.core.ledger import BONUS, Entry, append, ledger_entry
from plugin.database import Big, Id, Upsert, Utc, among, metadata

bonus = Table(
    "bonus",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("source", String(80), nullable=False),
    Column("points", Big, nullable=False),
    Column("reached_at", Utc, nullable=False),
    Column("available_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("rule_version", String(24), nullable=False),
    Index("uq_bonus_account_id_source", "account_id", "source", unique=True),
    Index("ix_bonus_shop_id_expires_at", "shop_id", "expires_at"),
)
"""``source``: what it is for, such as ``tier:gold``; ``reached_at``: when that came about."""

_OF_ROOTS = (
    select(bonus, account.c.root_id)
    .join(account, account.c.id == bonus.c.account_id)
    .where(among(account.c.root_id, "roots"))
    .order_by(bonus.c.points.desc(), bonus.c.id)
)
_POSTED = (
    select(
        ledger_entry.c.bonus_id,
        func.sum(ledger_entry.c.points).label("points"),
        func.count().label("entries"),
    )
    .where(among(ledger_entry.c.bonus_id, "ids"))
    .group_by(ledger_entry.c.bonus_id)
)
_CHANGING = ("points", "reached_at", "available_at", "expires_at", "rule_version")


def _set(make: Callable[..., Any]) -> Any:
    statement = make(bonus)
    changed = {name: statement.excluded[name] for name in _CHANGING}
    return statement.on_conflict_do_update(index_elements=["account_id", "source"], set_=changed).returning(
        bonus.c.id, bonus.c.account_id, bonus.c.source
    )


_SET = Upsert(_set)


@dataclass(frozen=True, slots=True)
class Due:
    """A bonus that an account should have: one lot, open from ``available_at`` to ``expires_at``."""

    source: str
    points: int
    reached_at: datetime
    available_at: datetime
    expires_at: datetime | None
    rule_version: str


@dataclass(frozen=True, slots=True)
class Held:
    """A row of a root account, or of one merged into it."""

    id: int
    root: int
    shop_id: int
    account_id: int
    due: Due


def of_roots(conn: Connection, roots: Iterable[int], prefix: str = "") -> dict[int, list[Held]]:
    """Return the rows of these root accounts whose source begins so, the largest first."""
    found: dict[int, list[Held]] = defaultdict(list)
    for row in conn.execute(_OF_ROOTS, {"roots": sorted(set(roots))}):
        if row.source.startswith(prefix):
            due = Due(row.source, *(getattr(row, name) for name in _CHANGING))
            found[row.root_id].append(Held(row.id, row.root_id, row.shop_id, row.account_id, due))
    return found


def post(
    conn: Connection, shop_id: int, wanted: Mapping[int, Sequence[Due]], prefix: str, now: datetime
) -> set[int]:
    """Bring the bonuses of these root accounts, of all sources that begin so, to what they should have.

    The accounts are locked by the caller. Returns those whose lots have changed.
    """
    held = of_roots(conn, wanted, prefix)
    rows: dict[tuple[int, str], Due] = {}
    for root, mine in wanted.items():
        rows |= _changes(root, mine, held[root])
    if not rows:
        return set()
    values = [
        {"shop_id": shop_id, "account_id": id, "source": source}
        | {name: getattr(due, name) for name in _CHANGING}
        for (id, source), due in sorted(rows.items(), key=lambda item: item[0])
    ]
    ids = {(row.account_id, row.source): row.id for row in _SET.rows(conn, values)}
    sums = {row.bonus_id: row for row in conn.execute(_POSTED, {"ids": sorted(ids.values())})}
    entries = []
    for place, due in rows.items():
        before = sums.get(ids[place])
        if difference := due.points - (int(before.points) if before else 0):
            entries.append(
                Entry(
                    shop_id=shop_id,
                    account_id=place[0],
                    kind=BONUS,
                    points=difference,
                    key=f"bonus:{ids[place]}:{(before.entries if before else 0) + 1}",
                    business_at=due.reached_at if difference > 0 else now,
                    bonus_id=ids[place],
                    rule_version=due.rule_version,
                )
            )
    append(conn, entries, now)
    touched = {id for id, _ in rows}
    roots = {one.root_id for one in accounts.by_id(conn, touched).values()}
    accounts.mark(conn, roots, now)
    accounts.flag_expiring(conn, {root for root in roots if any(due.expires_at for due in wanted[root])})
    return roots


def _changes(root: int, wanted: Sequence[Due], held: Sequence[Held]) -> dict[tuple[int, str], Due]:
    """Return what must be written, by account and source: the largest row of a source holds it, the others nothing."""
    due = {one.source: one for one in wanted if one.points}
    found: dict[tuple[int, str], Due] = {}
    seen: set[str] = set()
    for row in held:
        source = row.due.source
        holds = due.get(source) if source not in seen else None
        seen.add(source)
        target = holds or Due(source, 0, *(getattr(row.due, name) for name in _CHANGING[1:]))
        if target != row.due:
            found[row.account_id, source] = target
    return found | {(root, source): one for source, one in due.items() if source not in seen}
