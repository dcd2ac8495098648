"""The facts that one delivered body states, in integers, UTC instants and frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Body = Mapping[str, Any]

NO_MINOR = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_PLACES = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
FOUR_PLACES = frozenset(["CLF", "UYW"])

# the rank of a status among bodies of the same second (rule 2), lowest first
STATUSES = (
    "expired",
    "pending",
    "authorized",
    "partially_paid",
    "paid",
    "partially_refunded",
    "refunded",
    "voided",
)


class Unusable(Exception):
    """A body that must be parked: a required key is absent or a value cannot be what it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """One position of an order; money in minor units, `price` of one piece before discounts.

    `shares` are its discounts by the place of their application among the order's.
    """

    id: int
    product: int | None
    quantity: int
    current: int
    gift: bool
    ships: bool
    price: int
    discounts: tuple[int, ...]
    shares: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Pieces given back: `subtotal` after discounts, `tax` of it. `gift` is None where the body does not say."""

    line: int
    quantity: int
    subtotal: int
    tax: int
    gift: bool | None


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; `lines` is None where only its id is known. Adjustments are (kind, signed minor units)."""

    id: int
    order: int
    at: datetime
    lines: tuple[RefundLine, ...] | None
    adjustments: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one order body says, with the place it came from."""

    id: int
    updated_at: datetime
    source: str
    fetched_at: datetime | None
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    test: bool
    currency: str
    taxes_included: bool
    status: str
    outstanding: int
    subtotal: int
    tax: int
    checkout_token: str | None
    source_name: str | None
    locale: str | None
    customer: int | None
    codes: tuple[str, ...]
    applications: str
    by_code: tuple[str | None, ...]
    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]
    shipping: tuple[str, ...]
    country: str | None
    province: str | None

    def stated(self) -> str:
        """The facts alone as text, without where and when they were read; the last resort of the order."""
        return repr(
            [(name, getattr(self, name)) for name in self.__slots__ if name not in ("source", "fetched_at")]
        )


def exponent(currency: str) -> int:
    """Decimal places of the currency in ISO 4217."""
    if currency in NO_MINOR:
        return 0
    if currency in THREE_PLACES:
        return 3
    return 4 if currency in FOUR_PLACES else 2


def minor(amount: object, currency: str) -> int:
    """The decimal amount as minor units; an amount finer than the currency is unusable."""
    scaled = Decimal(str(amount)).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise Unusable(f"{amount} {currency} has more places than the currency")
    return int(scaled)


def instant(text: str) -> datetime:
    """An ISO time stamp with its offset as a UTC instant."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Unusable(f"{text} has no offset")
    return moment.astimezone(UTC)


def shop_money(bag: Body) -> int:
    """The shop's side of a money bag in minor units of the currency named there."""
    return minor(bag["shop_money"]["amount"], bag["shop_money"]["currency_code"])


def decode_order(body: Body, source: str, fetched_at: datetime | None) -> Snapshot:
    """The snapshot in an orders/* body; raises Unusable where a required key is absent."""
    try:
        return _order(body, source, fetched_at)
    except (KeyError, TypeError) as absent:
        raise Unusable(f"order body without {absent}") from absent


def decode_refund(body: Body) -> Refund:
    """The refund in a refunds/create body; raises Unusable where a required key is absent."""
    try:
        return _refund(body, body["order_id"])
    except (KeyError, TypeError) as absent:
        raise Unusable(f"refund body without {absent}") from absent


def _order(body: Body, source: str, fetched_at: datetime | None) -> Snapshot:
    currency = body["currency"]
    if body["financial_status"] not in STATUSES:
        raise Unusable(f"no such status: {body['financial_status']}")
    cancelled = body["cancelled_at"]
    address = body.get("shipping_address") or {}
    return Snapshot(
        id=body["id"],
        updated_at=instant(body["updated_at"]),
        source=source,
        fetched_at=fetched_at,
        created_at=instant(body["created_at"]),
        processed_at=instant(body["processed_at"]),
        cancelled_at=None if cancelled is None else instant(cancelled),
        test=bool(body["test"]),
        currency=currency,
        taxes_included=bool(body["taxes_included"]),
        status=body["financial_status"],
        outstanding=minor(body["total_outstanding"], currency),
        subtotal=shop_money(body["current_subtotal_price_set"]),
        tax=shop_money(body["current_total_tax_set"]),
        checkout_token=body.get("checkout_token"),
        source_name=body.get("source_name"),
        locale=body.get("customer_locale"),
        customer=(body.get("customer") or {}).get("id"),
        codes=tuple(used["code"] for used in body.get("discount_codes") or ()),
        applications=repr([sorted(a.items()) for a in body.get("discount_applications") or ()]),
        by_code=tuple(a.get("code") for a in body.get("discount_applications") or ()),
        lines=tuple(_line(line) for line in body["line_items"]),
        refunds=tuple(sorted((_refund(r, body["id"]) for r in body["refunds"]), key=lambda r: r.id)),
        shipping=tuple(str(line.get("title")) for line in body.get("shipping_lines") or ()),
        country=address.get("country_code"),
        province=address.get("province_code"),
    )


def _line(body: Body) -> Line:
    return Line(
        id=body["id"],
        product=body.get("product_id"),
        quantity=body["quantity"],
        current=body["current_quantity"],
        gift=bool(body["gift_card"]),
        ships=bool(body.get("requires_shipping")),
        price=shop_money(body["price_set"]),
        discounts=tuple(shop_money(part["amount_set"]) for part in body["discount_allocations"]),
        shares=tuple(
            (part["discount_application_index"], shop_money(part["amount_set"]))
            for part in body["discount_allocations"]
        ),
    )


def _refund(body: Body, order: int) -> Refund:
    lines = body.get("refund_line_items")
    return Refund(
        id=body["id"],
        order=order,
        at=instant(body["created_at"]),
        lines=None if lines is None else tuple(_refund_line(line) for line in lines),
        adjustments=tuple(
            (part["kind"], shop_money(part["amount_set"])) for part in body.get("order_adjustments") or ()
        ),
    )


def _refund_line(body: Body) -> RefundLine:
    gift = (body.get("line_item") or {}).get("gift_card")
    return RefundLine(
        line=body["line_item_id"],
        quantity=body["quantity"],
        subtotal=shop_money(body["subtotal_set"]),
        tax=shop_money(body["total_tax_set"]),
        gift=None if gift is None else bool(gift),
    )
