"""Whose an order is: what a page must prove before it is told anything about it (semantics D 23, 24)."""

import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from plugin.core import order_codec
from plugin.core.accounts import account
from plugin.core.order_book import order
from plugin.core.tombstones import Kind, is_buried, name
from plugin.crypto import keyed_hash
from plugin.errors import NotFound
from widgets.base import OrderRef

_FIND = select(order.c.id, order.c.order_id, order.c.first_at, order.c.state).where(
    order.c.order_id == bindparam("order_id"), order.c.shop_id == bindparam("shop_id")
)
_ROOTS = select(account.c.root_id).where(
    account.c.shop_id == bindparam("shop_id"),
    account.c.customer_id.in_(bindparam("customers", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a page offers as proof: the order's checkout token, hashed with the shop's key, or a signed-in customer.

    ``tombstone`` is the hash under which the order would be known as erased.
    """

    order_id: int
    tombstone: str
    token_hash: str | None
    customer_id: int | None


@dataclass(frozen=True, slots=True)
class ProvedOrder:
    """An order the page may see; ``customer_id`` only where the order is that customer's own."""

    order: OrderRef
    customer_id: int | None


def claim(key: bytes, order_id: int, checkout_token: str, customer_id: int | None) -> Claim:
    """Return the claim to an order; raises NotFound when nothing at all is offered."""
    if not checkout_token and customer_id is None:
        raise _hidden()
    tombstone = keyed_hash(key, name(Kind.ORDER, order_id))
    return Claim(
        order_id, tombstone, keyed_hash(key, checkout_token) if checkout_token else None, customer_id
    )


def find_order(conn: Connection, shop_id: int, claimed: Claim) -> ProvedOrder | None:
    """Return the order if the claim fits it, None while nothing is known of it.

    Raises NotFound when the claim does not fit, and for an erased order.
    """
    row = conn.execute(_FIND, {"shop_id": shop_id, "order_id": claimed.order_id}).one_or_none()
    if row is None:
        if is_buried(conn, shop_id, Kind.ORDER, claimed.tombstone):
            raise _hidden()
        return None
    state = order_codec.decode(row.state)
    if state.snapshot is None:
        return None
    own = _same_person(conn, shop_id, claimed.customer_id, state.customer_id)
    if not own and not _same_token(claimed.token_hash, state.token.value if state.token else None):
        raise _hidden()
    found = OrderRef(row.id, row.order_id, state, row.first_at)
    return ProvedOrder(found, claimed.customer_id if own else None)


def _hidden() -> NotFound:
    return NotFound("There is no such order for this page.")


def _same_token(given: str | None, stored: str | None) -> bool:
    return bool(given and stored) and hmac.compare_digest(given or "", stored or "")


def _same_person(conn: Connection, shop_id: int, given: int | None, owner: int | None) -> bool:
    if given is None or owner is None:
        return False
    if given == owner:
        return True
    roots = list(conn.execute(_ROOTS, {"shop_id": shop_id, "customers": [given, owner]}).scalars())
    return len(roots) == 2 and roots[0] == roots[1]
