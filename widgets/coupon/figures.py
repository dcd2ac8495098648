"""What coupons come to lately, and how many codes are ready, for the merchant's home page."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from plugin import settings
from plugin.core.order_book import order
from plugin.language import sentence
from widgets.base import Figure
from widgets.coupon import campaigns
from widgets.coupon.effects import MODELS
from widgets.coupon.tables import FREE, coupon, coupon_code, coupon_node, coupon_use

_LATELY = (order.c.shop_id == bindparam("shop")) & (order.c.processed_at >= bindparam("since"))
_ISSUED = (
    select(func.count())
    .select_from(coupon)
    .join(order, order.c.id == coupon.c.order_ref)
    .where(_LATELY, coupon.c.refusal.is_(None), ~coupon.c.void)
)
_REDEEMED = (
    select(func.count(coupon_use.c.code_id.distinct()))
    .join(order, order.c.id == coupon_use.c.order_ref)
    .where(_LATELY)
)
_READY = (
    select(func.count())
    .select_from(coupon_code)
    .join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        coupon_node.c.fingerprint == bindparam("fingerprint"),
        coupon_code.c.state == FREE,
    )
)


def figures(conn: Connection, shop_id: int, since: datetime, now: datetime) -> Iterator[Figure]:
    """Yield coupons of the orders since then, those used by such orders, and the codes ready for the next ones."""
    asked = {"shop": shop_id, "since": since}
    yield Figure(sentence("Coupons given"), conn.execute(_ISSUED, asked).scalar_one())
    yield Figure(sentence("Coupons used"), conn.execute(_REDEEMED, asked).scalar_one())
    campaign = campaigns.current(settings.versions(conn, [shop_id], MODELS), shop_id)
    if campaign is None:
        return
    ready = conn.execute(_READY, {"shop": shop_id, "fingerprint": campaign.fingerprint}).scalar_one()
    advice = (
        None if ready else sentence("Shopify is being asked for codes; coupons wait until they are there.")
    )
    yield Figure(sentence("Codes ready"), ready, advice)
