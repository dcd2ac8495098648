"""Processes that bill through a pocket Shopify of the test's own, in one event loop: what is asked can be held up."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection

from plugin import shops
from plugin.billing import subscriptions
from plugin.billing.shopify import ShopifyBilling
from plugin.billing.subscriptions import Subscription
from plugin.config import Config
from plugin.database import Database
from plugin.shopify.partner import PartnerApi
from plugin.shops import Shop
from plugin.tasks import task
from sandbox.ids import gid
from sandbox.server import create_sandbox
from sandbox.simulator import Simulator
from tests import engine
from tests.integration.widgets.stage import config

START = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A present of which every look is a little later than the one before; without a step it stands still."""

    now: datetime = START
    step: timedelta = timedelta(milliseconds=400)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        if self.step:
            self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Shopify answers at once; where ``holding`` the answers wait here until they are let through or lost."""

    inner: httpx.AsyncBaseTransport
    holding: bool = False
    held: list["asyncio.Future[bool]"] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if self.holding:
            passes: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self.held.append(passes)
            self.arrived.set()
            if not await passes:
                raise httpx.ReadError("the connection broke", request=request)
        return response

    async def reached(self) -> None:
        """Wait until an answer waits here."""
        async with asyncio.timeout(20):
            await self.arrived.wait()

    def settle(self, which: int, *, passes: bool) -> None:
        """Let one of the answers that wait through, or lose it."""
        waiting = [one for one in self.held if not one.done()]
        if waiting:
            waiting[which % len(waiting)].set_result(passes)


@dataclass
class Pocket:
    """A pocket Shopify, the wire to it, and one shop that has the app."""

    db: Database
    shopify: Simulator
    clock: Clock
    wire: Wire
    http: httpx.AsyncClient
    shop: Shop

    def process(self, skew: timedelta = timedelta(0), **changes: Any) -> ShopifyBilling:
        """A process whose clock is off by that much."""
        partner = self.shopify.state.partner
        known: dict[str, Any] = {
            "partner_org": partner.org,
            "partner_token": partner.token,
            "partner_origin": "http://shopify/partners",
            "app_gid": gid("App", self.shopify.state.app_id),
            "app_handle": "dankbar",
            **changes,
        }
        settings: Config = replace(config("sqlite://"), **known)
        api = PartnerApi(settings, self.http, monotonic=self.clock.monotonic)
        return ShopifyBilling(
            settings, self.db, api, clock=lambda: self.clock() + skew, sleep=self.clock.sleep
        )

    async def row(self) -> Subscription | None:
        return await self.db.read(lambda conn: subscriptions.find(conn, self.shop.id))

    async def tasks(self) -> list[tuple[str, datetime]]:
        """The questions that are to come, by name and moment."""
        rows = await self.db.read(lambda conn: conn.execute(task.select()).all())
        return [(row.key, row.due_at) for row in rows if row.name == "billing.refresh"]


def named(conn: Connection, handle: str, gid: str) -> Shop:
    """A shop that has the app and whose name at Shopify is known."""
    shop = engine.install(conn, handle, now=START)
    facts = {"name": handle, "country": "DE", "development": False, "primary_domain": None}
    shops.record_facts(conn, shop.id, gid=gid, **facts)  # type: ignore[arg-type]
    return shop


async def pocket(db: Database, handle: str = "example") -> Pocket:
    """Set one up; nothing has to be closed but what the caller opened."""
    clock = Clock()
    shopify = Simulator(client_id="c", client_secret="a secret of thirty-two bytes, yes", clock=clock)
    wire = Wire(httpx.ASGITransport(create_sandbox(shopify, shop=handle)))
    outside = shopify.shop(handle)
    shop = await db.write(lambda conn: named(conn, handle, outside.gid))
    return Pocket(db, shopify, clock, wire, httpx.AsyncClient(transport=wire), shop)
