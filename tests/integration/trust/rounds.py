"""A worker's rounds through a shop's seals: what the clock asks for, done against an issuer on this machine."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

import widgets
from plugin import tasks
from plugin.language import language
from plugin.shopify import Gateway
from plugin.shopify.transport import shop_client
from plugin.shops import record_facts, shop_by_id
from plugin.tasks import TaskRun
from tests.integration.trust.issuer import HOST, Issuer
from tests.integration.widgets.stage import Stage, config
from widgets.trust.checking import CHECK, JOBS, checked_by
from widgets.trust.fetching import Fetcher, Owns
from widgets.trust.links import host_of
from widgets.trust.tables import trust_check

SHOP_HOST = "www.muster.example"
SEAL = {
    "issuer": "Siegelwerk",
    "seal_id": "SW-48213",
    "verify_url": f"https://{HOST}/shop/48213",
    "valid_until": "2099-12-31",
}
PAGE = "/shop/48213"


@dataclass(frozen=True, slots=True)
class Ported(Fetcher):
    """Where a link means the usual port, the test's server has another one."""

    port: int = 443

    async def page(self, url: str, owns: Owns) -> bytes:
        host = host_of(url)
        return await Fetcher.page(self, url.replace(host, f"{host}:{self.port}", 1), owns)


@dataclass(slots=True)
class Rounds:
    """One shop at a moment that a test moves on."""

    stage: Stage
    issuer: Issuer
    gateway: Gateway
    fetcher: Fetcher

    async def save(self, *seals: dict[str, str], **more: str) -> None:
        """Save these seals as the merchant would, with nothing run yet."""
        shop, now, patch = self.stage.shop, self.stage.now, {"seals": json.dumps(seals), **more}
        await self.stage.db.write(lambda conn: widgets.change_settings(conn, shop.id, "trust", patch, now))
        self.stage.display.cache.forget(shop.handle)

    async def later(self, days: float = 0, minutes: float = 0) -> None:
        """Let time pass, and the clock ask for what is due."""
        self.stage.now += timedelta(days=days, minutes=minutes)
        now = self.stage.now

        def job(conn: Connection) -> int:
            return JOBS[0].run(conn, None, now)

        while await self.stage.db.write(job):
            continue

    async def work(self) -> int:
        """Run every check that is asked for; returns how many."""
        now, done = self.stage.now, 0
        while claimed := await self.stage.db.write(lambda conn: tasks.claim(conn, "worker", now)):
            for one in claimed:
                if one.name == CHECK:
                    await checked_by(self.fetcher)(self._run(one.key, now))
                    done += 1
                await self.stage.db.write(lambda conn, one=one: tasks.finish(conn, one, now))  # type: ignore[misc]
        return done

    def _run(self, key: str, now: datetime) -> TaskRun:
        display = self.stage.display
        return TaskRun(
            display.db, display.keyring, display.bells, self.gateway, self.stage.shop, key, {}, now
        )

    async def shown(self) -> list[dict[str, Any]]:
        """The seals that a shopper sees in the shop."""
        found: list[dict[str, Any]] = (await self.stage.proxy("/trust.json", locale="de")).json()["seals"]
        return found

    async def told(self, tag: str = "en") -> list[str]:
        """What the merchant reads on the home page."""
        alerts, now = widgets.ALL["trust"].alerts, self.stage.now
        assert alerts is not None
        spoken = language(tag, "sie", folder=widgets.ALL["trust"].locales)
        return [
            str(one)
            for one in await self.stage.db.read(
                lambda conn: list(alerts(conn, self.stage.shop.id, spoken, now))
            )
        ]

    async def results(self) -> list[tuple[str, int]]:
        """What is recorded of each seal: the result, and failures in a row."""
        statement = select(trust_check.c.result, trust_check.c.failures).order_by(trust_check.c.fingerprint)
        return [tuple(row) for row in await self.stage.db.read(lambda conn: conn.execute(statement).all())]


@asynccontextmanager
async def open_rounds(stage: Stage, issuer: Issuer, database_url: str) -> AsyncIterator[Rounds]:
    """Give the shop a domain of its own, and a worker."""

    def named(conn: Connection) -> Any:
        facts: dict[str, Any] = {"gid": "gid://shopify/Shop/1", "name": "Muster", "country": "DE"}
        record_facts(conn, stage.shop.id, **facts, development=False, primary_domain=SHOP_HOST)
        return shop_by_id(conn, stage.shop.id)

    stage.shop = await stage.db.write(named)
    way_out = issuer.fetcher()
    ported = Ported(way_out.allowed, way_out.resolve, way_out.context, way_out.limit, issuer.port)
    async with shop_client(config(database_url)) as http:
        gateway = Gateway(config(database_url), stage.db, stage.display.keyring, http)
        yield Rounds(stage, issuer, gateway, ported)


def inside(fetcher: Fetcher) -> Fetcher:
    """The same way out with production's own rule about addresses."""
    return replace(fetcher, allowed=Fetcher().allowed)
