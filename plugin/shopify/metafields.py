"""The app's own metafields, which Shopify shows where the app is not asked; ``shopify.app.toml`` defines them.

A customer's ``$app:points`` need ``write_customers``, an order's ``$app:coupon`` needs ``write_orders``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, Unreachable, user_errors
from plugin.shopify.names import gid
from plugin.shops import Shop

MOST = 25
"""Shopify takes no more metafields in one call."""


@dataclass(frozen=True, slots=True)
class Place:
    """What owns a metafield of ours, and under which key."""

    owner: str
    key: str

    def of(self, id: int) -> dict[str, str]:
        """Return the place of one owner as the documents name it."""
        return {"ownerId": gid(self.owner, id), "namespace": "$app", "key": self.key}


POINTS, COUPON = Place("Customer", "points"), Place("Order", "coupon")


async def set_points(gateway: Gateway, shop: Shop, values: Mapping[int, str]) -> set[int]:
    """Write a customer's figures for each of up to 25; returns those whom Shopify does not know.

    Raises Refused, GatewayError.
    """
    return await _set_known(gateway, shop, POINTS, values)


async def delete_points(gateway: Gateway, shop: Shop, customers: Collection[int]) -> None:
    """Delete the figures of up to 25 customers; whoever is unknown has none. Raises GatewayError."""
    await _delete(gateway, shop, POINTS, customers)


async def set_coupons(gateway: Gateway, shop: Shop, values: Mapping[int, str]) -> set[int]:
    """Write the coupon of each of up to 25 orders; returns those that Shopify does not know.

    Raises Refused, GatewayError.
    """
    return await _set_known(gateway, shop, COUPON, values)


async def delete_coupons(gateway: Gateway, shop: Shop, orders: Collection[int]) -> None:
    """Delete the coupon of up to 25 orders; what is unknown has none. Raises GatewayError."""
    await _delete(gateway, shop, COUPON, orders)


async def _set_known(gateway: Gateway, shop: Shop, place: Place, values: Mapping[int, str]) -> set[int]:
    """One call writes all or nothing, so that it is made again without those that Shopify does not know."""
    left, unknown = dict(values), set[int]()
    while left:
        gone = await _set(gateway, shop, place, left)
        if not gone:
            break
        unknown |= gone
        left = {owner: value for owner, value in left.items() if owner not in gone}
    return unknown


async def _delete(gateway: Gateway, shop: Shop, place: Place, owners: Collection[int]) -> None:
    places = [place.of(owner) for owner in owners]
    result = await gateway.execute(shop, document("MetafieldsDelete"), {"metafields": places})
    if not isinstance(result.data.get("metafieldsDelete"), Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)


async def _set(gateway: Gateway, shop: Shop, place: Place, values: Mapping[int, str]) -> set[int]:
    if not 0 < len(values) <= MOST:
        raise ValueError(f"between 1 and {MOST} metafields are set at once")
    owners = list(values)
    wanted = [{**place.of(owner), "type": "json", "value": values[owner]} for owner in owners]
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
