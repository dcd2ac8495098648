"""What is wrong with a discount the app wants to create, in Shopify's error codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.ids import instant, number_of
from sandbox.money import Body, minor
from sandbox.state import Shop

Error = dict[str, Any]
LONGEST = 255


def user_error(code: str, message: str, *field: str) -> Error:
    """Build a DiscountUserError."""
    return {"field": list(field), "code": code, "message": message, "extraInfo": None}


def basic_errors(shop: Shop, given: Body) -> list[Error]:
    """List what Shopify would refuse in a DiscountCodeBasicInput."""
    root = "basicCodeDiscount"
    gets = given.get("customerGets") or {}
    return [
        *_common_errors(shop, given, root),
        *_value_errors(shop, gets.get("value") or {}, root),
        *_item_errors(shop, gets.get("items") or {}, root),
    ]


def free_shipping_errors(shop: Shop, given: Body) -> list[Error]:
    """List what Shopify would refuse in a DiscountCodeFreeShippingInput."""
    root = "freeShippingCodeDiscount"
    errors = _common_errors(shop, given, root)
    destination = given.get("destination")
    if destination is not None and not destination.get("all") and not destination.get("countries"):
        errors.append(user_error("BLANK", "Destination can't be blank", root, "destination"))
    return errors


def _common_errors(shop: Shop, given: Body, root: str) -> list[Error]:
    errors = [
        user_error("BLANK", f"{name.capitalize()} can't be blank", root, name)
        for name in ("title", "code", "startsAt")
        if not given.get(name)
    ]
    code = given.get("code") or ""
    if len(code) > LONGEST:
        errors.append(user_error("TOO_LONG", "Code is too long (maximum is 255 characters)", root, "code"))
    elif code and shop.discount_of(code):
        errors.append(user_error("TAKEN", "Code must be unique. Please try a different code.", root, "code"))
    limit = given.get("usageLimit")
    if limit is not None and limit < 1:
        errors.append(user_error("GREATER_THAN", "Usage limit must be greater than 0", root, "usageLimit"))
    starts, ends = given.get("startsAt"), given.get("endsAt")
    if starts and ends and instant(ends) <= instant(starts):
        errors.append(
            user_error("END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts_at", root, "endsAt")
        )
    return [*errors, *_context_errors(shop, given, root), *_minimum_errors(shop, given, root)]


def _context_errors(shop: Shop, given: Body, root: str) -> list[Error]:
    context, old = given.get("context"), given.get("customerSelection")
    if context is not None and old is not None:
        return [
            user_error("TOO_MANY_ARGUMENTS", "Only one of context and customerSelection may be given.", root)
        ]
    chosen = context if context is not None else old
    if not chosen:
        return [user_error("BLANK", "Context can't be blank", root, "context")]
    if "customerSegments" in chosen or "markets" in chosen:
        return [user_error("INVALID", "The sandbox knows no segments and no markets.", root, "context")]
    wanted = (chosen.get("customers") or {}).get("add") or ()
    missing = [one for one in wanted if number_of(one, "Customer") not in shop.customers]
    if missing:
        return [
            user_error(
                "INVALID", f"Customer {missing[0]} does not exist.", root, "context", "customers", "add"
            )
        ]
    return []


def _minimum_errors(shop: Shop, given: Body, root: str) -> list[Error]:
    required = given.get("minimumRequirement") or {}
    field = (root, "minimumRequirement")
    if required.get("subtotal") and required.get("quantity"):
        text = "Only one of minimum subtotal and minimum quantity may be given."
        return [user_error("MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT", text, *field)]
    subtotal = (required.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if subtotal is not None and not _is_amount(shop, subtotal):
        return [user_error("INVALID", "Minimum subtotal is invalid", *field, "subtotal")]
    return []


def _value_errors(shop: Shop, value: Body, root: str) -> list[Error]:
    field = (root, "customerGets", "value")
    given = [
        name for name in ("percentage", "discountAmount", "discountOnQuantity") if value.get(name) is not None
    ]
    if len(given) != 1:
        code = "BLANK" if not given else "TOO_MANY_ARGUMENTS"
        return [user_error(code, "Exactly one value must be given.", *field)]
    if given == ["discountOnQuantity"]:
        return [user_error("INVALID", "A discount on a quantity belongs to buy X get Y.", *field)]
    if given == ["percentage"]:
        if not 0 < value["percentage"] <= 1:
            text = "Value must be between 0.0 and 1.0"
            return [user_error("VALUE_OUTSIDE_RANGE", text, *field, "percentage")]
        return []
    amount = value["discountAmount"].get("amount")
    if amount is None or not _is_amount(shop, amount) or Decimal(str(amount)) <= 0:
        text = "Value must be greater than 0"
        return [user_error("GREATER_THAN", text, *field, "discountAmount", "amount")]
    return []


def _item_errors(shop: Shop, items: Body, root: str) -> list[Error]:
    field = (root, "customerGets", "items")
    if not any(items.get(name) for name in ("all", "products", "collections")):
        return [user_error("BLANK", "Items in 'customer get' cannot be blank", *field)]
    named = items.get("products") or {}
    products = {number_of(one, "Product") for one in named.get("productsToAdd") or ()}
    variants = {number_of(one, "ProductVariant") for one in named.get("productVariantsToAdd") or ()}
    if products - set(shop.products) or variants - {one.variant_id for one in shop.products.values()}:
        return [user_error("INVALID", "A product or variant does not exist.", *field, "products")]
    return []


def _is_amount(shop: Shop, amount: Any) -> bool:
    try:
        return minor(str(amount), shop.currency) >= 0
    except (ArithmeticError, ValueError):
        return False
