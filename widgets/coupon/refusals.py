"""The books of discounts that Shopify refuses to make, and of the orders that wait for one.

A refused discount stays the campaign's and is tried again with the stock; until it is there, the offer is passed over,
and who waits for it moves to what else the order could have.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from plugin import tasks
from plugin.shopify.errors import UserError
from plugin.tasks import Wanted
from widgets.coupon.campaigns import Node
from widgets.coupon.tables import REFUSED, coupon, coupon_node

MOVE = "coupon.move"
"""The task that moves a shop's orders from refused discounts."""

_PARTS = {"items": "goods", "value": "value", "minimumRequirement": "minimum"}
"""What is refused, by a part of Shopify's name of the field."""

_MARK = update(coupon_node).where(coupon_node.c.id == bindparam("node"))
_SHOPS = (
    select(coupon_node.c.shop_id)
    .join(coupon, coupon.c.node_id == coupon_node.c.id)
    .where(coupon_node.c.trouble == REFUSED, coupon.c.waiting)
    .distinct()
    .order_by(coupon_node.c.shop_id)
)
WAITING = (
    select(func.count())
    .where(coupon.c.node_id == coupon_node.c.id, coupon.c.waiting)
    .correlate(coupon_node)
    .scalar_subquery()
)
"""How many coupons wait for a discount, in a statement about ``coupon_node``."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What of a discount Shopify refuses, as in ``differs``, and in whose words."""

    parts: tuple[str, ...]
    says: str

    @classmethod
    def of(cls, text: str) -> "Reason":
        """Return what was written down."""
        found = json.loads(text)
        return cls(tuple(found["parts"]), found["says"])


def record(conn: Connection, node: Node, errors: Sequence[UserError], now: datetime) -> None:
    """Remember why a discount was refused, and have the orders move that wait for it."""
    parts = sorted({part for error in errors for part in _parts(error)})
    says = " ".join(dict.fromkeys(error.message for error in errors if error.message))
    differs = json.dumps({"parts": parts, "says": says.replace("\0", "")[:500]})
    since = {} if node.refused else {"trouble_at": now}
    conn.execute(_MARK.values(trouble=REFUSED, differs=differs, **since), {"node": node.id})
    tasks.enqueue(conn, [Wanted(node.shop_id, MOVE, "all", now, {})], now)


def lifted(conn: Connection, node: Node) -> None:
    """Forget that a discount was refused: it is there."""
    if node.refused:
        conn.execute(_MARK.values(trouble=None, trouble_at=None, differs=None), {"node": node.id})


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Have orders moved wherever some wait for a refused discount."""
    mine = _SHOPS if shop_id is None else _SHOPS.where(coupon_node.c.shop_id == shop_id)
    shops = conn.execute(mine).scalars()
    tasks.enqueue(conn, [Wanted(id, MOVE, "all", now, {}) for id in shops], now)
    return 0


def _parts(error: UserError) -> Iterator[str]:
    names = error.field.split(".")
    yield from (_PARTS[name] for name in names if name in _PARTS)
