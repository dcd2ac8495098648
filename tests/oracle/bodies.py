"""Webhook bodies as Shopify 2026-07 writes them, reduced to the fields the app subscribes to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.facts import exponent

Json = dict[str, Any]

ORDER_FIELDS = frozenset(
    [
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
        "checkout_token",
        "source_name",
        "customer_locale",
        "customer",
        "discount_codes",
        "discount_applications",
        "line_items",
        "refunds",
        "shipping_lines",
        "shipping_address",
    ]
)
LINE_FIELDS = frozenset(
    [
        "id",
        "product_id",
        "quantity",
        "current_quantity",
        "gift_card",
        "requires_shipping",
        "price_set",
        "discount_allocations",
    ]
)
REFUND_FIELDS = frozenset(
    ["id", "order_id", "created_at", "processed_at", "refund_line_items", "order_adjustments"]
)


@dataclass(slots=True)
class Piece:
    """A line of an order as it is sold: `quantity` pieces at `price`, less two discounts on all of them together.

    `discount` is the share of the order's code, `sale` that of an automatic discount.
    """

    id: int
    price: int
    quantity: int = 1
    discount: int = 0
    gift: bool = False
    current: int = -1
    sale: int = 0

    def __post_init__(self) -> None:
        if self.current < 0:
            self.current = self.quantity

    def worth(self, pieces: int) -> int:
        """What that many of the pieces cost after discounts, rounded down once."""
        return (self.price * self.quantity - self.discount - self.sale) * pieces // self.quantity


@dataclass(frozen=True, slots=True)
class Return:
    """One line of a refund in minor units; `piece` is the line as it was sold."""

    piece: Piece
    quantity: int
    subtotal: int
    tax: int


def money(amount: int, currency: str) -> str:
    """Minor units as Shopify writes an amount: plain decimals with the currency's places."""
    places = exponent(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def bag(amount: int, currency: str) -> Json:
    """A money bag of a shop that sells in its own currency."""
    side = {"amount": money(amount, currency), "currency_code": currency}
    return {"shop_money": side, "presentment_money": dict(side)}


def stamp(moment: datetime, zone: str = "UTC") -> str:
    """An instant as webhooks write it: whole seconds with the shop's offset."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def gid(kind: str, number: int) -> str:
    """The global id of a Shopify object."""
    return f"gid://shopify/{kind}/{number}"


def allocations(piece: Piece, currency: str) -> list[Json]:
    """The shares of the order's discounts that fall on a line: its code's is the first, an automatic one the second."""
    return [
        {
            "amount": money(amount, currency),
            "amount_set": bag(amount, currency),
            "discount_application_index": place,
        }
        for place, amount in enumerate((piece.discount, piece.sale))
        if amount
    ]


def line_item(piece: Piece, currency: str) -> Json:
    """A line inside an order body."""
    return {
        "id": piece.id,
        "product_id": piece.id // 7,
        "quantity": piece.quantity,
        "current_quantity": piece.current,
        "gift_card": piece.gift,
        "requires_shipping": not piece.gift,
        "price_set": bag(piece.price, currency),
        "discount_allocations": allocations(piece, currency),
    }


def adjustment(kind: str, amount: int, number: int, refund: int, order: int, currency: str) -> Json:
    """What a refund gave back beside its lines: negative `amount` in minor units where the shopper got more."""
    return {
        "id": number,
        "order_id": order,
        "refund_id": refund,
        "amount": money(amount, currency),
        "amount_set": bag(amount, currency),
        "tax_amount": money(0, currency),
        "tax_amount_set": bag(0, currency),
        "kind": kind,
        "reason": kind.replace("_", " ").capitalize(),
    }


def refund_line(returned: Return, number: int, currency: str) -> Json:
    """One line of a refund; `subtotal` and `total_tax` are numbers, as Shopify sends them."""
    piece = returned.piece
    sold = line_item(piece, currency)
    del sold["current_quantity"]
    return {
        "id": number,
        "line_item_id": piece.id,
        "location_id": None,
        "quantity": returned.quantity,
        "restock_type": "return",
        "subtotal": float(money(returned.subtotal, currency)),
        "subtotal_set": bag(returned.subtotal, currency),
        "total_tax": float(money(returned.tax, currency)),
        "total_tax_set": bag(returned.tax, currency),
        "line_item": sold
        | {
            "admin_graphql_api_id": gid("LineItem", piece.id),
            "variant_id": piece.id // 11,
            "price": money(piece.price, currency),
            "total_discount": money(0, currency),
            "taxable": not piece.gift,
            "tax_lines": [],
            "duties": [],
            "properties": [],
        },
    }


def refund(
    number: int,
    order: int,
    at: datetime,
    currency: str,
    *,
    returns: Iterable[Return] = (),
    adjustments: Sequence[tuple[str, int]] = (),
    zone: str = "UTC",
) -> Json:
    """A whole refund as an order body holds it."""
    returned = [refund_line(line, number * 10 + at_line, currency) for at_line, line in enumerate(returns)]
    changed = [
        adjustment(kind, amount, number * 10 + 5 + place, number, order, currency)
        for place, (kind, amount) in enumerate(adjustments)
    ]
    return {
        "id": number,
        "admin_graphql_api_id": gid("Refund", number),
        "order_id": order,
        "created_at": stamp(at, zone),
        "processed_at": stamp(at, zone),
        "note": None,
        "user_id": 548380009,
        "restock": True,
        "return": None,
        "duties": [],
        "total_duties_set": bag(0, currency),
        "refund_shipping_lines": [],
        "refund_line_items": returned,
        "order_adjustments": changed,
        "transactions": [],
    }


def refund_event(whole: Json) -> Json:
    """The refunds/create body of a refund."""
    return {key: value for key, value in whole.items() if key in REFUND_FIELDS}


def deletion(order: int) -> Json:
    """The orders/delete body."""
    return {"id": order}


def merge(deleted: int, kept: int, status: str = "completed") -> Json:
    """The customers/merge body; only a completed one names a customer that is gone."""
    failed = status != "completed"
    problem = {"customer_ids": [deleted], "field": "gift_cards", "message": "Customer has gift cards"}
    return {
        "admin_graphql_api_customer_kept_id": gid("Customer", kept),
        "admin_graphql_api_customer_deleted_id": gid("Customer", deleted),
        "admin_graphql_api_job_id": None
        if failed
        else "gid://shopify/Job/ab22429a-ea18-4dad-ac2c-5823288b1e59",
        "status": status,
        "errors": [problem] if failed else [],
    }


def discounts(code: str | None, pieces: Iterable[Piece], currency: str) -> tuple[list[Json], list[Json]]:
    """The discount_codes and discount_applications of an order; the place of its code is the first, used or not."""
    every = list(pieces)
    text = money(sum(piece.discount for piece in every), currency)
    first = application("discount_code" if code else "automatic", text) | ({"code": code} if code else {})
    second = application("automatic", money(sum(piece.sale for piece in every), currency))
    codes = [{"code": code, "amount": text, "type": "fixed_amount"}] if code else []
    return codes, [first, second] if code or any(piece.sale for piece in every) else []


def application(kind: str, value: str) -> Json:
    """A discount of an order."""
    return {
        "target_type": "line_item",
        "type": kind,
        "value": value,
        "value_type": "fixed_amount",
        "allocation_method": "across",
        "target_selection": "all",
    }
