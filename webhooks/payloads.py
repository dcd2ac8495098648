"""Shapes of the webhook bodies we ask Shopify for, and their translation into the domain's facts.

Only the fields of ``include_fields`` in ``shopify.app.toml`` are read. An absent required key is an error that
names its path and never its content (msgspec); null is told apart from absent.
"""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from plugin.core.money import minor
from plugin.core.orders import RANK, Line, OrderFacts, Refund, RefundLine
from plugin.errors import Park

Number: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""A Shopify id."""

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]

Currency: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]

YEARS = range(1900, 2200)
"""Times outside of these years are no times of an order; dates reckoned from those within always exist."""

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding raises for a body that is not what its topic promises, however deep it is nested."""


class Money(Struct, frozen=True):
    """An amount in one currency, as text."""

    amount: str
    currency_code: Currency | None = None


class Bag(Struct, frozen=True):
    """An amount in the shop's currency (the shopper's is not read)."""

    shop_money: Money


class Customer(Struct, frozen=True):
    """The buyer's id; nothing else of the buyer is read."""

    id: Number | None = None


class Allocation(Struct, frozen=True):
    """The part of a discount that fell on a line."""

    discount_application_index: Count = 0
    amount_set: Bag | None = None
    amount: str | None = None


class LineItem(Struct, frozen=True):
    """One line of an order."""

    id: Number
    quantity: Count
    current_quantity: Count
    price_set: Bag
    gift_card: bool | None = None
    product_id: Number | None = None
    requires_shipping: bool | None = None
    discount_allocations: list[Allocation] | None = None


class RefundedLine(Struct, frozen=True):
    """The refunded line, nested in the refund."""

    gift_card: bool | None = None


class RefundLineItem(Struct, frozen=True):
    """Pieces given back; ``subtotal`` itself is a float, so only the set is read."""

    line_item_id: Number
    quantity: Count
    subtotal_set: Bag
    total_tax_set: Bag | None = None
    line_item: RefundedLine | None = None


class Adjustment(Struct, frozen=True):
    """A difference between what the lines say and what was paid back."""

    kind: str | None = None
    amount: str | None = None
    amount_set: Bag | None = None


class RefundBody(Struct, frozen=True):
    """A refund, in refunds/create or within an order."""

    id: Number
    created_at: datetime
    order_id: Number | None = None
    refund_line_items: list[RefundLineItem] | UnsetType = UNSET
    order_adjustments: list[Adjustment] | None = None


class Code(Struct, frozen=True):
    """A discount code the buyer used."""

    code: str


class Application(Struct, frozen=True):
    """A discount of the order; only codes are named."""

    type: str | None = None
    code: str | None = None


class ShippingLine(Struct, frozen=True):
    """The chosen shipping method."""

    title: str | None = None


class Address(Struct, frozen=True):
    """The delivery zone: country and province, nothing closer (semantics E 30)."""

    country_code: str | None = None
    province_code: str | None = None


class OrderBody(Struct, frozen=True):
    """orders/create, paid, updated, cancelled: one shape."""

    id: Number
    updated_at: datetime
    created_at: datetime
    processed_at: datetime | None
    cancelled_at: datetime | None
    test: bool | None
    currency: Currency
    taxes_included: bool | None
    financial_status: str
    total_outstanding: str | None
    current_subtotal_price_set: Bag
    current_total_tax_set: Bag | None
    line_items: list[LineItem]
    refunds: list[RefundBody]
    checkout_token: str | None = None
    source_name: str | None = None
    customer_locale: str | None = None
    customer: Customer | None = None
    discount_codes: list[Code] | None = None
    discount_applications: list[Application] | None = None
    shipping_lines: list[ShippingLine] | None = None
    shipping_address: Address | None = None


class Deletion(Struct, frozen=True):
    """orders/delete."""

    id: Number


_order = msgspec.json.Decoder(OrderBody)
_refund = msgspec.json.Decoder(RefundBody)
_deletion = msgspec.json.Decoder(Deletion)


def order(body: bytes) -> tuple[OrderFacts, str | None]:
    """Return the facts of an order and its checkout token; raises Park naming the path that is wrong."""
    try:
        return _order_facts(read := _order.decode(body)), read.checkout_token
    except UNREADABLE as error:
        raise Park(f"The order cannot be read: {error}") from error


def refund_of(body: bytes) -> tuple[int, Refund]:
    """Return a refund's order id and the refund, in the currency its own amounts name; raises Park."""
    try:
        read = _refund.decode(body)
        if read.order_id is None:
            raise Park("The refund names no order.")
        return read.order_id, refund_facts(read, None)
    except UNREADABLE as error:
        raise Park(f"The refund cannot be read: {error}") from error


def deletion(body: bytes) -> int:
    """Return the id of a deleted order."""
    try:
        return _deletion.decode(body).id
    except UNREADABLE as error:
        raise Park(f"The deletion cannot be read: {error}") from error


def refund_facts(body: RefundBody, currency: str | None) -> Refund:
    """Return the refund in minor units of the shop's currency, which the body's amounts mostly name themselves."""
    currency = _named(body) or currency
    lines = None
    if body.refund_line_items is not UNSET:
        lines = tuple(
            RefundLine(
                line_id=item.line_item_id,
                quantity=item.quantity,
                subtotal=_minor(item.subtotal_set, currency),
                tax=_minor(item.total_tax_set, currency) if item.total_tax_set else 0,
                gift_card=bool(item.line_item and item.line_item.gift_card),
            )
            for item in body.refund_line_items
        )
    adjustments = [
        _adjustment(one, currency) for one in body.order_adjustments or () if one.kind == "refund_discrepancy"
    ]
    return Refund(body.id, utc(body.created_at), lines, sum(min(0, amount) for amount in adjustments))


def _named(body: RefundBody) -> str | None:
    items = body.refund_line_items if body.refund_line_items is not UNSET else []
    bags = [item.subtotal_set for item in items]
    bags += [one.amount_set for one in body.order_adjustments or () if one.amount_set]
    return next((bag.shop_money.currency_code for bag in bags if bag.shop_money.currency_code), None)


def utc(instant: datetime) -> datetime:
    """Return the instant in UTC; a body's time always names its offset."""
    if instant.tzinfo is None:
        raise ValueError("a time without its offset")
    if instant.year not in YEARS:
        raise ValueError("a time of another age")
    return instant.astimezone(UTC)


def _order_facts(body: OrderBody) -> OrderFacts:
    currency = body.currency
    status = body.financial_status
    if status not in RANK:
        raise ValueError("an unknown financial status")
    address = body.shipping_address or Address()
    return OrderFacts(
        id=body.id,
        updated_at=utc(body.updated_at),
        created_at=utc(body.created_at),
        processed_at=utc(body.processed_at or body.created_at),
        cancelled_at=utc(body.cancelled_at) if body.cancelled_at else None,
        test=bool(body.test),
        currency=currency,
        taxes_included=bool(body.taxes_included),
        status=status,
        outstanding=minor(body.total_outstanding or "0", currency),
        subtotal=_minor(body.current_subtotal_price_set, currency),
        tax=_minor(body.current_total_tax_set, currency) if body.current_total_tax_set else 0,
        source=body.source_name,
        locale=body.customer_locale,
        customer_id=body.customer.id if body.customer else None,
        codes=tuple(one.code for one in body.discount_codes or ()),
        applications=tuple((index, one.code) for index, one in enumerate(body.discount_applications or ())),
        lines=tuple(sorted((_line(line, currency) for line in body.line_items), key=lambda line: line.id)),
        refunds=tuple(
            sorted((refund_facts(one, currency) for one in body.refunds), key=lambda found: found.id)
        ),
        shipping=body.shipping_lines[0].title if body.shipping_lines else None,
        country=address.country_code,
        province=address.province_code,
    )


def _line(line: LineItem, currency: str) -> Line:
    return Line(
        id=line.id,
        product_id=line.product_id,
        quantity=line.quantity,
        current=line.current_quantity,
        gift_card=bool(line.gift_card),
        ships=bool(line.requires_shipping),
        price=_minor(line.price_set, currency),
        allocations=tuple(
            (
                one.discount_application_index,
                _minor(one.amount_set, currency) if one.amount_set else minor(one.amount or "0", currency),
            )
            for one in line.discount_allocations or ()
        ),
    )


def _minor(bag: Bag, currency: str | None) -> int:
    money = bag.shop_money
    unit = currency or money.currency_code
    if unit is None:
        raise ValueError("an amount without a currency")
    return minor(money.amount, unit)


def _adjustment(one: Adjustment, currency: str | None) -> int:
    if one.amount_set is not None:
        return _minor(one.amount_set, currency)
    if one.amount is None or currency is None:
        raise ValueError("an adjustment without an amount in the shop's currency")
    return minor(one.amount, currency)
