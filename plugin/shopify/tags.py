"""Tags on customers. Needs ``write_customers``. Setting one that is there, or removing one that is not, changes nothing."""

from collections.abc import Collection, Mapping

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, Unreachable, user_errors
from plugin.shopify.names import gid
from plugin.shops import Shop


async def add_tags(gateway: Gateway, shop: Shop, customer_id: int, tags: Collection[str]) -> bool:
    """Set tags on a customer; returns whether Shopify knows them. Raises Refused, GatewayError."""
    return await _change(gateway, shop, "TagsAdd", "tagsAdd", customer_id, tags)


async def remove_tags(gateway: Gateway, shop: Shop, customer_id: int, tags: Collection[str]) -> bool:
    """Remove tags from a customer; returns whether Shopify knows them. Raises Refused, GatewayError."""
    return await _change(gateway, shop, "TagsRemove", "tagsRemove", customer_id, tags)


async def _change(
    gateway: Gateway, shop: Shop, name: str, field: str, customer_id: int, tags: Collection[str]
) -> bool:
    if not tags:
        return True
    values = {"id": gid("Customer", customer_id), "tags": sorted(tags)}
    result = await gateway.execute(shop, document(name), values)
    payload = result.data.get(field)
    if not isinstance(payload, Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)
    errors = user_errors(payload["userErrors"])
    if any(error.field != "id" for error in errors):
        raise Refused(errors)
    return not errors
