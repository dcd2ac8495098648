"""A shop of the pocket Shopify whose shoppers redeem over HTTP, with a worker's hands for what that asks of Shopify."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from sqlalchemy import Connection, select

from plugin import guards, install, settings, tasks
from plugin.config import Config
from plugin.core import standing
from plugin.core.ledger import ledger_entry
from plugin.core.orders import OrderFacts
from plugin.core.redemptions import redemption
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.errors import Park, Retry
from plugin.guards import Call
from plugin.settings import ShopSettings
from plugin.shopify import Gateway
from plugin.shops import Shop, shop_key
from plugin.tasks import Claimed, TaskRun
from plugin.wake import Bells
from sandbox import tokens
from sandbox.simulator import Simulator
from sandbox.state import Customer, Discount, RedeemCode
from tests import engine
from tests.integration.coupon.shopify import CLIENT, SECRET, Lossy
from tests.integration.widgets.stage import Stage, app_of, facts
from widgets import ALL
from widgets.action_token import action_token
from widgets.display import open_display
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.reward_tasks import REWARD_TASKS
from widgets.loyalty.settings import LoyaltySettings

OWNER = "worker"
_orders = count(9_000_000_001)
_requests = count(1)

REWARDS = (
    {"id": "five", "title": "5 €", "cost": 100, "kind": "amount", "value": 500},
    {"id": "tenth", "title": "10 %", "cost": 150, "kind": "percentage", "value": 10},
    {"id": "ship", "title": "Versand", "cost": 60, "kind": "free_shipping", "minimum_subtotal": 2000},
    {"id": "past", "title": "Von gestern", "cost": 10, "kind": "free_shipping", "ends_on": "2020-01-01"},
)


@dataclass(slots=True)
class Till:
    """One shop with three rewards, whose points can be spent at once."""

    sim: Simulator
    stage: Stage
    gateway: Gateway
    lossy: Lossy
    failures: list[str] = field(default_factory=list)
    ahead: timedelta = timedelta()

    @property
    def db(self) -> Database:
        return self.stage.db

    @property
    def shop(self) -> Shop:
        return self.stage.shop

    @property
    def now(self) -> datetime:
        """The present, or as far ahead as the test has gone."""
        return datetime.now(UTC) + self.ahead

    @property
    def discounts(self) -> list[Discount]:
        """What is at Shopify, oldest first."""
        found = self.sim.state.shops[self.shop.handle].discounts
        return [found[id] for id in sorted(found)]

    def codes(self) -> set[str]:
        return {code.code for discount in self.discounts for code in discount.codes.values()}

    def calls(self, operation: str) -> int:
        return sum(f" {operation}(" in call for call in self.sim.state.shops[self.shop.handle].api_calls)

    def customer(self) -> Customer:
        """Somebody new."""
        return self.sim.customer(f"erika{next(_requests)}@example.com", shop=self.shop.handle)

    async def give(self, customer: Customer, points: int) -> None:
        """Have an order of theirs bring so many points."""
        told = facts(self.now, next(_orders), subtotal=points * 100, customer_id=customer.id)
        await self.stage.tell(told)

    async def rich(self, points: int = 1_000) -> Customer:
        """Somebody with points to spend."""
        customer = self.customer()
        await self.give(customer, points)
        return customer

    def token(self, customer: int) -> str:
        key = shop_key(self.stage.display.keyring, self.shop)
        return action_token(key, self.shop.id, customer, datetime.now(UTC))

    async def redeem(
        self, customer: Customer | None, reward: str = "five", request_id: str | None = None, **more: str
    ) -> httpx.Response:
        """Send the form as a script of the shop's page would, asking for JSON."""
        form = {"reward": reward, "request_id": request_id or f"request {next(_requests)}"}
        form["action_token"] = self.token(customer.id) if customer else ""
        form = {name: value for name, value in (form | more).items() if name != "accept"}
        accept = more.get("accept", "application/json")
        return await self.stage.act("/loyalty/redeem", form, customer.id if customer else None, accept=accept)

    async def bought(self, customer: Customer, reward: str = "five") -> str:
        """Redeem, have the code made, and return it."""
        request_id = f"request {next(_requests)}"
        assert (await self.redeem(customer, reward, request_id)).status_code == 200
        await self.work()
        answer: dict[str, Any] = (await self.redeem(customer, reward, request_id)).json()
        assert answer["state"] == "ready", (answer, self.failures)
        return str(answer["code"])

    def order_with(self, customer: Customer, code: str, **changes: Any) -> OrderFacts:
        """An order of theirs that used the code and brings no points."""
        return facts(
            self.now,
            next(_orders),
            **({"customer_id": customer.id, "codes": (code,), "subtotal": 0} | changes),
        )

    def somebody_elses(self, code: str) -> None:
        """Have another discount of the shop hold this code."""
        shop = self.sim.state.shops[self.shop.handle]
        number = self.sim.state.ids.next()
        theirs = Discount(
            number, "basic", {"title": "Not ours", "code": code}, self.now, self.now, self.now, None
        )
        theirs.codes[code.casefold()] = RedeemCode(self.sim.state.ids.next(), code)
        shop.discounts[number] = theirs

    async def extension(self, path: str, customer: int | None = None, **query: str) -> dict[str, Any]:
        """What an extension on a checkout or account page is told of points."""
        token = tokens.shopper_token(
            SECRET,
            client_id=CLIENT,
            shop_domain=self.shop.domain,
            customer_id=customer,
            now=datetime.now(UTC),
        )
        answer = await self.stage.client.get(
            f"/ext{path}", params=query, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["widgets"]["loyalty"]
        return found

    async def available(self, customer: Customer | int) -> int:
        id = customer if isinstance(customer, int) else customer.id
        found = await self.db.read(lambda conn: standing.standing(conn, self.shop.id, id, self.now))
        return found.available if found else 0

    async def standing(self, customer: Customer) -> tuple[int, int]:
        """Points to spend, and points owed."""
        found = await self.db.read(lambda conn: standing.standing(conn, self.shop.id, customer.id, self.now))
        return (found.available, found.debt) if found else (0, 0)

    async def buy_at(self, customer: Customer, at: datetime) -> str:
        """Have a reward of 100 points bought as of that instant, and return its code."""
        id = await self.db.write(lambda conn: engine.redeem(conn, self.shop, customer.id, 100, at, at))
        found = select(redemption.c.code).where(redemption.c.id == id)
        return str(await self.db.read(lambda conn: conn.execute(found).scalar_one()))

    async def kinds(self) -> list[tuple[str, int]]:
        """Every entry but what orders earned."""
        statement = select(ledger_entry.c.kind, ledger_entry.c.points).order_by(ledger_entry.c.id)
        rows = await self.db.read(
            lambda conn: conn.execute(statement.where(ledger_entry.c.kind != "accrual")).all()
        )
        return [(row.kind, row.points) for row in rows]

    async def states(self) -> list[str]:
        statement = select(redemption.c.state).order_by(redemption.c.id)
        return list(await self.db.read(lambda conn: conn.execute(statement).scalars().all()))

    async def work(self) -> None:
        """Run every task about rewards that is due, back-offs aside, once each."""
        for one in await self.db.write(self._claim):
            await self._run(one)

    def _claim(self, conn: Connection) -> list[Claimed]:
        conn.execute(tasks.task.update().values(due_at=self.now - timedelta(seconds=1)))
        return [one for one in tasks.claim(conn, OWNER, self.now, 500) if one.name in REWARD_TASKS]

    async def _run(self, one: Claimed) -> None:
        now, db = self.now, self.db
        run = TaskRun(
            db=db,
            keyring=self.gateway.link.keyring,
            bells=self.stage.display.bells,
            gateway=self.gateway,
            shop=self.shop,
            key=one.key,
            payload=one.payload,
            now=now,
        )
        try:
            await REWARD_TASKS[one.name](run)
        except Exception as error:  # noqa: BLE001  as the worker does
            self.failures.append(f"{type(error).__name__}: {error}")
            outage, park, reason = isinstance(error, Retry), isinstance(error, Park), str(error)
            await db.write(lambda conn: tasks.fail(conn, one, now, reason, outage=outage, park=park))
        else:
            await db.write(lambda conn: tasks.finish(conn, one, now))

    async def tick(self) -> None:
        """Run the widget's clock jobs to their end."""

        def work(conn: Connection) -> None:
            for job in ALL["loyalty"].jobs:
                while job.run(conn, None, self.now):
                    pass

        await self.db.write(work)

    async def breaches(self) -> Sequence[object]:
        return (await engine.verified(self.db, self.now)).breaches


async def open_till(sim: Simulator, db: Database, database_url: str, handle: str) -> Till:
    """A shop that installed the app a month ago, as far as orders are concerned."""
    config = Config.from_environment(
        {
            "SHOPIFY_API_KEY": CLIENT,
            "SHOPIFY_API_SECRET": SECRET,
            "DANKBAR_SECRET_KEY": "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4",
            "DANKBAR_DATABASE_URL": database_url,
            "DANKBAR_SHOPIFY_ORIGIN": f"{sim.origin}/{{shop}}",
        }
    )
    keyring, now = Keyring(config.secret_keys), datetime.now(UTC).replace(microsecond=0)
    sim.shop(handle)

    def also(conn: Connection, shop: Shop) -> None:
        since = (now - timedelta(days=30)).isoformat()
        own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=since)
        rewards = tuple(Reward.model_validate(one) for one in json.loads(json.dumps(REWARDS)))
        loyalty = LoyaltySettings(pending_days=0, rewards=rewards)
        rest = [widget.settings() for widget in ALL.values() if widget.name != "loyalty"]
        settings.establish(conn, shop.id, [own, loyalty, *rest], now)

    proof = guards.merchant(config, Call("GET", "/", {"authorization": f"Bearer {sim.id_token(handle)}"}))
    shop = await install.open_shop(config, db, keyring, proof, now, also)
    lossy = Lossy(httpx.AsyncHTTPTransport(verify=False))
    display = open_display(config, db, keyring, Bells())
    transport = httpx.ASGITransport(app_of(display), client=("10.0.0.1", 1234))
    stage = Stage(display, shop, httpx.AsyncClient(transport=transport, base_url="http://app"), now)
    gateway = Gateway(config, db, keyring, httpx.AsyncClient(transport=lossy, timeout=10))
    return Till(sim, stage, gateway, lossy)
