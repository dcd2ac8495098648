"""Shopify Flow: the trigger ``points-about-to-expire``, declared in ``extensions/flow``. Needs ``read_customers``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, Unreachable, user_errors
from plugin.shops import Shop

HANDLE = "points-about-to-expire"


@dataclass(frozen=True, slots=True)
class Ending:
    """Points of one customer that expire on one day of the shop's clock."""

    customer_id: int
    points: int
    on: date
    days_left: int


def payload(ending: Ending) -> dict[str, object]:
    """Return the trigger's fields by their keys; a customer is a reference by number."""
    return {
        "customer_id": ending.customer_id,
        "Points": ending.points,
        "Expiry date": ending.on.isoformat(),
        "Days left": ending.days_left,
    }


async def tell_of_ending(gateway: Gateway, shop: Shop, ending: Ending) -> None:
    """Start the workflows that begin with it; without any, nothing happens. Raises Refused, GatewayError."""
    variables = {"handle": HANDLE, "payload": payload(ending)}
    result = await gateway.execute(shop, document("FlowTriggerReceive"), variables)
    answer = result.data.get("flowTriggerReceive")
    if not isinstance(answer, Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)
    if answer["userErrors"]:
        raise Refused(user_errors(answer["userErrors"]))
