"""A shop with the app, its database and its public endpoints, asked as Shopify and a browser would."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import widgets
from plugin import settings
from plugin.config import Config
from plugin.core.order_book import OrderChange
from plugin.core.orders import Arrival, Line, OrderFacts, Snapshot
from plugin.crypto import Keyring, keyed_hash
from plugin.database import Database
from plugin.errors import AppError
from plugin.pseudonyms import Pseudonyms
from plugin.settings import ShopSettings
from plugin.shops import Shop, Tokens, record_exchange, shop_key
from plugin.wake import Bells
from sandbox import tokens
from widgets.actions import action_routes
from widgets.base import Widget
from widgets.display import STATE, Display, open_display
from widgets.routes import widget_routes
from widgets.waits import Waits

SECRET = "s" * 32
CLIENT = "client-id"
PREFIX = "/apps/dankbar"
ORDER, CUSTOMER = 5_678_901_234_567, 7_012_345_678_901
CHECKOUT = "c" * 32


def config(database_url: str, redis_url: str | None = None) -> Config:
    """A process's configuration for that database."""
    environ = {
        "SHOPIFY_API_KEY": CLIENT,
        "SHOPIFY_API_SECRET": SECRET,
        "DANKBAR_SECRET_KEY": "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4",
        "DANKBAR_DATABASE_URL": database_url,
    }
    return Config.from_environment(environ | ({"DANKBAR_REDIS_URL": redis_url} if redis_url else {}))


def facts(now: datetime, order_id: int = ORDER, **changes: Any) -> OrderFacts:
    """A paid order of 49.90 EUR that was placed a moment ago."""
    made = OrderFacts(
        id=order_id,
        updated_at=now,
        created_at=now,
        processed_at=now,
        cancelled_at=None,
        test=False,
        currency="EUR",
        taxes_included=True,
        status="paid",
        outstanding=0,
        subtotal=4990,
        tax=797,
        source="web",
        locale="de-DE",
        customer_id=CUSTOMER,
        lines=(Line(1, 2, 1, 1, gift_card=False, ships=True, price=4990),),
        country="DE",
    )
    return replace(made, **changes)


def install(conn: Connection, handle: str, keyring: Keyring, now: datetime, **shop: Any) -> Shop:
    """A shop that installed the app, with every section at its defaults."""
    found = record_exchange(
        conn, handle, Tokens("access", None, "refresh", None), "read_orders", now, keyring
    )
    own = ShopSettings(
        time_zone="Europe/Berlin", currency="EUR", active_from=(now - timedelta(days=30)).isoformat(), **shop
    )
    settings.establish(conn, found.id, [own, *(widget.settings() for widget in widgets.ALL.values())], now)
    return found


@dataclass(slots=True)
class Stage:
    """One process that shows widgets, and one shop."""

    display: Display
    shop: Shop
    client: httpx.AsyncClient
    now: datetime
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Database:
        return self.display.db

    async def close(self) -> None:
        await self.client.aclose()

    def proxy_url(
        self,
        path: str,
        customer: int | None = None,
        query: Mapping[str, str] | None = None,
        shop: str | None = None,
    ) -> str:
        signed = tokens.proxy_query(
            SECRET,
            shop_domain=f"{shop or self.shop.handle}.myshopify.com",
            path_prefix=PREFIX,
            customer_id=customer,
            now=datetime.now(UTC),
            visitor_query=urlencode(query or {}),
        )
        return f"/proxy/widgets{path}?{signed}"

    async def proxy(self, path: str, customer: int | None = None, **query: str) -> httpx.Response:
        return await self.client.get(self.proxy_url(path, customer, query), headers=self.headers)

    async def act(
        self, path: str, form: Mapping[str, str], customer: int | None = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(self.proxy_url(path, customer), data=dict(form), headers=named)

    def bearer(self, customer: int | None = None, shop: str | None = None) -> dict[str, str]:
        token = tokens.shopper_token(
            SECRET,
            client_id=CLIENT,
            shop_domain=f"{shop or self.shop.handle}.myshopify.com",
            customer_id=customer,
            now=datetime.now(UTC),
        )
        return {"Authorization": f"Bearer {token}"}

    async def order(
        self, order: int | str = ORDER, customer: int | None = None, **query: str
    ) -> httpx.Response:
        return await self.client.get(
            f"/ext/orders/{order}", params=query, headers={**self.headers, **self.bearer(customer)}
        )

    async def account(self, customer: int | None, **query: str) -> httpx.Response:
        return await self.client.get("/ext/account", params=query, headers=self.bearer(customer))

    async def tell(
        self, told: OrderFacts, token: str | None = CHECKOUT, shop: Shop | None = None
    ) -> list[OrderChange]:
        """Have the order arrive as a webhook would tell it."""
        owner = shop or self.shop
        hashed = keyed_hash(shop_key(self.display.keyring, owner), token) if token else None
        arrival = Arrival(owner.id, told.id, Snapshot(told), hashed)
        pseudonyms = Pseudonyms(self.display.keyring, [owner])
        changes = await self.db.write(lambda conn: widgets.apply(conn, [arrival], self.now, pseudonyms))
        self.display.bells.ring(f"order:{owner.id}:{told.id}")
        return changes

    async def until_waiting(self, requests: int) -> None:
        """Return when that many requests wait for their order."""
        while self.display.waits._shops.total() < requests:  # noqa: ASYNC110  a place does not tell who holds it
            await asyncio.sleep(0.005)

    async def change(self, section: str, **patch: object) -> None:
        """Change settings, and let the moment pass for which the old ones may be shown."""
        await self.db.write(
            lambda conn: widgets.change_settings(conn, self.shop.id, section, patch, datetime.now(UTC))
        )
        self.display.cache.forget(self.shop.handle)


def app_of(display: Display, probes: Iterable[Widget[Any]] = ()) -> ASGIApp:
    """The public endpoints as one application; ``probes`` are widgets of a test with actions of its own."""

    async def refuse(request: Request[Any], error: Exception) -> JSONResponse:
        assert isinstance(error, AppError)
        return JSONResponse({"error": error.code, "detail": error.message}, error.status)

    inner = Starlette(
        routes=[*action_routes(probes), *widget_routes()], exception_handlers={AppError: refuse}
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {STATE: display}
        await inner(scope, receive, send)

    return app


async def open_stage(
    db: Database, settings_of: Config, now: datetime, probes: Iterable[Widget[Any]] = ()
) -> Stage:
    """A process and its shop ``example``; the caller closes the client."""
    keyring = Keyring(settings_of.secret_keys)
    shop = await db.write(lambda conn: install(conn, "example", keyring, now))
    display = replace(open_display(settings_of, db, keyring, Bells()), waits=Waits(longest=0.3))
    transport = httpx.ASGITransport(app_of(display, probes), client=("10.0.0.1", 1234))
    return Stage(display, shop, httpx.AsyncClient(transport=transport, base_url="http://app"), now)
