"""What a cap finds when it is switched on, and what an erasure leaves of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, select, update

from plugin.core import tombstones
from plugin.database import among
from widgets.coupon import budget, campaigns, uses
from widgets.coupon.budget import Cap
from widgets.coupon.tables import coupon, coupon_budget

_UNCOUNTED = (
    (coupon.c.shop_id == bindparam("shop"))
    & (coupon.c.judged_at >= bindparam("since", type_=coupon.c.judged_at.type))
    & coupon.c.face.is_(None)
    & coupon.c.refusal.is_(None)
    & coupon.c.doubt.is_(None)
)
_NODES = select(coupon.c.node_id).where(_UNCOUNTED).distinct()
_COUNT = (
    update(coupon)
    .where(_UNCOUNTED, coupon.c.node_id == bindparam("node"))
    .values(
        face=bindparam("new_face", type_=coupon.c.face.type),
        month=bindparam("new_month"),
        counted=or_(~coupon.c.void, uses.WAS_USED),
    )
)
_SUM = select(func.coalesce(func.sum(coupon.c.face), 0)).where(
    coupon.c.shop_id == bindparam("shop"), coupon.c.month == bindparam("of_month"), coupon.c.counted
)
_UNCOUNT = (
    update(coupon)
    .where(coupon.c.shop_id == bindparam("shop"), coupon.c.month == bindparam("of_month"))
    .values(face=None, month=None, counted=False)
)
_LOST = (
    select(coupon.c.shop_id, coupon.c.month, func.sum(coupon.c.face).label("faces"))
    .where(among(coupon.c.order_ref, "refs"), coupon.c.counted)
    .group_by(coupon.c.shop_id, coupon.c.month)
)
_KEEP = (
    update(coupon_budget)
    .where(coupon_budget.c.shop_id == bindparam("shop"), coupon_budget.c.month == bindparam("of_month"))
    .values(erased=coupon_budget.c.erased + bindparam("faces", type_=coupon_budget.c.erased.type))
)


def begin(conn: Connection, shop_id: int, cap: Cap, now: datetime) -> None:
    """Count what this month issued before there was a cap, in today's currency and at today's face value.

    Nothing is issued meanwhile: a batch under way knows nothing of the cap, and has to be counted. Call it before
    anything else of the change is written.
    """
    tombstones.alone(conn, shop_id)
    month = budget.lock(conn, {shop_id: cap}, (), now)[shop_id]
    first = now.astimezone(cap.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    mine = {"shop": shop_id, "since": max(first, cap.since or first)}
    nodes = campaigns.by_id(conn, set(conn.execute(_NODES, mine).scalars()))
    for id in sorted(nodes):
        face = month.face(nodes[id].campaign)
        conn.execute(_COUNT, {**mine, "node": id, "new_face": face, "new_month": month.month})
    issued = conn.execute(_SUM, {"shop": shop_id, "of_month": month.month}).scalar_one()
    month.issued, month.full_at = month.erased + int(issued), None
    budget.write(conn, [month])


def restart(conn: Connection, shop_id: int, now: datetime) -> None:
    """Begin the month anew in another currency: what was issued in the one before is no measure for it.

    Call it before anything else of the change is written, as ``begin``.
    """
    tombstones.alone(conn, shop_id)
    for month in budget.lock(conn, {}, [shop_id], now).values():
        conn.execute(_UNCOUNT, {"shop": shop_id, "of_month": month.month})
        month.issued, month.erased, month.full_at, month.mean_on = 0, 0, None, None
        budget.write(conn, [month])


def forget(conn: Connection, refs: Sequence[int]) -> None:
    """Keep what these coupons took from their month; call it before they are erased."""
    for row in conn.execute(_LOST, {"refs": list(refs)}).all():
        conn.execute(_KEEP, {"shop": row.shop_id, "of_month": row.month, "faces": row.faces})
