"""POST /webhooks/stripe: proved over the raw bytes, stored once, there only where Stripe bills; one contract a process."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from stripe import WebhookSignature

from plugin.app import Front, create_app
from plugin.billing.opening import expect_one_contract
from plugin.config import Config
from plugin.database import Database
from plugin.errors import ConfigurationError, Forbidden
from plugin.guards import Merchant
from plugin.onboarding import admit
from plugin.runtime import open_runtime
from tests import engine
from tests.integration.started import started
from tests.integration.widgets.stage import config
from webhooks import handle, topics
from webhooks.inbox import inbox
from webhooks.stripe_events import HANDLED, IGNORED

NEW, OLD = "whsec_" + "n" * 24, "whsec_" + "o" * 24
EVENT = json.dumps(
    {
        "id": "evt_1",
        "type": "invoice.paid",
        "created": 1_790_000_000,
        "data": {"object": {"object": "invoice", "id": "in_1", "customer": "cus_nobody"}},
    }
)


def billed(database_url: str) -> Config:
    return replace(
        config(database_url),
        billing="stripe",
        stripe_api_key="rk_test_" + "a" * 24,
        stripe_webhook_secrets=(NEW, OLD),
    )


def signed(body: str = EVENT, secret: str = NEW, age: int = 0) -> dict[str, str]:
    header = WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age)
    return {"stripe-signature": header}


@asynccontextmanager
async def door(config_: Config) -> AsyncIterator[httpx.AsyncClient]:
    async with started(config_) as (_, client):
        yield client


async def test_an_event_is_stored_once_and_proved_by_either_secret(database_url: str, db: Database) -> None:
    async with door(billed(database_url)) as client:
        for secret in (NEW, OLD, NEW):
            answer = await client.post("/webhooks/stripe", content=EVENT, headers=signed(secret=secret))
            assert answer.status_code == 200
    rows = await db.read(lambda conn: conn.execute(select(inbox)).all())
    assert [(row.source, row.webhook_id, row.topic) for row in rows] == [("stripe", "evt_1", "invoice.paid")]
    assert b"cus_nobody" not in rows[0].body
    batch = await db.write(lambda conn: handle.handle_due(conn, engine.KEYRING, datetime.now(UTC), 10))
    assert (batch.taken, batch.failed) == (1, 0)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (EVENT, {}),
        (EVENT, signed(secret="whsec_another")),
        (EVENT, signed(age=302)),
        (f"{EVENT} ", signed()),
        (EVENT, {"stripe-signature": "t=x,v1=y"}),
        (EVENT, {"stripe-signature": "t=1,v1=é"}),
        (EVENT, {"stripe-signature": signed()["stripe-signature"].replace("v1=", "v0=")}),
        (b"\xff\xfe", signed()),
    ],
    ids=["none", "foreign", "too old", "changed", "nonsense", "not ASCII", "another scheme", "not text"],
)
async def test_without_a_good_signature_nothing_is_stored(
    database_url: str, db: Database, body: str | bytes, headers: dict[str, str]
) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    async with door(billed(database_url)) as client:
        answer = await client.post("/webhooks/stripe", content=body, headers=raw)
    assert answer.status_code == 401
    assert not await db.read(lambda conn: conn.execute(select(inbox)).all())


async def test_a_clock_that_differs_by_some_minutes_is_no_forgery(database_url: str) -> None:
    async with door(billed(database_url)) as client:
        for age in (290, -240):
            answer = await client.post("/webhooks/stripe", content=EVENT, headers=signed(age=age))
            assert answer.status_code == 200


async def test_signed_nonsense_is_stored_and_set_aside(database_url: str, db: Database) -> None:
    async with door(billed(database_url)) as client:
        for body in ("nonsense", '{"id": "evt_2", "type": "card.dreamt_of", "created": 1}'):
            answer = await client.post("/webhooks/stripe", content=body, headers=signed(body))
            assert answer.status_code == 200
    batch = await db.write(lambda conn: handle.handle_due(conn, engine.KEYRING, datetime.now(UTC), 10))
    assert (batch.taken, batch.parked) == (2, 2)


async def test_the_door_has_the_manners_of_the_other(database_url: str) -> None:
    async with door(billed(database_url)) as client:
        assert (await client.get("/webhooks/stripe")).status_code == 405
        large = await client.post("/webhooks/stripe", content=b"x" * (2 * 1024 * 1024 + 1), headers=signed())
        assert large.status_code == 413


@pytest.mark.parametrize("kind", ["none", "shopify"])
async def test_where_stripe_does_not_bill_there_is_no_door(kind: str) -> None:
    app = create_app(replace(config("sqlite:///x"), billing=kind), with_worker=False)
    assert isinstance(app, Front)
    assert set(app._doors) == {"/webhooks/shopify"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        answer = await client.post("/webhooks/stripe", content=EVENT, headers=signed())
    assert answer.status_code == 404


def test_the_documented_events_are_those_of_the_code() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "stripe.md").read_text()
    table = {
        line.split("|")[1].strip(" `"): line.split("|")[2].strip()
        for line in text.partition("## Stripe's events")[2].splitlines()
        if line.startswith("| `")
    }
    assert table == {**dict.fromkeys(HANDLED, "the subscription is fetched"), **IGNORED}
    assert set(topics.STRIPE) == set(table)


async def test_a_second_shop_has_no_part_in_the_contract_unless_it_is_listed(
    database_url: str, db: Database
) -> None:
    now = datetime.now(UTC)
    await db.write(lambda conn: engine.install(conn, "example", now=now))
    one = billed(database_url)
    await expect_one_contract(one, db)
    async with open_runtime(one) as runtime:
        with pytest.raises(Forbidden):
            await admit(runtime, Merchant("stranger", 1, "token", {}), now)
    await db.write(lambda conn: engine.install(conn, "stranger", now=now))
    with pytest.raises(ConfigurationError, match="stranger is not on it"):
        await expect_one_contract(one, db)
    with pytest.raises(ConfigurationError, match="DANKBAR_STRIPE_SHOPS"):
        async with open_runtime(one):
            raise AssertionError
    await expect_one_contract(replace(one, stripe_shops=frozenset({"example", "stranger"})), db)
    await expect_one_contract(replace(one, billing="none"), db)
    with pytest.raises(ConfigurationError, match="example is not on it"):
        await expect_one_contract(replace(one, stripe_shops=frozenset({"stranger"})), db)
