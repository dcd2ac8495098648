"""A record to be read: every key has a name, every amount and date is written as people write it, and nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

import widgets
from plugin.core import access_log
from plugin.core.access_log import Look
from plugin.database import Database
from plugin.language import language
from tests import engine
from tests.integration.privacy.buying import ANNA, FIRST, NOW, ask_data, refunded, tell
from widgets.readable import readable
from widgets.record_words import LABELS

BERLIN = ZoneInfo("Europe/Berlin")
AS_CARRIERS_SAY = frozenset({"in_transit", "delivered"})
"""Keys that are a carrier's own words."""


def keys(value: Any) -> Iterator[str]:
    """Every key of a record, however deep."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys(part)


def exported(conn: Connection, tag: str) -> dict[str, Any]:
    """The record of somebody of whom there is something of every kind that a webhook brings."""
    shop = engine.install(conn, now=NOW - timedelta(days=200))
    tell(conn, refunded(0))
    parcel = {
        "id": 5_500_000_000_000_001,
        "order_id": FIRST,
        "status": "success",
        "created_at": "2026-03-03T10:00:00Z",
        "updated_at": "2026-03-03T10:00:00Z",
        "tracking_company": "DHL",
        "tracking_number": "00340434",
        "tracking_url": None,
        "shipment_status": "in_transit",
        "line_items": [],
    }
    engine.store(conn, "fulfillments/create", parcel, now=NOW)
    engine.store(conn, "customers/data_request", ask_data(1, ANNA, FIRST), now=NOW)
    engine.handle_all(conn, NOW)
    engine.redeem(conn, shop, ANNA, 20, NOW, NOW)
    access_log.note(conn, shop.id, 42, Look.STATEMENT, NOW, customer_id=ANNA)
    return widgets.export(conn, shop, ANNA, language(tag, "sie"))


async def test_every_key_has_a_name(db: Database) -> None:
    found = await db.write(lambda conn: exported(conn, "en"))
    records = [record for one in found["data"] for record in one["records"]]
    assert {*keys(records)} - LABELS.keys() - AS_CARRIERS_SAY == set()
    assert len(records) >= 6


async def test_amounts_and_times_are_written_as_people_write_them(db: Database) -> None:
    found = await db.write(lambda conn: exported(conn, "de"))
    text = unescape(widgets.readable_page(found, language("de", "sie"), BERLIN, "EUR", NOW))
    assert "2. März 2026, 11:00" in text, "10:00 UTC on the shop's clock"
    assert "49\N{NO-BREAK SPACE}€" in text
    assert "Sendungsnummer" in text
    assert "00340434" in text
    assert "5500000000000001" in text
    assert "2026-03-02T" not in text
    assert str(ANNA) in text


async def test_what_holds_something_comes_first_and_the_rest_is_only_named(db: Database) -> None:
    found = await db.write(lambda conn: exported(conn, "en"))
    record = readable(found, language("en", "sie"), BERLIN, "EUR", NOW)
    held = [bool(one.records) for one in record.kept]
    assert held == sorted(held, reverse=True)
    assert len(record.kept) == len(found["data"])
    assert not record.nothing
