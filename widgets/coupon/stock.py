"""The books of minting: which codes were asked for, which are there, and how many the pool lacks.

Everything is written down before Shopify is called, so that a crash at any point can be picked up by looking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from plugin import settings
from plugin.core.codes import new_code, new_codes
from plugin.core.order_book import order
from plugin.database import lock_rows
from plugin.settings import ShopSettings
from widgets.coupon import campaigns, mending, offers, pool, refusals
from widgets.coupon.campaigns import Node
from widgets.coupon.deciding import MODELS
from widgets.coupon.tables import ASKED, FREE, coupon, coupon_code, coupon_node

LEAST = 250
"""The pool aims at so many free codes at least, and at twice the orders of the last day."""

PORTION = 250
"""Shopify takes at most so many codes in one call."""

DAY = timedelta(days=1)

_ORDERS = select(func.count()).where(
    order.c.shop_id == bindparam("shop"), order.c.processed_at >= bindparam("since")
)
_COUNT = select(func.count()).where(
    coupon_code.c.node_id == bindparam("node"), coupon_code.c.state == bindparam("in_state")
)
_WAITING = select(func.count()).where(
    coupon.c.node_id == bindparam("node"), coupon.c.waiting, coupon.c.expires_on >= bindparam("today")
)
_ASKED = (
    select(coupon_code.c.code)
    .where(coupon_code.c.node_id == bindparam("node"), coupon_code.c.state == ASKED)
    .order_by(coupon_code.c.id)
)
_NTH_FREE = (
    select(coupon_code.c.id)
    .where(coupon_code.c.node_id == bindparam("node"), coupon_code.c.state == FREE)
    .order_by(coupon_code.c.id)
    .limit(1)
    .offset(bindparam("skip"))
)
_FIRST = select(coupon_node.c.first_code, coupon_node.c.gid).where(coupon_node.c.id == bindparam("node"))
_FIRST_LOCKED = _FIRST.with_for_update()
_ADD = insert(coupon_code)
_MINTED = (
    update(coupon_code)
    .where(
        coupon_code.c.node_id == bindparam("node"),
        coupon_code.c.code == bindparam("text"),
        coupon_code.c.state == ASKED,
    )
    .values(state=FREE, gid=bindparam("code_gid"))
)
_REFUSED = delete(coupon_code).where(
    coupon_code.c.node_id == bindparam("node"),
    coupon_code.c.code == bindparam("text"),
    coupon_code.c.state == ASKED,
)


@dataclass(frozen=True, slots=True)
class Books:
    """A node's pool at one moment: ``lack`` codes are missing, ``asked`` are on their way, ``lost`` ones were given."""

    node: Node
    asked: tuple[str, ...]
    lack: int
    lost: tuple[str, ...]
    served: tuple[int, ...]
    """Orders, by Shopify's ids, whose waiting coupon got its code just now."""


def review(conn: Connection, shop_id: int, node_id: int, now: datetime, *, filling: bool) -> Books | None:
    """Give what is free to those who wait, and return what is missing; None for another shop's node.

    Minting starts when the pool is half empty or somebody waits; once it is ``filling``, it goes on to the top. A node
    that is no longer the campaign's has no pool: it mints what its own coupons wait for.
    """
    node = campaigns.by_id(conn, {node_id}).get(node_id)
    if node is None or node.shop_id != shop_id:
        return None
    versions = settings.versions(conn, [shop_id], MODELS)
    today = now.astimezone(versions.current(shop_id, ShopSettings).value.zone).date()
    served = pool.serve_waiting(conn, node, today, now)
    is_offered = any(offer.gives == node.campaign for offer in offers.running(versions, shop_id, now))
    aim = _aim(conn, shop_id, now) if is_offered and not node.retired else 0
    free = _count(conn, node, FREE)
    waiting = conn.execute(_WAITING, {"node": node.id, "today": today}).scalar_one()
    _mark_half(conn, node, free, aim)
    asked = [code for code in conn.execute(_ASKED, {"node": node.id}).scalars() if code != _creating(node)]
    lack = aim + waiting - free - len(asked)
    is_due = filling or waiting > 0 or 2 * free <= aim
    lost = mending.lost(conn, node, today)
    return Books(node, tuple(asked), max(0, lack) if is_due else 0, lost, tuple(served))


def low(conn: Connection, shop_id: int, now: datetime) -> dict[int, Node]:
    """Return the nodes on offer whose pool is half empty, by the orders of the last day as they are now."""
    running = offers.running(settings.versions(conn, [shop_id], MODELS), shop_id, now)
    nodes = campaigns.all_nodes(conn, [(shop_id, offer.gives) for offer in running], now)
    aim = _aim(conn, shop_id, now) if nodes else 0
    return {node.id: node for node in nodes.values() if 2 * _count(conn, node, FREE) <= aim}


def first_code(conn: Connection, node: Node) -> str | None:
    """Return the code that the node is created with, written down before it is sent; None once the node is there.

    Two workers that are about to create it, one of them after its lease, send the same code: Shopify takes it once.
    """
    row = conn.execute(_FIRST_LOCKED if lock_rows(conn) else _FIRST, {"node": node.id}).one()
    if row.gid is not None:
        return None
    if row.first_code is not None:
        return str(row.first_code)
    code = new_code(node.campaign.prefix)
    write_down(conn, node, [code])
    conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(first_code=code))
    return code


def created(conn: Connection, node: Node, gid: str, code: str, code_gid: str | None) -> None:
    """Record that the node is there; its first code joins the pool, unless Shopify does not say what its id is.

    The node forgets it: once given it is somebody's, and is erased with them where codes are.
    """
    conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(gid=gid, first_code=None))
    refusals.lifted(conn, node)
    minted(conn, node, {code: code_gid} if code_gid else {}, () if code_gid else (code,))


def another_first_code(conn: Connection, node: Node, code: str) -> None:
    """Forget a first code that somebody else has."""
    minted(conn, node, {}, [code])
    conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(first_code=None))


def ask(conn: Connection, node: Node, amount: int) -> None:
    """Write down new codes for one call."""
    write_down(conn, node, new_codes(min(amount, PORTION), node.campaign.prefix))


def write_down(conn: Connection, node: Node, codes: Sequence[str]) -> None:
    """Remember that Shopify is about to be asked for these codes."""
    conn.execute(_ADD, [_row(node, code) for code in codes])


def importing(conn: Connection, node: Node, creation: str | None) -> None:
    """Remember the running import, to look after it again when this process does not live to see its end."""
    conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(creation=creation))


def minted(conn: Connection, node: Node, codes: Mapping[str, str], refused: Sequence[str]) -> None:
    """Put codes that are there, with Shopify's ids, into the pool, and forget those that were refused."""
    if codes:
        found = [{"node": node.id, "text": code, "code_gid": gid} for code, gid in sorted(codes.items())]
        conn.execute(_MINTED, found)
    if refused:
        conn.execute(_REFUSED, [{"node": node.id, "text": code} for code in sorted(refused)])
    importing(conn, node, None)


def _creating(node: Node) -> str | None:
    return node.first_code if node.gid is None else None


def _aim(conn: Connection, shop_id: int, now: datetime) -> int:
    return max(LEAST, 2 * int(conn.execute(_ORDERS, {"shop": shop_id, "since": now - DAY}).scalar_one()))


def _count(conn: Connection, node: Node, state: str) -> int:
    return int(conn.execute(_COUNT, {"node": node.id, "in_state": state}).scalar_one())


def _mark_half(conn: Connection, node: Node, free: int, aim: int) -> None:
    """Remember the code whose giving leaves half of the aim, so that no order has to count."""
    skip = max(0, free - 1 - aim // 2)
    mark = conn.execute(_NTH_FREE, {"node": node.id, "skip": skip}).scalar_one_or_none()
    if mark != node.low_id:
        conn.execute(update(coupon_node).where(coupon_node.c.id == node.id).values(low_id=mark))


def _row(node: Node, code: str) -> dict[str, object]:
    return {"shop_id": node.shop_id, "node_id": node.id, "code": code, "state": ASKED}
