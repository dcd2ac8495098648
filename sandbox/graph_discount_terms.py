"""What a discount gives, and on which goods, as the Admin API tells it of the input the app or a merchant sent."""

from __future__ import annotations

from typing import Any

from sandbox.graph import Context, Tables, keys, listing, money
from sandbox.ids import number_of
from sandbox.money import Body
from sandbox.state import Discount


def customer_gets(discount: Discount, context: Context) -> Body:
    """Build the DiscountCustomerGets of a discount."""
    gets = discount.input["customerGets"]
    value, items = gets["value"], gets["items"]
    return {"value": _value(value, context), "items": _items(items, context)}


def _value(value: Body, context: Context) -> Body:
    if value.get("percentage") is not None:
        return {"_type": "DiscountPercentage", "percentage": float(value["percentage"])}
    amount = value["discountAmount"]
    return {
        "_type": "DiscountAmount",
        "amount": money(str(amount["amount"]), context.shop.currency),
        "appliesOnEachItem": bool(amount.get("appliesOnEachItem")),
    }


def _items(items: Body, context: Context) -> Body:
    if items.get("all"):
        return {"_type": "AllDiscountItems", "allItems": True}
    if collections := (items.get("collections") or {}).get("add"):
        numbers = [number_of(one, "Collection") for one in collections]
        return {"_type": "DiscountCollections", "collections": numbers}
    named = items.get("products") or {}
    products = [number_of(one, "Product") for one in named.get("productsToAdd") or ()]
    variants = [number_of(one, "ProductVariant") for one in named.get("productVariantsToAdd") or ()]
    known = context.shop.products
    return {
        "_type": "DiscountProducts",
        "products": [known[one] for one in products if one in known],
        "productVariants": [one for one in known.values() if one.variant_id in variants],
    }


def _list(name: str) -> Any:
    def page(source: Body, context: Context, **page: Any) -> Body:
        return listing(source[name], **page)

    return page


TABLES: Tables = {
    "AllDiscountItems": keys("allItems"),
    "DiscountCollections": {"collections": _list("collections")},
    "DiscountProducts": {"products": _list("products"), "productVariants": _list("productVariants")},
    "DiscountCustomerGets": keys("value", "items"),
    "DiscountPercentage": keys("percentage"),
    "DiscountAmount": keys("amount", "appliesOnEachItem"),
}
