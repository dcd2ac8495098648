"""Customers whom Shopify has merged: one person each, and the one who was kept."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, select

from plugin.core.accounts import account
from plugin.database import among

Pair: TypeAlias = tuple[int, int]
"""Shop and customer id."""

_OTHER = account.alias("other")
_GROUPS = (
    select(
        account.c.shop_id,
        account.c.customer_id.label("asked"),
        _OTHER.c.customer_id,
        (_OTHER.c.id == _OTHER.c.root_id).label("kept"),
    )
    .join(_OTHER, _OTHER.c.root_id == account.c.root_id)
    .where(
        among(account.c.shop_id, "shops"),
        among(account.c.customer_id, "customers"),
        _OTHER.c.customer_id.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class Group:
    """The customers who are one person, and the one into whom Shopify merged the others."""

    kept: int
    members: frozenset[int]


def groups_of(conn: Connection, pairs: Collection[Pair]) -> dict[Pair, Group]:
    """Return each customer with all that were merged into the same person."""
    members = {pair: {pair[1]} for pair in pairs}
    kept = {pair: pair[1] for pair in pairs}
    for row in conn.execute(_GROUPS, among_pairs(pairs)) if pairs else ():
        pair = (row.shop_id, row.asked)
        if pair in members:
            members[pair].add(row.customer_id)
            kept[pair] = row.customer_id if row.kept else kept[pair]
    return {pair: Group(kept[pair], frozenset(group)) for pair, group in members.items()}


def among_pairs(pairs: Iterable[Pair]) -> dict[str, list[int]]:
    """Return the parameters of a statement about these customers, and maybe others of the same ids in other shops."""
    pairs = list(pairs)
    return {"shops": sorted({shop for shop, _ in pairs}), "customers": sorted({one for _, one in pairs})}
