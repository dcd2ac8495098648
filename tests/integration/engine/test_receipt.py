"""What the door for webhooks answers, and what becomes of what it took (contract section 4, semantics A 27)."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, MutableMapping
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select, text

from plugin import onboarding, shops
from plugin.database import Database
from plugin.shops import Tokens
from plugin.wake import Bells
from tests import engine
from tests.engine import KEYRING
from tests.integration.engine.stories import NOW, bought, figures, installed, reasons, states
from webhooks.inbox import inbox
from webhooks.receive import INBOX_BELL, MOST_BYTES, Door, Receive, Send, ShopifyWebhooks

SECRET, OLD_SECRET = "s" * 32, "o" * 32
ORDER = json.dumps(bought(1).body()).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def headers(body: bytes = ORDER, **changes: Any) -> dict[str, str | bytes]:
    """A delivery's headers; a change to None takes one away."""
    usual: dict[str, Any] = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Shop-Domain": "example.myshopify.com",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-06-01T11:59:59.123456789Z",
        "X-Shopify-Hmac-Sha256": signature(body),
    }
    named = {f"X-Shopify-{name.replace('_', '-').title()}": value for name, value in changes.items()}
    return {name: value for name, value in (usual | named).items() if value is not None}


class Served:
    """The door as a server serves it: with the state that the process keeps."""

    def __init__(self, door: Door) -> None:
        self._webhooks = ShopifyWebhooks((SECRET, OLD_SECRET))
        self._door = door

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await self._webhooks({**scope, "state": {"door": self._door}}, receive, send)


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Shopify, who knows the way."""
    transport = httpx.ASGITransport(app=Served(Door(db, KEYRING, Bells())))
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as opened:
        yield opened


async def post(client: httpx.AsyncClient, body: Any = ORDER, given: Mapping[str, Any] | None = None) -> int:
    sent = headers(body) if given is None else given
    return (await client.post("/webhooks/shopify", content=body, headers=dict(sent))).status_code


async def handled(db: Database) -> dict[str, int]:
    await db.write(lambda conn: engine.handle_all(conn, NOW.replace(year=2100)))
    return await db.read(states)


async def test_what_is_not_proved_is_refused_and_nothing_is_stored(
    db: Database, client: httpx.AsyncClient
) -> None:
    umlaut = "ä".encode()
    wrong: list[dict[str, Any]] = [
        {"hmac_sha256": None},
        {"hmac_sha256": ""},
        {"hmac_sha256": umlaut},
        {"hmac_sha256": b"\xff" * 44},
        {"hmac_sha256": "A" * 44},
        {"hmac_sha256": signature(ORDER)[:-1]},
        {"hmac_sha256": signature(ORDER) + " x"},
        {"hmac_sha256": signature(ORDER).lower()},
        {"hmac_sha256": signature(ORDER, "w" * 32)},
        {"hmac_sha256": signature(ORDER + b" ")},
        {"hmac_sha256": hmac.digest(SECRET.encode(), ORDER, hashlib.sha256).hex()},
        {"topic": umlaut},
        {"shop_domain": None},
        {"shop_domain": ""},
        {"shop_domain": "example.myshopify.com.evil.test"},
        {"shop_domain": "evil.test/example.myshopify.com"},
        {"shop_domain": ".myshopify.com"},
        {"shop_domain": "a" * 64 + ".myshopify.com"},
    ]
    for change in wrong:
        assert await post(client, ORDER, headers(**change)) == 401, change
    assert await post(client, ORDER[:-1] + b" ", headers()) == 401
    assert await post(client, b"", headers()) == 401
    assert await post(client, ORDER, {}) == 401
    assert await db.read(states) == {}


async def test_a_delivery_without_a_name_is_malformed(db: Database, client: httpx.AsyncClient) -> None:
    for name in (None, "", "w" * 121):
        assert await post(client, ORDER, headers(webhook_id=name)) == 400
    assert await db.read(states) == {}


async def test_only_post_is_for_webhooks(client: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = await client.request(method, "/webhooks/shopify", headers=dict(headers()))  # type: ignore[arg-type]
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


async def test_the_size_is_what_was_read_not_what_was_said(db: Database, client: httpx.AsyncClient) -> None:
    large, most = b" " * (3 * 1024 * 1024), b" " * MOST_BYTES
    sent = 0

    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        nonlocal sent
        for start in range(0, len(body), 65_536):
            sent = start
            yield body[start : start + 65_536]

    assert await post(client, large) == 413
    assert await post(client, large, {}) == 413
    assert await post(client, chunks(large), headers(large)) == 413
    assert sent < len(large) - 65_536
    assert await post(client, large, {**headers(large), "Content-Length": "10"}) == 413
    assert await db.read(states) == {}
    assert await post(client, chunks(most), headers(most)) == 200
    assert await post(client, most + b" ") == 413


async def test_a_duplicate_is_welcome_and_stored_once(db: Database, client: httpx.AsyncClient) -> None:
    shop = await installed(db)
    answers = [await post(client) for _ in range(3)]
    assert answers == [200, 200, 200]
    assert await handled(db) == {"handled": 1}
    assert await post(client) == 200
    assert await handled(db) == {"handled": 1}
    assert await post(client, ORDER, headers(shop_domain="Example.MyShopify.com")) == 200
    assert await handled(db) == {"handled": 1}
    assert await db.read(lambda conn: figures(conn, shop, now=NOW)) == (49, 0, 0)


async def test_the_secret_of_before_a_rotation_still_proves(db: Database, client: httpx.AsyncClient) -> None:
    await installed(db)
    assert await post(client, ORDER, headers(hmac_sha256=signature(ORDER, OLD_SECRET))) == 200
    assert await handled(db) == {"handled": 1}


async def test_the_newer_names_of_the_headers_are_read_too(db: Database, client: httpx.AsyncClient) -> None:
    await installed(db)
    short = {name.removeprefix("X-"): value for name, value in headers().items()}
    assert await post(client, ORDER, short) == 200
    assert await handled(db) == {"handled": 1}


async def test_a_time_that_is_none_is_left_out(db: Database, client: httpx.AsyncClient) -> None:
    times = ["yesterday", "", "0001-01-01T00:00:00+14:00", "2026-06-01T12:00:00", "2026-06-01T12:00:00Z"]
    for number, time in enumerate(times):
        assert await post(client, ORDER, headers(triggered_at=time, webhook_id=f"w{number}")) == 200
    stored = select(inbox.c.triggered_at).order_by(inbox.c.webhook_id)
    assert await db.read(lambda conn: list(conn.execute(stored).scalars())) == [None] * 4 + [NOW]


async def test_signed_nonsense_is_stored_and_parked(db: Database, client: httpx.AsyncClient) -> None:
    await installed(db)
    cases: list[tuple[bytes, dict[str, Any]]] = [
        (b"this is no JSON", {}),
        (b"", {}),
        (b"\x00\xff", {"topic": "refunds/create"}),
        (ORDER, {"topic": "never/heard"}),
        (ORDER, {"topic": None}),
        (json.dumps({"myshopify_domain": "other.myshopify.com"}).encode(), {"topic": "app/uninstalled"}),
        (ORDER, {"shop_domain": "unknown.myshopify.com"}),
    ]
    for number, (body, changes) in enumerate(cases):
        assert await post(client, body, headers(body, webhook_id=f"w{number}", **changes)) == 200
    assert await handled(db) == {"parked": len(cases)}
    assert all(await db.read(reasons))
    still = await db.read(lambda conn: shops.find_shop(conn, "example"))
    assert still is not None
    assert still.installed


async def test_what_came_before_the_shop_is_handled_once_it_installs(
    db: Database, client: httpx.AsyncClient
) -> None:
    assert await post(client) == 200
    assert await handled(db) == {"parked": 1}

    def install(conn: Connection) -> None:
        opened = bought(1).placed_at
        shop = shops.record_exchange(conn, "example", Tokens("a", None, None, None), "", opened, KEYRING)
        onboarding.begin(conn, shop, onboarding.UNKNOWN, opened)

    await db.write(install)
    assert await handled(db) == {"handled": 1}
    shop = await db.read(lambda conn: shops.find_shop(conn, "example"))
    assert shop is not None
    assert await db.read(lambda conn: figures(conn, shop)) == (49, 0, 0)


async def test_what_cannot_be_stored_is_asked_for_again(db: Database, client: httpx.AsyncClient) -> None:
    await db.write(lambda conn: conn.execute(text("ALTER TABLE inbox RENAME TO elsewhere")))
    answer = await client.post("/webhooks/shopify", content=ORDER, headers=dict(headers()))  # type: ignore[arg-type]
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "inbox" not in answer.text
    await db.write(lambda conn: conn.execute(text("ALTER TABLE elsewhere RENAME TO inbox")))
    assert await post(client) == 200
    assert await db.read(states) == {"waiting": 1}


async def test_whoever_waits_for_the_inbox_is_woken_after_the_commit(db: Database) -> None:
    bells = Bells()
    transport = httpx.ASGITransport(app=Served(Door(db, KEYRING, bells)))
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as opened:
        waiting = asyncio.ensure_future(bells.wait(INBOX_BELL, 30))
        sending = asyncio.ensure_future(post(opened))
        assert await waiting
        assert await db.read(states) == {"waiting": 1}
        assert await sending == 200
