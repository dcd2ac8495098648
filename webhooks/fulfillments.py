"""fulfillments/create and update, fulfillment_events/create: a parcel of an order, and what its carrier reports.

Of a parcel nothing is read that says where it goes or to whom (semantics E 29).
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from plugin.core.orders import Arrival
from plugin.core.parcels import STAGES, STATUSES, Parcel, Scan, Stage, link
from plugin.errors import Park
from plugin.shops import Shop
from webhooks.inbox import Event
from webhooks.payloads import UNREADABLE, Count, Number, utc


class _Item(Struct, frozen=True):
    id: Number
    quantity: Count


class _Fulfillment(Struct, frozen=True):
    id: Number
    order_id: Number
    status: str | None
    created_at: datetime
    updated_at: datetime
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    shipment_status: str | None = None
    line_items: list[_Item] | None = None


class _Report(Struct, frozen=True):
    id: Number
    order_id: Number
    fulfillment_id: Number
    status: str
    happened_at: datetime
    created_at: datetime | None = None


_fulfillment = msgspec.json.Decoder(_Fulfillment)
_report = msgspec.json.Decoder(_Report)


def created(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return the parcel as it was made; raises Park when it cannot be read."""
    return _told(event, shop, announced=True)


def updated(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return the parcel as it is; raises Park when it cannot be read."""
    return _told(event, shop, announced=False)


def reported(event: Event, shop: Shop, key: bytes) -> Arrival:
    """Return one scan of a parcel that may not have been told yet; raises Park when it cannot be read."""
    try:
        body = _report.decode(event.body or b"")
        at = utc(body.happened_at)
        scan = Scan(body.id, body.status, at, utc(body.created_at) if body.created_at else at)
    except UNREADABLE as error:
        raise Park(f"The carrier's report cannot be read: {error}") from error
    return Arrival(shop.id, body.order_id, parcels=(Parcel(body.fulfillment_id, scans=(scan,)),))


def _told(event: Event, shop: Shop, *, announced: bool) -> Arrival:
    try:
        body = _fulfillment.decode(event.body or b"")
        parcel = _parcel(body, announced=announced)
    except UNREADABLE as error:
        raise Park(f"The parcel cannot be read: {error}") from error
    return Arrival(shop.id, body.order_id, parcels=(parcel,))


def _parcel(body: _Fulfillment, *, announced: bool) -> Parcel:
    status = body.status or STATUSES[0]
    if status not in STATUSES:
        raise ValueError("an unknown status")
    updated_at, stage = utc(body.updated_at), body.shipment_status
    items = body.line_items
    return Parcel(
        id=body.id,
        created_at=utc(body.created_at),
        updated_at=updated_at,
        status=status,
        carrier=body.tracking_company or None,
        number=body.tracking_number or None,
        url=link(body.tracking_url),
        items=tuple(sorted((item.id, item.quantity) for item in items)) if items else None,
        stages=(Stage(stage, updated_at),) if stage in STAGES else (),
        announced=announced,
    )
