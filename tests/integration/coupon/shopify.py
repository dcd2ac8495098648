"""A shop of the pocket Shopify whose tasks really run: tokens, GraphQL and background jobs over HTTP."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import Connection

from plugin import guards, install, settings, tasks
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.errors import Park, Retry
from plugin.guards import Call
from plugin.settings import ShopSettings
from plugin.shopify import Gateway
from plugin.shops import Shop
from plugin.tasks import Claimed, TaskRun
from plugin.wake import Bells
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from sandbox.state import Discount
from tests.integration.coupon.stage import Stage
from widgets.coupon.preparing import prepare
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon_code
from widgets.coupon.tasks import TASKS

CLIENT, SECRET = "client-of-tests", "s" * 32
OWNER = "worker"


class Lossy(httpx.AsyncBaseTransport):
    """Carries every request, and loses the answers to the operations it is told to."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.lose: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if self.lose and request.url.path.endswith("graphql.json"):
            query = json.loads(request.content)["query"]
            if f"mutation {self.lose[0]}(" in query:
                await answer.aread()
                await answer.aclose()
                self.lose.pop(0)
                raise httpx.ReadError("the connection broke", request=request)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(slots=True)
class Errand:
    """The outside world of one shop: its sandbox, and a worker's hands."""

    sim: Simulator
    stage: Stage
    gateway: Gateway
    bells: Bells
    lossy: Lossy
    failures: list[str] = field(default_factory=list)

    @property
    def handle(self) -> str:
        return self.stage.shop.handle

    @property
    def now(self) -> datetime:
        """The present, or where the stage has got to beyond it."""
        return max(datetime.now(UTC), self.stage.now)

    @property
    def discounts(self) -> list[Discount]:
        """The nodes at Shopify, oldest first."""
        found = self.sim.state.shops[self.handle].discounts
        return [found[id] for id in sorted(found)]

    def codes(self) -> set[str]:
        """Every code at Shopify."""
        return {code.code for discount in self.discounts for code in discount.codes.values()}

    def calls(self, operation: str) -> int:
        """How often an operation was asked for."""
        return sum(f" {operation}(" in call for call in self.sim.state.shops[self.handle].api_calls)

    async def work(self) -> int:
        """Run every task that is due as a worker does, back-offs aside; returns how many were done."""
        done = 0
        while claimed := await self.stage.db.write(self._claim):
            for one in claimed:
                done += await self._run(one)
        return done

    def _claim(self, conn: Connection) -> list[Claimed]:
        return tasks.claim(conn, OWNER, self.now, 4)

    def task_run(self, one: Claimed) -> TaskRun:
        """What a task's handler works with."""
        return TaskRun(
            db=self.stage.db,
            keyring=self.gateway.link.keyring,
            bells=self.bells,
            gateway=self.gateway,
            shop=self.stage.shop,
            key=one.key,
            payload=one.payload,
            now=self.now,
        )

    async def _run(self, one: Claimed) -> bool:
        db, run = self.stage.db, self.task_run(one)
        now = run.now
        try:
            await TASKS[one.name](run)
        except Exception as error:  # noqa: BLE001  as the worker does
            self.failures.append(f"{type(error).__name__}: {error}")
            outage, park, reason = isinstance(error, Retry), isinstance(error, Park), str(error)
            await db.write(lambda conn: tasks.fail(conn, one, now, reason, outage=outage, park=park))
            return False
        await db.write(lambda conn: tasks.finish(conn, one, now))
        return True

    async def hurry(self) -> None:
        """Let the back-offs be over."""
        await self.stage.db.write(
            lambda conn: conn.execute(tasks.task.update().values(due_at=datetime.now(UTC)))
        )

    async def codes_by_state(self) -> dict[str, int]:
        """How many of our codes are in each state."""
        found = [state for (state,) in await self.stage.rows(coupon_code, "state")]
        return {state: found.count(state) for state in set(found)}


NewErrand = Callable[..., Awaitable[Errand]]


@contextmanager
def pocket_shopify() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET, bulk_seconds=0.02) as sim:
        yield sim


async def open_errand(
    sim: Simulator, db: Database, database_url: str, handle: str, coupon: CouponSettings | None = None
) -> Errand:
    """A shop that has just installed the app, and prepared its coupons with it."""
    config = Config.from_environment(
        {
            "SHOPIFY_API_KEY": CLIENT,
            "SHOPIFY_API_SECRET": SECRET,
            "DANKBAR_SECRET_KEY": "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4",
            "DANKBAR_DATABASE_URL": database_url,
            "DANKBAR_SHOPIFY_ORIGIN": f"{sim.origin}/{{shop}}",
        }
    )
    keyring, now = Keyring(config.secret_keys), datetime.now(UTC)
    sim.shop(handle)
    token = sim.id_token(handle)

    def also(conn: Connection, shop: Shop) -> None:
        own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=now.isoformat())
        settings.establish(conn, shop.id, [own, coupon or CouponSettings()], now)
        prepare(conn, shop.id, now)

    proof = guards.merchant(config, Call("GET", "/", {"authorization": f"Bearer {token}"}))
    shop = await install.open_shop(config, db, keyring, proof, now, also)
    lossy = Lossy(httpx.AsyncHTTPTransport(verify=False))
    http = httpx.AsyncClient(transport=lossy, timeout=10)
    stage = Stage(db, shop, now + timedelta(seconds=1))
    return Errand(sim, stage, Gateway(config, db, keyring, http), Bells(), lossy)
