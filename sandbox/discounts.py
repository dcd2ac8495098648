"""What a discount code takes off a cart: computed from the input the app sent and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sandbox.ids import gid
from sandbox.money import decimal, minor, nearest, spread
from sandbox.state import Customer, Discount, Product, RedeemCode, Refused, Shop

DiscountClass = Literal["PRODUCT", "ORDER", "SHIPPING"]
_COMBINES = {"PRODUCT": "productDiscounts", "ORDER": "orderDiscounts", "SHIPPING": "shippingDiscounts"}


class CodeRefused(Refused):
    """The checkout does not take this code; the message says why, ``reason`` in one word, ``facts`` with what."""

    def __init__(self, message: str, reason: str = "", **facts: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.facts = facts


@dataclass(frozen=True, slots=True)
class CartLine:
    """So many of a product; the price of one in minor units."""

    product: Product
    quantity: int
    price: int

    @property
    def total(self) -> int:
        """The line before any discount, minor units."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Cart:
    """What somebody is about to buy; ``shipping`` in minor units, None where nothing is shipped."""

    lines: tuple[CartLine, ...]
    shipping: int | None
    shipping_title: str
    country: str
    province: str | None
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class Applied:
    """One code on a cart: what it takes off each line and off the shipping, minor units."""

    code: str
    discount: Discount
    redeem_code: RedeemCode
    discount_class: DiscountClass
    per_line: tuple[int, ...]
    shipping: int
    value: str
    value_type: Literal["percentage", "fixed_amount"]
    allocation: Literal["across", "each"]
    selection: Literal["all", "entitled"]

    @property
    def total(self) -> int:
        """Everything the code takes off, minor units."""
        return sum(self.per_line) + self.shipping


def apply_codes(shop: Shop, cart: Cart, codes: Sequence[str], now: datetime) -> tuple[Applied, ...]:
    """Apply codes to a cart, product discounts before order discounts; raises CodeRefused for the first that fails."""
    found = [(code, *_found(shop, code, now)) for code in codes]
    _require_combination([discount for _, discount, _ in found])
    order = {"PRODUCT": 0, "ORDER": 1, "SHIPPING": 2}
    found.sort(key=lambda item: order[class_of(item[1])])
    applied: list[Applied] = []
    for code, discount, redeem_code in found:
        applied.append(_apply(shop, cart, code, discount, redeem_code, applied))
    return tuple(applied)


def class_of(discount: Discount) -> DiscountClass:
    """Return the class that decides with which others a discount combines."""
    if discount.kind == "free_shipping":
        return "SHIPPING"
    gets = discount.input["customerGets"]
    each = (gets["value"].get("discountAmount") or {}).get("appliesOnEachItem")
    return "ORDER" if gets["items"].get("all") and not each else "PRODUCT"


def _found(shop: Shop, code: str, now: datetime) -> tuple[Discount, RedeemCode]:
    found = shop.discount_of(code)
    if found is None:
        raise CodeRefused(f"There is no discount code {code}.", "unknown")
    discount, redeem_code = found
    status = discount.status(now)
    if status != "ACTIVE":
        raise CodeRefused(f"The discount code {code} is {status.lower()}.", status.lower())
    limit = discount.input.get("usageLimit")
    if limit is not None and redeem_code.uses >= limit:
        raise CodeRefused(f"The discount code {code} has been used as often as it may.", "used")
    return discount, redeem_code


def _require_combination(discounts: list[Discount]) -> None:
    for i, one in enumerate(discounts):
        for other in discounts[i + 1 :]:
            if one is other or not (_combines(one, class_of(other)) and _combines(other, class_of(one))):
                raise CodeRefused("These discount codes cannot be combined.", "combined")


def _combines(discount: Discount, other: DiscountClass) -> bool:
    return bool((discount.input.get("combinesWith") or {}).get(_COMBINES[other]))


def _apply(
    shop: Shop, cart: Cart, code: str, discount: Discount, redeem_code: RedeemCode, before: Sequence[Applied]
) -> Applied:
    _require_customer(discount, cart.customer, code)
    left = [line.total - sum(a.per_line[i] for a in before) for i, line in enumerate(cart.lines)]
    if discount.kind == "free_shipping":
        return _free_shipping(shop, cart, code, discount, redeem_code, left)
    gets = discount.input["customerGets"]
    entitled = [_entitled(gets["items"], line.product) for line in cart.lines]
    base = [amount if ok else 0 for amount, ok in zip(left, entitled, strict=True)]
    if not any(base):
        raise CodeRefused(f"The discount code {code} does not apply to anything in this cart.", "nothing")
    _require_minimum(shop, discount, code, base, [line.quantity for line in cart.lines], entitled)
    per_line, value, value_type, each = _taken_off(shop, cart, gets["value"], base)
    return Applied(
        code=code,
        discount=discount,
        redeem_code=redeem_code,
        discount_class=class_of(discount),
        per_line=tuple(per_line),
        shipping=0,
        value=value,
        value_type=value_type,
        allocation="each" if each else "across",
        selection="all" if gets["items"].get("all") else "entitled",
    )


def _taken_off(
    shop: Shop, cart: Cart, value: dict[str, Any], base: list[int]
) -> tuple[list[int], str, Literal["percentage", "fixed_amount"], bool]:
    if value.get("percentage") is not None:
        fraction = Decimal(str(value["percentage"]))
        total = nearest(sum(base) * fraction)
        return spread(total, base), f"{float(fraction * 100)}", "percentage", False
    amount = minor(str(value["discountAmount"]["amount"]), shop.currency)
    text = decimal(amount, shop.currency)
    if value["discountAmount"].get("appliesOnEachItem"):
        each = [min(amount * line.quantity, b) for line, b in zip(cart.lines, base, strict=True)]
        return each, text, "fixed_amount", True
    return spread(min(amount, sum(base)), base), text, "fixed_amount", False


def _free_shipping(
    shop: Shop, cart: Cart, code: str, discount: Discount, redeem_code: RedeemCode, left: list[int]
) -> Applied:
    if cart.shipping is None:
        raise CodeRefused(f"The discount code {code} needs something to ship.", "shipping")
    destination = discount.input.get("destination") or {"all": True}
    countries = destination.get("countries") or {}
    if not destination.get("all") and cart.country not in (countries.get("add") or ()):
        raise CodeRefused(f"The discount code {code} does not hold for {cart.country}.", "country")
    highest = discount.input.get("maximumShippingPrice")
    if highest is not None and cart.shipping > minor(str(highest), shop.currency):
        raise CodeRefused(f"The discount code {code} does not cover this way of shipping.", "shipping")
    goods = [not line.product.gift_card for line in cart.lines]
    base = [amount if ok else 0 for amount, ok in zip(left, goods, strict=True)]
    _require_minimum(shop, discount, code, base, [line.quantity for line in cart.lines], goods)
    return Applied(
        code=code,
        discount=discount,
        redeem_code=redeem_code,
        discount_class="SHIPPING",
        per_line=(0,) * len(cart.lines),
        shipping=cart.shipping,
        value="100.0",
        value_type="percentage",
        allocation="each",
        selection="all",
    )


def _entitled(items: dict[str, Any], product: Product) -> bool:
    if product.gift_card:
        return False
    if items.get("all"):
        return True
    named = items.get("products") or {}
    if gid("Product", product.id) in (named.get("productsToAdd") or ()):
        return True
    if gid("ProductVariant", product.variant_id) in (named.get("productVariantsToAdd") or ()):
        return True
    collections = (items.get("collections") or {}).get("add") or ()
    return any(gid("Collection", one) in collections for one in product.collections)


def _require_minimum(
    shop: Shop, discount: Discount, code: str, base: list[int], quantities: list[int], entitled: list[bool]
) -> None:
    required = discount.input.get("minimumRequirement") or {}
    subtotal = (required.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if subtotal is not None and sum(base) < minor(str(subtotal), shop.currency):
        raise CodeRefused(
            f"The discount code {code} needs a subtotal of at least {subtotal} {shop.currency}.",
            "minimum",
            minimum=str(subtotal),
        )
    quantity = (required.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    if quantity is not None and sum(q for q, ok in zip(quantities, entitled, strict=True) if ok) < int(
        quantity
    ):
        raise CodeRefused(
            f"The discount code {code} needs at least {quantity} items.", "quantity", quantity=str(quantity)
        )


def _require_customer(discount: Discount, customer: Customer | None, code: str) -> None:
    chosen = allowed_customers(discount)
    if chosen is not None and (customer is None or customer.gid not in chosen):
        raise CodeRefused(f"The discount code {code} belongs to another customer.", "customer")
    if discount.input.get("appliesOncePerCustomer"):
        if customer is None:
            raise CodeRefused(f"The discount code {code} needs a customer who can be recognised.", "sign_in")
        if customer.id in discount.used_by:
            raise CodeRefused(f"The discount code {code} may be used once by each customer.", "once")


def allowed_customers(discount: Discount) -> list[str] | None:
    """Return the global ids of the only customers a discount is for, or None when it is for everybody."""
    context = discount.input.get("context") or discount.input.get("customerSelection") or {}
    chosen = context.get("customers")
    return None if chosen is None else list(chosen.get("add") or ())
