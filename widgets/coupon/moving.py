"""Orders that wait for a discount which Shopify refuses to make get what else they could have.

The campaign of the same name goes before all others once it has another discount. An order that nothing else fits
goes on waiting: what was promised is withdrawn for no reason of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from plugin import settings
from plugin.core import order_book, tombstones
from plugin.core.order_book import OrderChange
from plugin.tasks import TaskRun
from widgets.coupon import budget, weighing
from widgets.coupon.doubts import Choice, Doubt
from widgets.coupon.effects import on_orders
from widgets.coupon.tables import REFUSED, coupon, coupon_node
from widgets.coupon.weighing import MODELS, Scales

PORTION = 200

_STUCK = (
    select(coupon)
    .join(coupon_node, coupon_node.c.id == coupon.c.node_id)
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        coupon_node.c.trouble == REFUSED,
        coupon.c.waiting,
        coupon.c.order_ref > bindparam("after"),
    )
    .order_by(coupon.c.order_ref)
    .limit(PORTION)
)
_REOPEN = (
    update(coupon)
    .where(coupon.c.order_ref == bindparam("ref"))
    .values(
        doubt=bindparam("new_doubt"),
        node_id=None,
        campaign="",
        waiting=False,
        face=None,
        month=None,
        counted=False,
    )
)


@dataclass(frozen=True, slots=True)
class Moved:
    """Shopify's ids of the orders that were decided anew, and our key of the last one looked at; None at the end."""

    orders: tuple[int, ...]
    reached: int | None


async def move(run: TaskRun) -> None:
    """Move all orders of the shop that can be. Bells ring for them."""
    reached: int | None = 0
    while reached is not None:
        done = await run.db.write(partial(portion, shop_id=run.shop.id, after=reached, now=run.now))
        run.bells.ring(*(f"order:{run.shop.id}:{order_id}" for order_id in done.orders))
        reached = done.reached


def portion(conn: Connection, shop_id: int, after: int, now: datetime) -> Moved:
    """Decide the next orders anew, and nobody else's meanwhile."""
    tombstones.alone(conn, shop_id)
    rows = {row.order_ref: row for row in conn.execute(_STUCK, {"shop": shop_id, "after": after})}
    if not rows:
        return Moved((), None)
    versions = settings.versions(conn, [shop_id], MODELS)
    scales = weighing.set_up(conn, [shop_id], versions, now)
    changes = order_book.load(conn, rows)
    doubts = {one.ref: doubt for one in changes if (doubt := _doubt(one, rows[one.ref], scales, now))}
    moving = [change for change in changes if change.ref in doubts]
    if moving:
        _reopen(conn, shop_id, doubts, rows, now)
        on_orders(conn, moving, now)
    return Moved(tuple(change.order_id for change in moving), max(rows))


def _doubt(change: OrderChange, row: Row[Any], scales: Scales, now: datetime) -> Doubt | None:
    """Return what an order could have instead, with what it waits for last; None if there is nothing else."""
    refused = {id for id, node in scales.nodes.items() if node.refused} | {row.node_id}
    same = [one for one in scales.offered.get(change.shop_id, ()) if one.offer.name == row.campaign]
    choices = [one.choice(change, certain=True) for one in same if one.node.id not in refused]
    weighed = scales.weigh(change, row.judged_at)
    if not choices and weighed is not None:
        choices = [one for one in weighed.choices if one.node_id not in refused]
    if not choices:
        return None
    last = Choice(row.campaign, row.node_id, row.expires_on)
    day = weighed.day if weighed else None
    return Doubt((*choices, last), row.node_id, row.expires_on, None, day, promised=True, since=now)


def _reopen(
    conn: Connection, shop_id: int, doubts: Mapping[int, Doubt], rows: Mapping[int, Row[Any]], now: datetime
) -> None:
    """Put orders back between campaigns, and give back what their coupons took from the month."""
    for month in budget.lock(conn, {}, [shop_id], now).values():
        for ref in doubts:
            if rows[ref].counted:
                month.recount(rows[ref].month, -rows[ref].face)
        budget.write(conn, [month])
    conn.execute(
        _REOPEN, [{"ref": ref, "new_doubt": doubt.encode()} for ref, doubt in sorted(doubts.items())]
    )
