"""Parcels: fulfilments of an order and what the carrier reports of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime

from sandbox.ids import gid, local
from sandbox.money import Body
from sandbox.orders import Event, snapshot, touch
from sandbox.state import Order, Refused, Shop, State

SHIPMENT_STATUSES = frozenset(
    {
        "label_printed",
        "label_purchased",
        "attempted_delivery",
        "ready_for_pickup",
        "confirmed",
        "in_transit",
        "out_for_delivery",
        "delivered",
        "failure",
        "carrier_picked_up",
        "delayed",
    },
)


def fulfil(
    state: State,
    shop: Shop,
    order: Order,
    quantities: Mapping[int, int] | None,
    *,
    tracking_company: str | None,
    tracking_number: str | None,
    tracking_url: str | None,
    at: datetime,
) -> tuple[Body, list[Event]]:
    """Hand lines over (by line id; all that can be, where None) in one parcel."""
    touch(shop, order, at)
    chosen = _chosen(order, quantities)
    number = state.ids.next()
    stamp = local(at, shop.time_zone)
    parcel: Body = {
        "id": number,
        "admin_graphql_api_id": gid("Fulfillment", number),
        "order_id": order.id,
        "status": "success",
        "created_at": stamp,
        "service": "manual",
        "updated_at": stamp,
        "tracking_company": tracking_company,
        "shipment_status": None,
        "location_id": 655_441_491,
        "origin_address": None,
        "line_items": [_fulfilled_line(line, quantity) for line, quantity in chosen],
        "tracking_number": tracking_number,
        "tracking_numbers": [tracking_number] if tracking_number else [],
        "tracking_url": tracking_url,
        "tracking_urls": [tracking_url] if tracking_url else [],
        "receipt": {},
        "name": f"{order.body['name']}.{len(order.body['fulfillments']) + 1}",
    }
    order.body["fulfillments"].append(parcel)
    order.events[number] = []
    states = {line["fulfillment_status"] for line in order.body["line_items"] if line["requires_shipping"]}
    order.body["fulfillment_status"] = "fulfilled" if states == {"fulfilled"} else "partial"
    whole = order.body["fulfillment_status"] == "fulfilled"
    topic = "orders/fulfilled" if whole else "orders/partially_fulfilled"
    return parcel, [
        ("fulfillments/create", _parcel_body(order, parcel)),
        snapshot(topic, order),
        snapshot("orders/updated", order),
    ]


def report(
    state: State,
    shop: Shop,
    order: Order,
    fulfilment_id: int,
    status: str,
    *,
    happened_at: datetime,
    estimated_delivery_at: datetime | None,
    at: datetime,
) -> tuple[Body, list[Event]]:
    """Record one scan of the carrier; the parcel's shipment status becomes that of its latest scan."""
    if status not in SHIPMENT_STATUSES:
        raise Refused(f"There is no shipment status {status}.")
    parcel = next((one for one in order.body["fulfillments"] if one["id"] == fulfilment_id), None)
    if parcel is None:
        raise Refused(f"{order.body['name']} has no parcel {fulfilment_id}.")
    number = state.ids.next()
    stamp = local(at, shop.time_zone)
    scan: Body = {
        "id": number,
        "admin_graphql_api_id": gid("FulfillmentEvent", number),
        "fulfillment_id": fulfilment_id,
        "order_id": order.id,
        "shop_id": shop.id,
        "status": status,
        "message": None,
        "happened_at": local(happened_at, shop.time_zone),
        "estimated_delivery_at": None
        if estimated_delivery_at is None
        else local(estimated_delivery_at, shop.time_zone),
        "city": None,
        "province": None,
        "country": (order.body["shipping_address"] or {}).get("country_code"),
        "zip": None,
        "address1": None,
        "latitude": None,
        "longitude": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    order.events[fulfilment_id].append(scan)
    latest = max(order.events[fulfilment_id], key=lambda one: datetime.fromisoformat(one["happened_at"]))
    parcel["shipment_status"] = latest["status"]
    parcel["updated_at"] = stamp
    touch(shop, order, at)
    return scan, [
        ("fulfillment_events/create", dict(scan)),
        ("fulfillments/update", _parcel_body(order, parcel)),
        snapshot("orders/updated", order),
    ]


def _chosen(order: Order, quantities: Mapping[int, int] | None) -> list[tuple[Body, int]]:
    lines = [line for line in order.body["line_items"] if line["requires_shipping"]]
    if quantities is None:
        chosen = [(line, line["fulfillable_quantity"]) for line in lines if line["fulfillable_quantity"] > 0]
    else:
        by_id = {line["id"]: line for line in lines}
        unknown = [
            i
            for i, k in quantities.items()
            if i not in by_id or not 0 < k <= by_id[i]["fulfillable_quantity"]
        ]
        if unknown:
            raise Refused(f"{order.body['name']} has nothing to hand over of line {unknown[0]}.")
        chosen = [(by_id[i], k) for i, k in quantities.items()]
    if not chosen:
        raise Refused(f"{order.body['name']} has nothing to hand over.")
    for line, quantity in chosen:
        line["fulfillable_quantity"] -= quantity
        line["fulfillment_status"] = "fulfilled" if line["fulfillable_quantity"] == 0 else "partial"
    return chosen


def _fulfilled_line(line: Body, quantity: int) -> Body:
    kept = {key: value for key, value in line.items() if key != "attributed_staffs"}
    return {**copy.deepcopy(kept), "quantity": quantity}


def _parcel_body(order: Order, parcel: Body) -> Body:
    """Build a fulfilment's own webhook: it adds the destination and the e-mail address."""
    return {
        **copy.deepcopy(parcel),
        "email": order.body["email"],
        "destination": copy.deepcopy(order.body["shipping_address"]),
    }
