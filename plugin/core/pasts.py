"""The orders of whole accounts as tiers count them, read from their rows without their facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, union

from plugin.core.accounts import account
from plugin.core.earned import earning
from plugin.core.ledger import ledger_entry
from plugin.core.order_book import order
from plugin.database import among

_OF_ROOTS = (
    select(
        account.c.root_id,
        earning.c.order_ref,
        earning.c.shop_id,
        order.c.processed_at,
        order.c.sealed,
        earning.c.kept,
        earning.c.base,
        earning.c.final_from,
        earning.c.tier,
    )
    .join(account, account.c.id == earning.c.account_id)
    .join(order, order.c.id == earning.c.order_ref)
    .where(among(account.c.root_id, "roots"))
)
_HOLDERS = union(
    select(earning.c.account_id).where(among(earning.c.order_ref, "refs"), earning.c.account_id.is_not(None)),
    select(ledger_entry.c.account_id).where(among(ledger_entry.c.order_ref, "refs")),
)


@dataclass(frozen=True, slots=True)
class PastRow:
    """An order of the account ``root``; ``tier`` is what its points were multiplied by when they were posted."""

    root: int
    ref: int
    shop_id: int
    at: datetime
    sealed: bool
    kept: int
    base: int
    final_from: datetime | None
    tier: str | None


def of_roots(conn: Connection, roots: Iterable[int]) -> list[PastRow]:
    """Return all orders of these root accounts, those of merged accounts among them; sealed ones stand for good."""
    wanted = sorted(set(roots))
    if not wanted:
        return []
    return [PastRow(*row) for row in conn.execute(_OF_ROOTS, {"roots": wanted})]


def holders(conn: Connection, refs: Sequence[int]) -> set[int]:
    """Return the accounts that the orders belonged to, or have entries in, so far."""
    return set(conn.execute(_HOLDERS, {"refs": list(refs)}).scalars()) if refs else set()
