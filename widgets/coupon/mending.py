"""The books of mending: what follows here from a discount that was deleted or changed at Shopify (semantics C 19).

Its unassigned codes are given up for a new discount of the same terms. Given codes of a deleted one move to the new one
and are made again with the same text; given codes of a changed one stay, under the terms it has now.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, case, delete, select, update

from plugin import settings, tasks
from plugin.core import tombstones
from plugin.database import Utc, among
from plugin.settings import ShopSettings
from widgets.coupon import campaigns, pool, uses
from widgets.coupon.campaigns import Node
from widgets.coupon.tables import (
    ASKED,
    EDITED,
    ENDED,
    EXPIRED,
    FREE,
    GIVEN,
    GONE,
    REPLACED,
    REVOKED,
    WITHDRAWN,
    coupon,
    coupon_code,
    coupon_node,
)

PORTION = 250
"""Shopify takes at most so many codes in one call."""

_MINE = coupon_code.c.node_id == bindparam("node")
_LIVE = (coupon_code.c.state == GIVEN) & coupon_code.c.code.is_not(None) & ~uses.IS_USED
_GIVE_UP = delete(coupon_code).where(_MINE, coupon_code.c.state.in_((FREE, ASKED)))
_UNREACHABLE = (
    update(coupon_code)
    .where(_MINE, coupon_code.c.state == bindparam("was"))
    .values(state=bindparam("is_now"))
)
_MOVE = update(coupon_code).where(_MINE, _LIVE).values(node_id=bindparam("to"), gid=None)
_FOLLOW = (
    update(coupon)
    .where(
        coupon.c.node_id == bindparam("node"),
        coupon.c.waiting
        | coupon.c.order_ref.in_(
            select(coupon_code.c.order_ref).where(
                coupon_code.c.node_id == bindparam("to"), coupon_code.c.state == GIVEN
            )
        ),
    )
    .values(node_id=bindparam("to"))
)
_WAITERS = (
    update(coupon)
    .where(coupon.c.node_id == bindparam("node"), coupon.c.waiting)
    .values(node_id=bindparam("to"))
)
_TAKE_BACK = update(coupon_code).where(_MINE, coupon_code.c.state == FREE).values(state=REVOKED)
_RETIRE = (
    update(coupon_node)
    .where(coupon_node.c.id == bindparam("node"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=coupon_node.c[name].type)
            for name in ("fingerprint", "gid", "creation", "trouble", "trouble_at", "differs")
        }
    )
)
_LOST = (
    select(coupon_code.c.code)
    .where(_MINE, _LIVE, coupon_code.c.gid.is_(None), coupon_code.c.expires_on >= bindparam("today"))
    .order_by(coupon_code.c.id)
    .limit(PORTION)
)
_FOUND = (
    update(coupon_code)
    .where(_MINE, coupon_code.c.code == bindparam("text"), coupon_code.c.state == GIVEN)
    .values(gid=bindparam("code_gid"))
)
_TAKEN = (
    update(coupon_code)
    .where(_MINE, among(coupon_code.c.code, "texts"), coupon_code.c.state == GIVEN)
    .values(state=REPLACED, expires_on=None)
)
_WAIT = (
    update(coupon)
    .where(
        coupon.c.order_ref.in_(
            select(coupon_code.c.order_ref).where(
                _MINE, among(coupon_code.c.code, "texts"), coupon_code.c.state == REPLACED
            )
        ),
        coupon.c.refusal.is_(None),
        ~coupon.c.void,
    )
    .values(waiting=True, mail_due=case((coupon.c.mailed.is_not(None), bindparam("at", type_=Utc))))
)


def gone(conn: Connection, node: Node, now: datetime) -> None:
    """Replace a discount that is there no longer, and have its given codes made again on the new one."""
    tombstones.alone(conn, node.shop_id)
    if not _retire(conn, node, GONE, None, now):
        return
    conn.execute(_GIVE_UP, {"node": node.id})
    for was, is_now in ((REVOKED, WITHDRAWN), (EXPIRED, ENDED)):
        conn.execute(_UNREACHABLE, {"node": node.id, "was": was, "is_now": is_now})
    heir = _heir(conn, node, now)
    conn.execute(_MOVE, {"node": node.id, "to": heir.id})
    conn.execute(_FOLLOW, {"node": node.id, "to": heir.id})
    _ask(conn, pool.TOP_UP, heir, now)


def edited(conn: Connection, node: Node, differs: Collection[str], now: datetime) -> None:
    """Give nobody another code of a discount that was changed, and remember what differs; its unassigned codes go."""
    tombstones.alone(conn, node.shop_id)
    first = _retire(conn, node, EDITED, differs, now)
    if not first:
        return
    heir = _heir(conn, node, now)
    conn.execute(_WAITERS, {"node": node.id, "to": heir.id})
    _ask(conn, pool.TOP_UP, heir, now)
    if conn.execute(_TAKE_BACK, {"node": node.id}).rowcount:
        _ask(conn, pool.REMOVE, node, now)


def settled(conn: Connection, node: Node) -> None:
    """Forget the trouble of a discount that was changed back; it stays retired."""
    conn.execute(
        update(coupon_node)
        .where(coupon_node.c.id == node.id, coupon_node.c.trouble == EDITED)
        .values(trouble=None, differs=None)
    )


def lost(conn: Connection, node: Node, today: date) -> tuple[str, ...]:
    """Return given codes that Shopify does not have, as many as one call takes."""
    return tuple(conn.execute(_LOST, {"node": node.id, "today": today}).scalars())


def restored(
    conn: Connection, node: Node, found: Mapping[str, str], taken: Sequence[str], now: datetime
) -> None:
    """Write down which given codes are there again; those whose text somebody else has wait for another.

    Mails stop showing the old one.
    """
    if found:
        rows = [{"node": node.id, "text": code, "code_gid": gid} for code, gid in sorted(found.items())]
        conn.execute(_FOUND, rows)
    if taken:
        named = {"node": node.id, "texts": sorted(taken)}
        conn.execute(_TAKEN, named)
        conn.execute(_WAIT, {**named, "at": now})


def _retire(
    conn: Connection, node: Node, trouble: str, differs: Collection[str] | None, now: datetime
) -> bool:
    """Record the trouble; returns whether the discount had its fingerprint until now."""
    released = hashlib.sha256(f"{node.campaign.fingerprint}:{node.id}".encode()).hexdigest()
    row = conn.execute(
        select(coupon_node.c.fingerprint, coupon_node.c.trouble, coupon_node.c.trouble_at).where(
            coupon_node.c.id == node.id
        )
    ).one()
    if row.trouble == GONE:
        return False
    conn.execute(
        _RETIRE,
        {
            "node": node.id,
            "new_fingerprint": released,
            "new_gid": None if trouble == GONE else node.gid,
            "new_creation": None,
            "new_trouble": trouble,
            "new_trouble_at": row.trouble_at if row.trouble == trouble else now,
            "new_differs": json.dumps(sorted(differs)) if differs else None,
        },
    )
    return trouble == GONE or bool(row.fingerprint == node.campaign.fingerprint)


def _heir(conn: Connection, node: Node, now: datetime) -> Node:
    pair = (node.shop_id, node.campaign)
    return campaigns.all_nodes(conn, [pair], now)[pair]


def _ask(conn: Connection, name: str, node: Node, now: datetime) -> None:
    tasks.enqueue(conn, pool.wanted(name, [node.id], {node.id: node}, now), now)


def today_of(conn: Connection, shop_id: int, now: datetime) -> date:
    """Return the present day on the shop's clock."""
    return now.astimezone(settings.current(conn, shop_id, ShopSettings).zone).date()
