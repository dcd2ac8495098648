"""What an operator's monitoring watches of the coupons: who waits for a code because a pool is empty."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from widgets.base import Gauge
from widgets.coupon.tables import coupon

_WAITING = select(
    func.count().label("coupons"),
    func.count(coupon.c.node_id.distinct()).label("pools"),
    func.min(coupon.c.judged_at).label("since"),
).where(coupon.c.waiting, coupon.c.expires_on >= bindparam("today"))


def gauges(conn: Connection, now: datetime) -> Iterator[Gauge]:
    """Yield how many coupons are owed without a code, of how many pools, and for how long."""
    row = conn.execute(_WAITING, {"today": now.date()}).one()
    lag = max(0.0, (now - row.since).total_seconds()) if row.since else 0.0
    yield Gauge("dankbar_coupon_waiting", "Coupons that are owed and have no code yet", row.coupons)
    yield Gauge("dankbar_coupon_pools_empty", "Pools of codes that somebody waits for", row.pools)
    yield Gauge("dankbar_coupon_waiting_seconds", "How long the longest has waited for its code", lag)
