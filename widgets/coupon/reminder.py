"""The code that waits for a customer: of all their orders' coupons, the one whose last day comes first."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from plugin.core.accounts import PERSON
from plugin.core.order_book import order
from widgets.coupon import uses
from widgets.coupon.tables import GIVEN, coupon, coupon_code, coupon_node

_WAITING: Select[Any] = (
    select(
        coupon.c.expires_on,
        coupon_node.c.kind,
        coupon_node.c.value,
        coupon_node.c.minimum,
        coupon_node.c.currency,
        coupon_node.c.goods,
        coupon_code.c.code,
    )
    .select_from(order)
    .join(coupon, coupon.c.order_ref == order.c.id)
    .join(coupon_code, (coupon_code.c.order_ref == coupon.c.order_ref) & (coupon_code.c.state == GIVEN))
    .join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
    .where(
        order.c.shop_id == bindparam("shop"),
        order.c.customer_id.in_(PERSON),
        coupon.c.refusal.is_(None),
        ~coupon.c.void,
        coupon.c.expires_on >= bindparam("today"),
        ~uses.IS_USED,
    )
    .order_by(coupon.c.expires_on, coupon.c.order_ref)
    .limit(1)
)
"""Ordered by the coupon's day, not by the code's: that one has an index, and walking all codes along it for the first
that fits would cost more, the more customers a shop has."""


def waiting(conn: Connection, shop_id: int, customer_id: int, today: date) -> Row[Any] | None:
    """Return the person's unused code that ends first, on ``today`` of the shop at the earliest; None without one."""
    asked = {"shop": shop_id, "customer": customer_id, "today": today}
    return conn.execute(_WAITING, asked).one_or_none()
