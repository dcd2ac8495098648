"""Parcels of an order as the Admin API shows them, in the same form as their webhooks tell (semantics A 1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from plugin.core.parcels import STAGES, STATUSES, Parcel, Scan, Stage, link
from plugin.shopify.client import Gateway
from plugin.shopify.documents import document
from plugin.shopify.errors import Misunderstood
from plugin.shopify.names import number_of
from plugin.shopify.pages import complete
from plugin.shops import Shop

AT_FIRST = 3
"""How many parcels an order is asked for with; where there are so many, all are asked for."""


async def parcels(gateway: Gateway, shop: Shop, order: Mapping[str, Any]) -> tuple[Parcel, ...]:
    """All parcels of an order that was fetched with its first ones."""
    found: Sequence[Mapping[str, Any]] = order["fulfillments"]
    if len(found) >= AT_FIRST:
        result = await gateway.execute(shop, document("OrderParcels"), {"id": order["id"]})
        again = result.data["order"]
        if again is None:
            raise Misunderstood("An order vanished while it was being read.")
        found = again["fulfillments"]
    return tuple(sorted([await _parcel(gateway, shop, one) for one in found], key=lambda parcel: parcel.id))


async def _parcel(gateway: Gateway, shop: Shop, found: Mapping[str, Any]) -> Parcel:
    own = {"id": found["id"]}
    lines = await complete(
        gateway,
        shop,
        found["fulfillmentLineItems"],
        document("ParcelLines"),
        own,
        lambda data: _of(data, "fulfillmentLineItems"),
    )
    scans = await complete(
        gateway,
        shop,
        found["events"],
        document("ParcelScans"),
        own,
        lambda data: _of(data, "events"),
    )
    status, stage = found["status"].lower(), (found["displayStatus"] or "").lower()
    if status not in STATUSES:
        raise ValueError("an unknown status of a parcel")
    tracked: Mapping[str, Any] = next(iter(found["trackingInfo"]), {})
    updated_at = instant(found["updatedAt"])
    return Parcel(
        id=number_of(found["id"], "Fulfillment"),
        created_at=instant(found["createdAt"]),
        updated_at=updated_at,
        status=status,
        carrier=tracked.get("company") or None,
        number=tracked.get("number") or None,
        url=link(tracked.get("url")),
        items=tuple(
            sorted((number_of(one["lineItem"]["id"], "LineItem"), one["quantity"] or 0) for one in lines)
        )
        or None,
        stages=(Stage(stage, updated_at),) if stage in STAGES else (),
        scans=tuple(sorted((_scan(one) for one in scans), key=lambda scan: scan.id)),
    )


def _scan(found: Mapping[str, Any]) -> Scan:
    return Scan(
        id=number_of(found["id"], "FulfillmentEvent"),
        status=found["status"].lower(),
        at=instant(found["happenedAt"]),
        known_at=instant(found["createdAt"]),
    )


def _of(data: Mapping[str, Any], connection: str) -> Mapping[str, Any]:
    found = data["fulfillment"]
    if found is None:
        raise Misunderstood("A parcel vanished while it was being read.")
    page: Mapping[str, Any] = found[connection]
    return page


def instant(text: str) -> datetime:
    """A time as the Admin API writes it, in UTC. ValueError without its offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its offset")
    return found.astimezone(UTC)
