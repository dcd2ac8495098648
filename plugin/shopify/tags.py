"""Tags on customers. Needs ``write_customers``. Setting one that is there, or removing one that is not, changes nothing."""

from collections.abc import Collection

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, user_errors
from plugin.shopify.names import gid
from plugin.shops import Shop


async def add_tags(gateway: Gateway, shop: Shop, customer_id: int, tags: Collection[str]) -> None:
    """Set tags on a customer. Raises Refused (there is no such customer), else GatewayError."""
    await _change(gateway, shop, "TagsAdd", "tagsAdd", customer_id, tags)


async def remove_tags(gateway: Gateway, shop: Shop, customer_id: int, tags: Collection[str]) -> None:
    """Remove tags from a customer. Raises Refused (there is no such customer), else GatewayError."""
    await _change(gateway, shop, "TagsRemove", "tagsRemove", customer_id, tags)


async def _change(
    gateway: Gateway, shop: Shop, name: str, field: str, customer_id: int, tags: Collection[str]
) -> None:
    if not tags:
        return
    values = {"id": gid("Customer", customer_id), "tags": sorted(tags)}
    result = await gateway.execute(shop, document(name), values)
    if errors := user_errors((result.data.get(field) or {}).get("userErrors") or ()):
        raise Refused(errors)
