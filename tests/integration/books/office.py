"""A shop of the pocket Shopify with a real worker: what it orders is told, what is due is done, over HTTP."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection

import widgets
from plugin import clock, guards, install, settings, shops, tasks
from plugin.config import Config
from plugin.database import Database
from plugin.guards import Call
from plugin.runtime import Runtime
from plugin.settings import Section, ShopSettings
from plugin.shops import Shop
from plugin.worker import Worker, jobs_of, run_job
from sandbox.simulator import Simulator
from sandbox.state import Customer
from webhooks import inbox
from webhooks.inbox import Received
from widgets.coupon.settings import CouponSettings

_people = count(1)

CLIENT, SECRET = "client-of-tests", "s" * 32
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def config(sim: Simulator, database_url: str) -> Config:
    """The configuration of a process beside the pocket Shopify."""
    return Config.from_environment(
        {
            "SHOPIFY_API_KEY": CLIENT,
            "SHOPIFY_API_SECRET": SECRET,
            "DANKBAR_SECRET_KEY": base64.urlsafe_b64encode(b"n" * 32).decode(),
            "DANKBAR_DATABASE_URL": database_url,
            "DANKBAR_SHOPIFY_ORIGIN": f"{sim.origin}/{{shop}}",
        }
    )


@dataclass(slots=True)
class Office:
    """One shop, and the process that works for it."""

    sim: Simulator
    runtime: Runtime
    shop: Shop
    worker: Worker
    _told: int = field(default=0)

    @property
    def db(self) -> Database:
        return self.runtime.db

    @property
    def handle(self) -> str:
        return self.shop.handle

    def person(self) -> Customer:
        """Somebody who has not been here before."""
        return self.sim.customer(f"somebody-{next(_people)}@example.com", shop=self.handle)

    def order(self, price: str = "49.90", **more: Any) -> Any:
        """Have somebody buy; nobody is told yet."""
        return self.sim.place_order([price], shop=self.handle, **more)

    async def tell(self) -> None:
        """Let every webhook that Shopify has sent since arrive and be handled."""
        sent = [one for one in self.sim.deliveries[self._told :] if one.shop == self.handle]
        self._told = len(self.sim.deliveries)
        now = datetime.now(UTC)
        rows = [
            Received("shopify", one.shop, one.webhook_id, one.topic, now, now, one.body).row(
                self.runtime.keyring
            )
            for one in sent
        ]
        if rows:
            await self.db.write(lambda conn: inbox.store(conn, rows))
        await self.worker.drain()

    def miss(self) -> None:
        """Let what Shopify has sent since be lost."""
        self._told = len(self.sim.deliveries)

    async def work(self) -> list[str]:
        """Do every task that is due, and what those ask for, and return their names."""
        done = []
        while claimed := await self.db.write(self._claim):
            for one in claimed:
                await self.worker.run_task(one)
                done.append(one.name)
        return done

    async def work_twice(self) -> None:
        """Do every task that is due by two workers at the same moment, of which neither knows of the other."""
        claimed = await self.db.write(self._claim)
        await asyncio.gather(*(self.worker.run_task(one) for one in claimed for _ in range(2)))

    def _claim(self, conn: Connection) -> list[tasks.Claimed]:
        return tasks.claim(conn, self.worker._owner, datetime.now(UTC), 4)

    async def tick(self, name: str, now: datetime | None = None) -> int:
        """Run the clock's job of that name."""
        (job,) = [one for one in jobs_of(self.runtime) if one.name == name]
        return await run_job(self.runtime, job, now or datetime.now(UTC))

    async def change(self, section: str, **patch: object) -> None:
        """Change settings as the admin does."""
        now = datetime.now(UTC)
        await self.db.write(lambda conn: widgets.change_settings(conn, self.shop.id, section, patch, now))

    def calls(self, operation: str) -> int:
        """How often an operation was asked for."""
        return sum(f" {operation}(" in call for call in self.sim.state.shops[self.handle].api_calls)


NewOffice = Callable[..., Awaitable[Office]]


async def open_office(sim: Simulator, runtime: Runtime, handle: str, *sections: Section) -> Office:
    """A shop that installed the app long ago, its clock's jobs done for today."""
    now = datetime.now(UTC)
    sim.shop(handle)

    def also(conn: Connection, shop: Shop) -> None:
        own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=LONG_AGO.isoformat())
        given = {one.section: one for one in (CouponSettings(enabled=False), *sections)}
        rest = [one.settings() for name, one in widgets.ALL.items() if name not in given]
        settings.establish(conn, shop.id, [own, *given.values(), *rest], now)

    token = sim.id_token(handle)
    proof = guards.merchant(runtime.config, Call("GET", "/", {"authorization": f"Bearer {token}"}))
    await install.open_shop(runtime.config, runtime.db, runtime.keyring, proof, now, also)
    shop = await runtime.db.read(lambda conn: shops.find_shop(conn, handle))
    assert shop is not None
    worker = Worker(runtime)

    def settle(conn: Connection) -> None:
        for one in clock.due(conn, jobs_of(runtime), now):
            clock.settle(conn, one, now)

    await runtime.db.write(settle)
    office = Office(sim, runtime, shop, worker)
    office.miss()
    return office
