"""Where a product stands now: its collections and tags. Needs ``read_products``."""

from collections.abc import Mapping
from typing import Any

from plugin.core.campaigns import ProductFacts
from plugin.core.money import minor
from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import AccessDenied, Misunderstood
from plugin.shopify.names import gid, number_of
from plugin.shopify.pages import Connection, complete
from plugin.shops import Shop


async def product_facts(gateway: Gateway, shop: Shop, product_id: int) -> ProductFacts | None:
    """Return the product's collections and tags, None when the shop has no such product. Raises GatewayError."""
    own = {"id": gid("Product", product_id)}
    result = await gateway.execute(shop, document("ProductFacts"), own)
    if result.errors:
        raise AccessDenied(f"Shopify withholds part of a product ({result.errors[0].code}).")
    try:
        found = result.data["product"]
        if found is None:
            return None
        rest = document("ProductCollections")
        collections = await complete(gateway, shop, found["collections"], rest, own, _collections)
        return ProductFacts(
            frozenset(number_of(one["id"], "Collection") for one in collections),
            frozenset(str(tag).casefold() for tag in found["tags"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Misunderstood(
            f"Shopify's answer about a product cannot be read ({type(error).__name__})."
        ) from error


def _collections(data: Mapping[str, Any]) -> Connection | None:
    product = data["product"]
    page: Connection | None = product["collections"] if product else None
    return page


async def variant_price(gateway: Gateway, shop: Shop, variant: str, currency: str) -> int | None:
    """Return what one piece costs now in minor units, None when the shop has no such variant. Raises GatewayError."""
    result = await gateway.execute(shop, document("VariantPrice"), {"id": variant})
    if result.errors:
        raise AccessDenied(f"Shopify withholds a variant ({result.errors[0].code}).")
    found = result.data["productVariant"]
    try:
        return None if found is None else minor(str(found["price"]), currency)
    except ValueError as error:
        raise Misunderstood("Shopify's price of a variant cannot be read.") from error
