"""A discount as it stands at Shopify, where a merchant may have ended, changed or deleted it. Needs ``read_discounts``."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plugin.core.money import minor
from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Misunderstood
from plugin.shops import Shop


@dataclass(frozen=True, slots=True)
class DiscountState:
    """What the discount grants now; amounts in minor units of the currency asked with, shares in percent.

    ``active``: it has begun and has no end; ``single``: each code once, whoever uses it; ``minimum`` is None
    where something else than a subtotal is required.
    """

    active: bool
    single: bool
    everybody: bool
    percent: Decimal | None
    amount: int | None
    minimum: int | None
    products: frozenset[str]
    collections: frozenset[str]
    combines: bool


async def discount_state(gateway: Gateway, shop: Shop, node_id: str, currency: str) -> DiscountState | None:
    """The discount as it is now, None when it is gone. Raises GatewayError."""
    result = await gateway.execute(shop, document("CouponState"), {"id": node_id})
    node = result.data["discountNode"]
    if node is None:
        return None
    try:
        return _state(node["discount"], currency)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Misunderstood("Shopify's answer about a discount cannot be read.") from error


def _state(found: Mapping[str, Any], currency: str) -> DiscountState:
    value, items = found["customerGets"]["value"], found["customerGets"]["items"]
    each = bool(value.get("appliesOnEachItem"))
    amount = value["amount"]["amount"] if "amount" in value and not each else None
    share = value.get("percentage")
    named = {
        name: frozenset(str(one["id"]) for one in items[name]["nodes"]) if name in items else frozenset()
        for name in ("products", "productVariants", "collections")
    }
    return DiscountState(
        active=found["status"] == "ACTIVE" and found["endsAt"] is None,
        single=found["usageLimit"] == 1 and not found["appliesOncePerCustomer"],
        everybody=found["context"]["__typename"] == "DiscountBuyerSelectionAll",
        percent=None if share is None else round(Decimal(str(share)) * 100, 6),
        amount=None if amount is None else minor(str(amount), currency),
        minimum=_minimum(found["minimumRequirement"], currency),
        products=named["products"] | named["productVariants"],
        collections=named["collections"],
        combines=any(found["combinesWith"].values()),
    )


def _minimum(found: Mapping[str, Any] | None, currency: str) -> int | None:
    if not found:
        return 0
    subtotal = found.get("greaterThanOrEqualToSubtotal")
    return minor(str(subtotal["amount"]), currency) if subtotal else None
