"""What coupons come to lately, and how many codes are ready, for the merchant's home page."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from plugin import settings
from plugin.core.order_book import order
from plugin.database import among
from plugin.language import sentence
from widgets.base import Figure
from widgets.coupon import offers
from widgets.coupon.deciding import MODELS
from widgets.coupon.tables import FREE, coupon, coupon_code, coupon_node, coupon_use

_LATELY = (order.c.shop_id == bindparam("shop")) & (order.c.processed_at >= bindparam("since"))
_ISSUED = (
    select(func.count())
    .select_from(coupon)
    .join(order, order.c.id == coupon.c.order_ref)
    .where(_LATELY, coupon.c.refusal.is_(None), coupon.c.doubt.is_(None), ~coupon.c.void)
)
_REDEEMED = (
    select(func.count(coupon_use.c.code_id.distinct()))
    .join(order, order.c.id == coupon_use.c.order_ref)
    .where(_LATELY)
)
_READY = (
    select(coupon_node.c.fingerprint, func.count().label("codes"))
    .select_from(coupon_code)
    .join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
    .where(
        coupon_node.c.shop_id == bindparam("shop"),
        among(coupon_node.c.fingerprint, "fingerprints"),
        coupon_code.c.state == FREE,
    )
    .group_by(coupon_node.c.fingerprint)
)


def figures(conn: Connection, shop_id: int, since: datetime, now: datetime) -> Iterator[Figure]:
    """Yield coupons of the orders since then, those used by such orders, and the codes ready for the next ones."""
    asked = {"shop": shop_id, "since": since}
    yield Figure(sentence("Coupons given"), conn.execute(_ISSUED, asked).scalar_one())
    yield Figure(sentence("Coupons used"), conn.execute(_REDEEMED, asked).scalar_one())
    running = offers.running(settings.versions(conn, [shop_id], MODELS), shop_id, now)
    wanted = {offer.gives.fingerprint for offer in running}
    if not wanted:
        return
    rows = conn.execute(_READY, {"shop": shop_id, "fingerprints": sorted(wanted)})
    ready = {row.fingerprint: row.codes for row in rows}
    waits = sentence("Shopify is being asked for codes; coupons wait until they are there.")
    yield Figure(sentence("Codes ready"), sum(ready.values()), waits if wanted - ready.keys() else None)
