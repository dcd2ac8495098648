"""Fulfilments and their carrier's scans in the Admin API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.graph import Context, Tables, connection, global_id, key, keys, listing, time_of
from sandbox.ids import gid
from sandbox.money import Body
from sandbox.state import Order


def parcels(order: Order, context: Context, first: int | None = None, query: str | None = None) -> list[Body]:
    """List the parcels of an order in the order they were handed over."""
    return [{**one, "_order": order} for one in order.body["fulfillments"][:first]]


def _find(source: Any, context: Context, id: str) -> Body | None:
    every = (one for order in context.shop.orders.values() for one in parcels(order, context))
    return next((one for one in every if gid("Fulfillment", one["id"]) == id), None)


def _lines(parcel: Body, context: Context, **page: Any) -> Body:
    order = parcel["_order"]
    lines = {one["id"]: {**one, "_order": order} for one in order.body["line_items"]}
    items = [{**one, "_line": lines[one["id"]]} for one in parcel["line_items"]]
    return listing(items, **page)


def _scans(parcel: Body, context: Context, **page: Any) -> Body:
    page.pop("sortKey", None)
    scans = sorted(parcel["_order"].events[parcel["id"]], key=_scan_position)
    return connection(scans, _scan_position, **page)


def _scan_position(scan: Body) -> tuple[str, int]:
    return (time_of(scan["happened_at"]), scan["id"])


def _scan_time(status: str) -> Callable[..., Any]:
    def resolve(parcel: Body, context: Context) -> str | None:
        times = [
            time_of(one["happened_at"])
            for one in parcel["_order"].events[parcel["id"]]
            if one["status"] == status
        ]
        return min(times, default=None)

    return resolve


def _estimate(parcel: Body, context: Context) -> str | None:
    scans = sorted(parcel["_order"].events[parcel["id"]], key=_scan_position)
    known = [one["estimated_delivery_at"] for one in scans if one["estimated_delivery_at"]]
    return time_of(known[-1]) if known else None


def _tracking(parcel: Body, context: Context, first: int | None = None) -> list[Body]:
    if not parcel["tracking_number"]:
        return []
    info = {
        "company": parcel["tracking_company"],
        "number": parcel["tracking_number"],
        "url": parcel["tracking_url"],
    }
    return [info][:first]


TABLES: Tables = {
    "QueryRoot": {"fulfillment": _find},
    "Fulfillment": {
        "id": key("id", global_id("Fulfillment")),
        "legacyResourceId": key("id", str),
        "createdAt": key("created_at", time_of),
        "deliveredAt": _scan_time("delivered"),
        "displayStatus": lambda parcel, context: (parcel["shipment_status"] or "fulfilled").upper(),
        "estimatedDeliveryAt": _estimate,
        "events": _scans,
        "fulfillmentLineItems": _lines,
        "inTransitAt": _scan_time("in_transit"),
        "name": key("name"),
        "order": key("_order"),
        "status": key("status", str.upper),
        "totalQuantity": lambda parcel, context: sum(one["quantity"] for one in parcel["line_items"]),
        "trackingInfo": _tracking,
        "updatedAt": key("updated_at", time_of),
    },
    "FulfillmentLineItem": {
        "id": key("id", global_id("FulfillmentLineItem")),
        "lineItem": key("_line"),
        "quantity": key("quantity"),
    },
    "FulfillmentTrackingInfo": keys("company", "number", "url"),
    "FulfillmentEvent": {
        "id": key("id", global_id("FulfillmentEvent")),
        "createdAt": key("created_at", time_of),
        "estimatedDeliveryAt": key("estimated_delivery_at", time_of),
        "happenedAt": key("happened_at", time_of),
        "message": key("message"),
        "status": key("status", str.upper),
    },
}
