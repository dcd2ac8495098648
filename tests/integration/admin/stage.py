"""A shop's admin, asked as App Bridge and a browser would: documents, fetched parts, forms."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, func, select
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import widgets
from plugin import settings
from plugin.admin import admin_routes
from plugin.billing.nobody import NOBODY
from plugin.billing.protocol import Billing
from plugin.config import Config
from plugin.core.orders import Arrival, OrderFacts, Snapshot
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.envelope import Envelope, error_handlers
from plugin.guards import PATCH_PATH
from plugin.pseudonyms import Pseudonyms
from plugin.runtime import Runtime
from plugin.settings import Section, setting
from plugin.shopify import Gateway
from plugin.shopify.transport import shop_client
from plugin.shops import Shop
from plugin.wake import Bells
from plugin.web import patch_page
from sandbox import tokens
from tests.integration.widgets.stage import CLIENT, SECRET, facts, install

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}
DOCUMENT = {"Accept": "text/html", "Sec-Fetch-Dest": "iframe"}


@dataclass(slots=True)
class Stage:
    """One process, its shop ``example`` and a second one, ``other``."""

    runtime: Runtime
    shop: Shop
    other: Shop
    client: httpx.AsyncClient
    stack: AsyncExitStack

    @property
    def db(self) -> Database:
        return self.runtime.db

    async def close(self) -> None:
        await self.client.aclose()
        await self.stack.aclose()

    def token(self, shop: Shop | str | None = None, **claims: Any) -> str:
        handle = shop if isinstance(shop, str) else (shop or self.shop).handle
        return tokens.admin_token(
            SECRET,
            client_id=CLIENT,
            shop_domain=f"{handle}.myshopify.com",
            user_id=42,
            now=datetime.now(UTC),
            claims=claims,
        )

    def bearer(self, shop: Shop | str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(shop)}"}

    async def document(self, path: str, shop: Shop | str | None = None, **query: str) -> httpx.Response:
        handle = shop if isinstance(shop, str) else (shop or self.shop).handle
        params = {
            "shop": f"{handle}.myshopify.com",
            "host": "YWRtaW4",
            "embedded": "1",
            "id_token": self.token(shop),
            **query,
        }
        return await self.client.get(path, params=params, headers=DOCUMENT)

    async def part(self, path: str, shop: Shop | None = None, **query: str) -> httpx.Response:
        params = {"shop": (shop or self.shop).domain, **query}
        return await self.client.get(path, params=params, headers={**PART, **self.bearer(shop)})

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, shop: Shop | None = None, **query: str
    ) -> httpx.Response:
        params = {"shop": (shop or self.shop).domain, **query}
        return await self.client.post(
            path, params=params, data=dict(form or {}), headers={**PART, **self.bearer(shop)}
        )

    async def current(self, section: str, shop: Shop | None = None) -> settings.Version[Section]:
        owner, model = shop or self.shop, widgets.SECTIONS[section]
        found = await self.db.read(lambda conn: settings.versions(conn, [owner.id], [model]))
        return found.current(owner.id, model)

    async def rows(self) -> int:
        """How many versions of settings there are in all."""
        return await self.db.read(
            lambda conn: conn.execute(select(func.count()).select_from(setting)).scalar_one()
        )

    async def tell(self, order_id: int, shop: Shop | None = None, **changes: Any) -> OrderFacts:
        """Have an order arrive as a webhook would tell it."""
        owner, now = shop or self.shop, datetime.now(UTC).replace(microsecond=0)
        told = facts(now, order_id, **changes)
        pseudonym = Pseudonyms(self.runtime.keyring, [owner])
        arrival = Arrival(owner.id, told.id, Snapshot(told))
        await self.db.write(lambda conn: widgets.apply(conn, [arrival], now, pseudonym))
        return told


def app_of(runtime: Runtime) -> ASGIApp:
    """The admin's routes with what the application puts around them."""
    inner = Starlette(
        routes=[Route(PATCH_PATH, patch_page), *admin_routes()], exception_handlers=error_handlers()
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"runtime": runtime}
        await inner(scope, receive, send)

    return Envelope(app, runtime.config)


async def open_stage(db: Database, config: Config, billing: Billing = NOBODY) -> Stage:
    """A process with two shops that are set up; the caller closes it."""
    keyring = Keyring(config.secret_keys)
    now = datetime.now(UTC) - timedelta(minutes=1)

    def two(conn: Connection) -> tuple[Shop, Shop]:
        return install(conn, "example", keyring, now), install(conn, "other", keyring, now)

    shop, other = await db.write(two)
    stack = AsyncExitStack()
    http = await stack.enter_async_context(shop_client(config))
    runtime = Runtime(config, db, keyring, Bells(), Gateway(config, db, keyring, http), billing)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app_of(runtime)), base_url="http://app")
    return Stage(runtime, shop, other, client, stack)
