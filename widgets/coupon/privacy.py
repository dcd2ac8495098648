"""What a coupon says about a person: a code that is given to an order, and the orders that used one."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from plugin.core import privacy
from plugin.core.order_book import order
from plugin.database import among
from plugin.language import sentence
from widgets.base import Processing, Subject
from widgets.coupon import capping
from widgets.coupon.tables import (
    coupon,
    coupon_code,
    coupon_customer,
    coupon_node,
    coupon_tags,
    coupon_use,
)

_USED_CODE = coupon_code.alias("used_code")
_MINE = (
    select(
        order.c.order_id,
        coupon_code.c.code,
        coupon_code.c.assigned_at,
        coupon.c.expires_on,
        coupon.c.void,
        coupon_node.c.kind,
        coupon_node.c.value,
        coupon_node.c.currency,
    )
    .select_from(coupon)
    .join(order, order.c.id == coupon.c.order_ref)
    .outerjoin(coupon_node, coupon_node.c.id == coupon.c.node_id)
    .outerjoin(coupon_code, coupon_code.c.order_ref == coupon.c.order_ref)
    .where(among(coupon.c.order_ref, "refs"), coupon.c.refusal.is_(None))
    .order_by(coupon.c.order_ref, coupon_code.c.id)
)
_USED = (
    select(
        order.c.order_id,
        _USED_CODE.c.code,
        coupon_use.c.currency,
        coupon_use.c.revenue,
        coupon_use.c.discount,
    )
    .select_from(coupon_use)
    .join(_USED_CODE, _USED_CODE.c.id == coupon_use.c.code_id)
    .join(order, order.c.id == coupon_use.c.order_ref)
    .where(among(coupon_use.c.order_ref, "refs"), _USED_CODE.c.code.is_not(None))
    .order_by(coupon_use.c.order_ref, _USED_CODE.c.id)
)
_LET_GO = (
    update(coupon_code)
    .where(among(coupon_code.c.order_ref, "refs"))
    .values(code=None, order_ref=None, assigned_at=None)
)
_FORGET = delete(coupon).where(among(coupon.c.order_ref, "refs"))

_ASKED = (coupon_customer.c.shop_id == bindparam("shop")) & among(coupon_customer.c.customer_id, "customers")
_COUNTED = select(coupon_customer).where(_ASKED).order_by(coupon_customer.c.customer_id)
_UNASK = delete(coupon_customer).where(_ASKED)
_TAGGED = (
    select(coupon_tags.c.day, coupon_tags.c.tags)
    .join(coupon_customer, coupon_customer.c.id == coupon_tags.c.person_ref)
    .where(_ASKED)
    .order_by(coupon_tags.c.day)
)
_UNTAG = delete(coupon_tags).where(coupon_tags.c.person_ref.in_(select(coupon_customer.c.id).where(_ASKED)))


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield the person's coupons, and the codes their orders used."""
    for portion in privacy.portions(subject.order_refs):
        for mine in conn.execute(_MINE, {"refs": portion}).all():
            yield {
                "coupon": {
                    "order": None if mine.order_id is None else str(mine.order_id),
                    "code": mine.code,
                    "kind": mine.kind,
                    "value": mine.value,
                    "currency": mine.currency,
                    "assigned_at": mine.assigned_at,
                    "expires_on": mine.expires_on,
                    "void": mine.void,
                }
            }
        for used in conn.execute(_USED, {"refs": portion}).all():
            order_id = None if used.order_id is None else str(used.order_id)
            facts = {"currency": used.currency, "paid": used.revenue, "taken_off": used.discount}
            yield {"used": {"order": order_id, "code": used.code} | facts}


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget whose the codes are and what they read.

    A code that was handed out works until its day all the same: what ends it then knows it by Shopify's id alone.
    That a stranger's code was used stays, between our own keys, so that their page goes on telling the truth; so
    do the amounts, in which nobody can be recognised once the order is sealed.
    """
    for portion in privacy.portions(subject.order_refs):
        capping.forget(conn, portion)
        conn.execute(_LET_GO, {"refs": portion})
        conn.execute(_FORGET, {"refs": portion})


def export_counted(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield how many orders Shopify counted for the person, and when."""
    if subject.customer_ids:
        for row in conn.execute(_COUNTED, _customers(subject)).all():
            yield {"orders": row.orders, "counted_at": row.counted_at}


def export_tags(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield the person's tags, by the day for which they were asked."""
    if subject.customer_ids:
        for row in conn.execute(_TAGGED, _customers(subject)).all():
            yield {"day": row.day, "tags": json.loads(row.tags)}


def erase_tags(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget the person's tags."""
    if subject.customer_ids:
        conn.execute(_UNTAG, _customers(subject))


def erase_counted(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget that the person was ever asked about; a question that is under way finds nobody."""
    if subject.customer_ids:
        conn.execute(_UNTAG, _customers(subject))
        conn.execute(_UNASK, _customers(subject))


def _customers(subject: Subject) -> dict[str, object]:
    return {"shop": subject.shop_id, "customers": list(subject.customer_ids)}


PROCESSING = (
    Processing(
        what=sentence("The discount code you got for an order, whether it was used, and what it took off"),
        purpose=sentence(
            "So that your pages show your code and remind you of it, and an order gets one only once."
        ),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence("Until your data is erased; an unused code is removed the day after it ends."),
        recipients=(sentence("Shopify, which redeems the code"),),
        columns=(
            "coupon_code.code",
            "coupon_code.assigned_at",
            "coupon.order_ref",
            "coupon_use.revenue",
            "coupon_use.discount",
        ),
        scopes=("write_discounts",),
        export=export,
        erase=erase,
    ),
    Processing(
        what=sentence("How many orders you had placed when a coupon first depended on it"),
        purpose=sentence("So that a first order, and the orders on a stamp card, are told from others."),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence("Until your data is erased, or the shop removes the app."),
        recipients=(sentence("Shopify, which told us"),),
        columns=("coupon_customer.customer_id", "coupon_customer.orders", "coupon_customer.counted_at"),
        export=export_counted,
        erase=erase_counted,
    ),
    Processing(
        what=sentence("The labels (tags) that the shop had given you on the day of an order"),
        purpose=sentence("So that a coupon for certain customers reaches them."),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence("30 days after the day of the order."),
        recipients=(sentence("Shopify, which told us"),),
        columns=("coupon_tags.day", "coupon_tags.tags"),
        export=export_tags,
        erase=erase_tags,
    ),
)
