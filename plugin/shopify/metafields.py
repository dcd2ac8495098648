"""The customer metafield ``$app:points``, which Shopify shows where the app is not asked. Needs ``write_customers``.

Its definition, with who may read it, stands in ``shopify.app.toml``.
"""

from collections.abc import Collection, Mapping
from typing import Any

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, Unreachable, user_errors
from plugin.shopify.names import gid
from plugin.shops import Shop

MOST = 25
"""Shopify takes no more metafields in one call."""

PLACE = {"namespace": "$app", "key": "points"}


async def set_points(gateway: Gateway, shop: Shop, values: Mapping[int, str]) -> set[int]:
    """Write a customer's figures for each of up to 25; returns those whom Shopify does not know.

    One call writes all or nothing, so that it is made again without them. Raises Refused, GatewayError.
    """
    left, unknown = dict(values), set[int]()
    while left:
        gone = await _set(gateway, shop, left)
        if not gone:
            break
        unknown |= gone
        left = {customer: value for customer, value in left.items() if customer not in gone}
    return unknown


async def delete_points(gateway: Gateway, shop: Shop, customers: Collection[int]) -> None:
    """Delete the figures of up to 25 customers; whoever is unknown has none. Raises GatewayError."""
    places = [{"ownerId": gid("Customer", customer), **PLACE} for customer in customers]
    result = await gateway.execute(shop, document("MetafieldsDelete"), {"metafields": places})
    if not isinstance(result.data.get("metafieldsDelete"), Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)


async def _set(gateway: Gateway, shop: Shop, values: Mapping[int, str]) -> set[int]:
    if not 0 < len(values) <= MOST:
        raise ValueError(f"between 1 and {MOST} metafields are set at once")
    owners = list(values)
    wanted = [
        {"ownerId": gid("Customer", owner), **PLACE, "type": "json", "value": values[owner]}
        for owner in owners
    ]
    result = await gateway.execute(shop, document("MetafieldsSet"), {"metafields": wanted})
    payload = result.data.get("metafieldsSet")
    if not isinstance(payload, Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)
    errors = payload["userErrors"]
    if any(not _is_of_owner(error) for error in errors):
        raise Refused(user_errors(errors))
    return {owners[_place(error)] for error in errors}


def _is_of_owner(error: Mapping[str, Any]) -> bool:
    path = error.get("field")
    return isinstance(path, list) and path[-1:] == ["ownerId"] and len(path) == 3


def _place(error: Mapping[str, Any]) -> int:
    index = error.get("elementIndex")
    return index if isinstance(index, int) else int(error["field"][1])
