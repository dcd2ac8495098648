"""What is kept about people for all widgets together; each widget declares its own beside this.

One list serves the data panel, the export, the erasure and the shop's own records. A test holds it against every
column of every table.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from plugin.core import access_log, data_requests, privacy
from plugin.core.data_requests import data_request
from plugin.database import among
from plugin.language import LOCALES, Language, sentence
from widgets.base import Processing, Subject, Widget, asked
from widgets.orders_told import orders
from widgets.registry import ALL

CONTRACT = sentence("Contract (Art. 6 (1) (b) GDPR)")
DUTY = sentence("Legal duty (Art. 6 (1) (c) GDPR)")
SHOPIFY = sentence("Shopify, which tells us of it")

PROTECTED_DATA = 1
"""Shopify's level of protected customer data: orders and customers by number; the second would be who and where."""

_REQUESTS = (
    select(data_request.c.received_at, data_request.c.due_at, data_request.c.done_at)
    .where(
        data_request.c.shop_id == bindparam("shop"),
        among(data_request.c.customer_id, "customers"),
    )
    .order_by(data_request.c.received_at)
)


def _seal(conn: Connection, subject: Subject, now: datetime) -> None:
    privacy.seal(conn, subject.order_refs)


def _requests(conn: Connection, subject: Subject) -> Iterable[Mapping[str, object]]:
    if subject.customer_ids:
        values = {"shop": subject.shop_id, "customers": list(subject.customer_ids)}
        for row in conn.execute(_REQUESTS, values):
            yield {"asked_at": row.received_at, "due_at": row.due_at, "answered_at": row.done_at}


def _forget_requests(conn: Connection, subject: Subject, now: datetime) -> None:
    data_requests.forget(conn, subject.shop_id, subject.customer_ids)


def _looks(conn: Connection, subject: Subject) -> Iterable[Mapping[str, object]]:
    return access_log.of_person(conn, subject.shop_id, subject.customer_ids, subject.order_refs)


def _forget_looks(conn: Connection, subject: Subject, now: datetime) -> None:
    access_log.forget(conn, subject.shop_id, subject.customer_ids, subject.order_refs)


ACCESS = Processing(
    what=sentence("When somebody of the shop's staff looked at this record, and who"),
    purpose=sentence("So that nobody looks at it without a reason."),
    basis=DUTY,
    retention=sentence("One year."),
    columns=(
        "access_log.account_id",
        "access_log.order_ref",
        "access_log.staff",
        "access_log.what",
        "access_log.seen_at",
    ),
    export=_looks,
    erase=_forget_looks,
)
"""Erased while accounts still have their customers: it is found by them."""

REQUESTS = Processing(
    what=sentence("That data was asked for, when, and when it was handed over"),
    purpose=sentence("To answer such requests in time, and to be able to show it."),
    basis=DUTY,
    retention=sentence("Until the shop removes the app."),
    recipients=(SHOPIFY,),
    columns=(
        "data_request.request_id",
        "data_request.customer_id",
        "data_request.order_refs",
        "data_request.orders_unknown",
        "data_request.found",
        "data_request.received_at",
        "data_request.due_at",
        "data_request.done_at",
    ),
    export=_requests,
    erase=_forget_requests,
)
ORDERS = Processing(
    what=sentence(
        "Orders: their numbers and dates, articles, amounts, payment, discount codes, refunds and parcels "
        "with their tracking, the customer's number, the language, and the country and region of delivery"
    ),
    purpose=sentence("So that points, coupons and promises follow what was really bought and kept."),
    basis=CONTRACT,
    retention=sentence("Until the customer's data is erased, or the shop removes the app."),
    recipients=(SHOPIFY,),
    columns=(
        "order.order_id",
        "order.customer_id",
        "order.processed_at",
        "order.first_at",
        "order.net",
        "order.state",
        "refund.refund_id",
    ),
    asks=(
        *asked(
            "orders",
            "id",
            "updated_at",
            "created_at",
            "processed_at",
            "cancelled_at",
            "test",
            "currency",
            "taxes_included",
            "financial_status",
            "total_outstanding",
            "current_subtotal_price_set",
            "current_total_tax_set",
            "source_name",
            "customer_locale",
            "customer.id",
            "discount_codes",
            "discount_applications",
            "line_items.id",
            "line_items.product_id",
            "line_items.quantity",
            "line_items.current_quantity",
            "line_items.gift_card",
            "line_items.requires_shipping",
            "line_items.price_set",
            "line_items.discount_allocations",
            "refunds",
            "shipping_lines.title",
            "shipping_address.country_code",
            "shipping_address.province_code",
        ),
        *asked("orders-delete", "id"),
        *asked(
            "refunds",
            "id",
            "order_id",
            "created_at",
            "processed_at",
            "refund_line_items",
            "order_adjustments",
        ),
        *asked(
            "fulfillments",
            "id",
            "order_id",
            "status",
            "created_at",
            "updated_at",
            "tracking_company",
            "tracking_number",
            "tracking_url",
            "shipment_status",
            "line_items.id",
            "line_items.quantity",
        ),
        *asked(
            "fulfillment-events",
            "id",
            "order_id",
            "fulfillment_id",
            "status",
            "happened_at",
            "created_at",
        ),
    ),
    scopes=("read_orders", "read_fulfillments"),
    export=orders,
    erase=_seal,
)
CHECKOUT = Processing(
    what=sentence("A keyed hash of the checkout's secret number"),
    purpose=sentence("So that the page after the purchase shows an order to its buyer alone."),
    basis=CONTRACT,
    retention=sentence("60 days after we first hear of the order."),
    columns=("order.state",),
    asks=asked("orders", "checkout_token"),
)
"""Goes with the order's facts, or before them."""

MESSAGES = Processing(
    what=sentence("Shopify's messages about orders and customers, encrypted, and the work they ask for"),
    purpose=sentence("So that none is lost before it is dealt with."),
    basis=CONTRACT,
    retention=sentence(
        "Until dealt with, mostly less than a second, and that they came for 7 days; what cannot be dealt with, at most 30 days."
    ),
    recipients=(SHOPIFY,),
    columns=("inbox.body", "inbox.webhook_id", "task.key", "task.payload"),
)
"""Looked through before anything else is erased: bodies are opened with the keys, which no widget holds."""

TOMBSTONES = Processing(
    what=sentence("A keyed hash in place of the number of an erased order or customer"),
    purpose=sentence("So that a late message cannot bring back what was erased."),
    basis=DUTY,
    retention=sentence("Until the shop removes the app; then its key is destroyed as well."),
    columns=("tombstone.hash",),
)
"""Stays after an erasure: it is what remembers it."""


def everything() -> list[Processing]:
    """Return all that is kept about people: the widgets' own in name order, and what they share.

    Erasing follows this order: requests and looks know people by their accounts, before these lose their customer, and
    orders lose their facts last.
    """
    return [processing for _, processing in by_owner()]


def by_owner() -> list[tuple[Widget[Any] | None, Processing]]:
    """Return the same, each with the widget that declares it, None for what widgets share."""
    own = [(widget, processing) for widget in ALL.values() for processing in widget.processing]
    first, last = (REQUESTS, ACCESS), (ORDERS, CHECKOUT, MESSAGES, TOMBSTONES)
    return [*((None, one) for one in first), *own, *((None, one) for one in last)]


def spoken(language: Language, owner: Widget[Any] | None) -> Language:
    """Return the language with the catalogue in which an owner's declarations are translated."""
    return language.of(LOCALES if owner is None else owner.locales)
