"""Shopify Flow: the triggers that the app starts workflows with, each declared in an extension of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Refused, Unreachable, user_errors
from plugin.shops import Shop

HANDLE = "points-about-to-expire"
"""Declared in ``extensions/flow``; needs ``read_customers``."""

AT_RISK = "promise-at-risk"
"""Declared in ``extensions/flow-late``; needs ``read_orders``."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Points of one customer that expire on one day of the shop's clock."""

    customer_id: int
    points: int
    on: date
    days_left: int


@dataclass(frozen=True, slots=True)
class Late:
    """An order that will not arrive as promised; days of the shop's clock, empty where none can be named."""

    order_id: int
    reason: str
    promised: date
    earliest: date | None
    latest: date | None
    carrier: str
    tracking: str | None


def payload(ending: Ending) -> dict[str, object]:
    """Return the trigger's fields by their keys; a customer is a reference by number."""
    return {
        "customer_id": ending.customer_id,
        "Points": ending.points,
        "Expiry date": ending.on.isoformat(),
        "Days left": ending.days_left,
    }


def late_payload(late: Late) -> dict[str, object]:
    """Return the trigger's fields by their keys; an order is a reference by number, what is not known is empty."""
    return {
        "order_id": late.order_id,
        "Reason": late.reason,
        "Promised date": late.promised.isoformat(),
        "New earliest date": late.earliest.isoformat() if late.earliest else "",
        "New latest date": late.latest.isoformat() if late.latest else "",
        "Carrier": late.carrier,
        "Tracking link": late.tracking or "",
    }


async def tell_of_ending(gateway: Gateway, shop: Shop, ending: Ending) -> None:
    """Start the workflows that begin with it; without any, nothing happens. Raises Refused, GatewayError."""
    await _start(gateway, shop, HANDLE, payload(ending))


async def tell_of_late(gateway: Gateway, shop: Shop, late: Late) -> None:
    """Start the workflows that begin with it; without any, nothing happens. Raises Refused, GatewayError."""
    await _start(gateway, shop, AT_RISK, late_payload(late))


async def _start(gateway: Gateway, shop: Shop, handle: str, fields: Mapping[str, object]) -> None:
    variables = {"handle": handle, "payload": fields}
    result = await gateway.execute(shop, document("FlowTriggerReceive"), variables)
    answer = result.data.get("flowTriggerReceive")
    if not isinstance(answer, Mapping):
        raise Unreachable("Shopify's answer is empty.", unknown=True)
    if answer["userErrors"]:
        raise Refused(user_errors(answer["userErrors"]))
