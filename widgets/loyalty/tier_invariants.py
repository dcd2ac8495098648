"""What must hold of whole accounts in shops with tiers; read in portions of accounts."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from plugin import settings
from plugin.core.accounts import account
from plugin.database import portions
from plugin.tasks import task
from widgets.base import Breach
from widgets.loyalty import ranks
from widgets.loyalty.ranks import Ranks
from widgets.loyalty.rules import MODELS, has_tiers

PORTION = 200
_REDERIVE = "orders.rederive"

_SHOPS = select(account.c.shop_id).distinct().order_by(account.c.shop_id)
_ROOTS = select(account.c.id).where(account.c.id == account.c.root_id)
_WAITING = select(task.c.shop_id).where(task.c.name == _REDERIVE)


def tiers(conn: Connection, shop_id: int | None, now: datetime) -> Iterator[Breach]:
    """Every order was multiplied by the tier that its customer had when it was processed."""
    for _, found in _ranked(conn, shop_id):
        for root, history in found.histories.items():
            for ref in sorted(found.targets.keys() & {past.ref for past in history.pasts}):
                detail = f"Order {ref} was multiplied by another tier than its customer had."
                yield Breach("tier", str(root), detail)


def _ranked(conn: Connection, shop_id: int | None) -> Iterator[tuple[int, Ranks]]:
    """Yield the accounts of every shop with tiers, a portion at a time, with the shop."""
    waiting = set(conn.execute(_WAITING).scalars())
    for shop in [shop_id] if shop_id is not None else list(conn.execute(_SHOPS).scalars()):
        versions = settings.versions(conn, [shop], MODELS)
        if shop in waiting or not has_tiers(versions, shop):
            continue
        for rows in portions(conn, _ROOTS.where(account.c.shop_id == shop), PORTION):
            yield shop, ranks.of_roots(conn, [row.id for row in rows], versions)
