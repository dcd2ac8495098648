"""Every route of the whole application refuses, with 401, every proof that is made for another door."""

import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from plugin.app import WEBHOOKS
from plugin.guards import PATCH_PATH
from sandbox import tokens
from tests.integration.doors.house import routes
from tests.integration.started import started
from tests.integration.widgets.stage import CLIENT, PREFIX, SECRET, config

SHOP = "example.myshopify.com"
OPEN = ("/healthz", "/readyz", "/static/", PATCH_PATH)
FILLED = {
    "{name}": "loyalty",
    "{id}": "42",
    "{version}": "0",
    "{name:path}": "app.css",
}

Proof = tuple[dict[str, str], str]
"""Headers and query of one proof."""


def proofs() -> dict[str, Proof]:
    """One good proof for each kind of door, of the same shop, at this moment."""
    now = datetime.now(UTC)
    admin = tokens.admin_token(SECRET, client_id=CLIENT, shop_domain=SHOP, user_id=7, now=now)
    buyer = tokens.shopper_token(SECRET, client_id=CLIENT, shop_domain=SHOP, customer_id=5, now=now)
    visitor = tokens.proxy_query(SECRET, shop_domain=SHOP, path_prefix=PREFIX, customer_id=5, now=now)
    digest = base64.b64encode(hmac.digest(SECRET.encode(), b"", hashlib.sha256)).decode()
    webhook = {
        "X-Shopify-Hmac-Sha256": digest,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": "w1",
        "X-Shopify-Topic": "orders/create",
    }
    return {
        "merchant": ({"Authorization": f"Bearer {admin}"}, ""),
        "shopper": ({"Authorization": f"Bearer {buyer}"}, ""),
        "storefront": ({}, visitor),
        "webhook": (webhook, ""),
    }


def door_of(path: str) -> str | None:
    """Which proof a path asks for; None where everybody may enter."""
    if path.startswith(OPEN):
        return None
    if path.startswith("/proxy"):
        return "storefront"
    if path.startswith("/ext"):
        return "shopper"
    return "webhook" if path == WEBHOOKS else "merchant"


def addresses(pages: Starlette) -> Iterator[tuple[str, str]]:
    """Method and path of every route there is, its parameters filled in."""
    for method, path in routes(pages):
        yield method, re.sub(r"\{[^}]+\}", lambda found: FILLED.get(found[0], "anything"), path)


@pytest.fixture
async def front(database_url: str) -> AsyncIterator[tuple[Starlette, httpx.AsyncClient]]:
    """The whole application, started, without a worker."""
    async with started(config(database_url)) as both:
        yield both


async def test_every_route_refuses_every_other_doors_proof(
    front: tuple[Starlette, httpx.AsyncClient],
) -> None:
    pages, client = front
    tried = 0
    for method, path in addresses(pages):
        door = door_of(path)
        if door is None:
            continue
        for kind, (headers, query) in proofs().items():
            if kind == door:
                continue
            answer = await client.request(method, f"{path}?{query}" if query else path, headers=headers)
            assert answer.status_code == 401, (method, path, kind, answer.status_code)
            tried += 1
        bare = await client.request(method, path)
        assert bare.status_code == 401, (method, path, bare.status_code)
    assert tried > 100


async def test_a_path_that_does_not_exist_asks_for_the_proof_first(
    front: tuple[Starlette, httpx.AsyncClient],
) -> None:
    _, client = front
    assert (await client.get("/admin/no-such-page")).status_code == 401
    assert (await client.get("/nowhere")).status_code == 404
