"""What is kept about people for all widgets together; each widget declares its own beside this.

One list serves the data panel, the export, the erasure and the shop's own records. A test holds it against every
column of every table.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from plugin.core import access_log, data_requests, order_codec, privacy
from plugin.core.data_requests import data_request
from plugin.core.order_book import order
from plugin.core.orders import OrderState
from plugin.core.parcels import Parcel
from plugin.database import among
from plugin.language import LOCALES, Language, sentence
from widgets.base import Processing, Subject, Widget
from widgets.registry import ALL

CONTRACT = sentence("Contract (Art. 6 (1) (b) GDPR)")
DUTY = sentence("Legal duty (Art. 6 (1) (c) GDPR)")
SHOPIFY = sentence("Shopify, which tells us of it")

_ORDERS = (
    select(order.c.order_id, order.c.first_at, order.c.state)
    .where(among(order.c.id, "refs"), ~order.c.sealed)
    .order_by(order.c.order_id)
)
_REQUESTS = (
    select(data_request.c.received_at, data_request.c.due_at, data_request.c.done_at)
    .where(
        data_request.c.shop_id == bindparam("shop"),
        data_request.c.account_id.in_(privacy.MINE),
    )
    .order_by(data_request.c.received_at)
)


def _orders(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    for row in conn.execute(_ORDERS, {"refs": list(subject.order_refs)}).all():
        yield {
            "order": str(row.order_id),
            "first_told_at": row.first_at,
            **_told(order_codec.decode(row.state)),
        }


def _told(state: OrderState) -> dict[str, Any]:
    refunds = [
        {
            "refund": str(found.id),
            "at": found.at,
            "lines": [
                {
                    "line": str(line.line_id),
                    "quantity": line.quantity,
                    "subtotal": line.subtotal,
                    "tax": line.tax,
                }
                for line in found.lines or ()
            ],
            "discrepancy": found.discrepancy,
        }
        for found in state.refunds
    ]
    told: dict[str, Any] = {
        "deleted": state.deleted,
        "refunds": refunds,
        "parcels": [_parcel(one) for one in state.parcels],
    }
    told["customer"] = None if state.customer_id is None else str(state.customer_id)
    told["checkout_token_hash"] = state.token.value if state.token else None
    if state.snapshot is None:
        return told
    facts = state.facts
    lines = [
        {
            "line": str(line.id),
            "product": None if line.product_id is None else str(line.product_id),
            "quantity": line.quantity,
            "kept": line.current,
            "price": line.price,
            "discounts": [amount for _, amount in line.allocations],
            "gift_card": line.gift_card,
        }
        for line in facts.lines
    ]
    return told | {
        "placed_at": facts.created_at,
        "processed_at": facts.processed_at,
        "updated_at": facts.updated_at,
        "cancelled_at": facts.cancelled_at,
        "test": facts.test,
        "payment": facts.status,
        "currency": facts.currency,
        "subtotal": facts.subtotal,
        "tax": facts.tax,
        "outstanding": facts.outstanding,
        "channel": facts.source,
        "language": facts.locale,
        "codes": list(facts.codes),
        "shipping": facts.shipping,
        "country": facts.country,
        "province": facts.province,
        "lines": lines,
    }


def _parcel(parcel: Parcel) -> dict[str, Any]:
    return {
        "parcel": str(parcel.id),
        "handed_over_at": parcel.created_at,
        "carrier": parcel.carrier,
        "tracking_number": parcel.number,
        "tracking_page": parcel.url,
        "state": parcel.status,
        "lines": [{"line": str(line), "quantity": pieces} for line, pieces in parcel.items or ()],
        "reports": [{"says": scan.status, "at": scan.at} for scan in parcel.scans],
        "first_told": {stage.status: stage.at for stage in parcel.stages},
    }


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
    export=_orders,
    erase=_seal,
)
CHECKOUT = Processing(
    what=sentence("A keyed hash of the checkout's secret number"),
    purpose=sentence("So that the page after the purchase shows an order to its buyer alone."),
    basis=CONTRACT,
    retention=sentence("60 days after the order."),
    columns=("order.state",),
)
"""Goes with the order's facts, or before them."""

MESSAGES = Processing(
    what=sentence("Shopify's messages about orders and customers, encrypted, and the work they ask for"),
    purpose=sentence("So that none is lost before it is dealt with."),
    basis=CONTRACT,
    retention=sentence(
        "Until dealt with, mostly less than a second; what cannot be dealt with, at most 30 days."
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
