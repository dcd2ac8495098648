"""What must hold of whole accounts in shops with tiers; read in portions of accounts."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from plugin import settings
from plugin.core import bonuses
from plugin.core.accounts import account
from plugin.core.bonuses import Due, bonus
from plugin.core.ledger import BONUS, ledger_entry, of_kind
from plugin.database import portions
from plugin.tasks import task
from widgets.base import Breach
from widgets.loyalty import ranks
from widgets.loyalty.ranks import Ranks
from widgets.loyalty.rules import MODELS, has_tiers

PORTION = 200
_REDERIVE = "orders.rederive"

_SHOPS = select(account.c.shop_id).distinct().order_by(account.c.shop_id)
_LIVING = account.alias("living")
_ROOTS = select(account.c.id).where(
    account.c.id == account.c.root_id,
    exists().where(_LIVING.c.root_id == account.c.id, _LIVING.c.customer_id.is_not(None)),
)
"""An erased customer's account stays as it is: nobody can say any more what it should be."""
_POSTED = (
    select(func.coalesce(func.sum(ledger_entry.c.points), 0))
    .where(ledger_entry.c.bonus_id == bonus.c.id)
    .scalar_subquery()
)
_SUMS = select(bonus.c.id, bonus.c.account_id, bonus.c.points, _POSTED.label("posted"))
_UNNAMED = select(ledger_entry.c.id, ledger_entry.c.account_id).where(
    of_kind(BONUS), ledger_entry.c.bonus_id.is_(None)
)
_WAITING = select(task.c.shop_id).where(task.c.name == _REDERIVE)


def tiers(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every order was multiplied by the tier that its customer had when it was processed."""
    for _, found in _ranked(conn, shop_id):
        for root, history in found.histories.items():
            for ref in sorted(found.targets.keys() & {past.ref for past in history.pasts}):
                detail = f"Order {ref} was multiplied by another tier than its customer had."
                yield Breach("tier", str(root), detail)


def entry_bonuses(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every bonus is what its entries sum to, and what reaching a tier brings was given once, by today's facts."""
    statement = _SUMS if shop_id is None else _SUMS.where(bonus.c.shop_id == shop_id)
    for rows in portions(conn, statement, PORTION):
        for row in rows:
            if row.points != row.posted:
                detail = f"Bonus {row.id} posted {row.posted}, its target is {row.points}."
                yield Breach("bonus", str(row.account_id), detail)
    unnamed = _UNNAMED if shop_id is None else _UNNAMED.where(ledger_entry.c.shop_id == shop_id)
    for entry in conn.execute(unnamed):
        yield Breach(
            "bonus", str(entry.account_id), f"Entry {entry.id} gives a bonus and does not say which."
        )
    for _, found in _ranked(conn, shop_id):
        for wanted in found.entries().values():
            held = bonuses.of_roots(conn, wanted, ranks.TIER)
            for root, due in wanted.items():
                given = sorted((one.due for one in held[root] if one.due.points), key=_source)
                if given != sorted((one for one in due if one.points), key=_source):
                    yield Breach("bonus", str(root), "Its tiers brought other points than they should have.")


def _source(due: Due) -> str:
    return due.source


def _ranked(conn: Connection, shop_id: int | None) -> Iterator[tuple[int, Ranks]]:
    """Yield the accounts of every shop with tiers, a portion at a time, with the shop."""
    waiting = set(conn.execute(_WAITING).scalars())
    for shop in [shop_id] if shop_id is not None else list(conn.execute(_SHOPS).scalars()):
        versions = settings.versions(conn, [shop], MODELS)
        if shop in waiting or not has_tiers(versions, shop):
            continue
        for rows in portions(conn, _ROOTS.where(account.c.shop_id == shop), PORTION):
            yield shop, ranks.of_roots(conn, shop, [row.id for row in rows], versions)
