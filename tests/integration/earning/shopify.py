"""A shop of the pocket Shopify: what is bought there is told as webhooks tell it, and our tasks really ask it."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, select

import widgets
from plugin import guards, install, settings, tasks
from plugin.config import Config
from plugin.core import order_codec, standing
from plugin.core.ledger import earning, ledger_entry
from plugin.core.order_book import order as order_table
from plugin.core.standing import Standing
from plugin.database import Database
from plugin.errors import Park, Retry
from plugin.guards import Call
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shopify import Gateway
from plugin.shops import Shop
from plugin.tasks import Claimed, TaskRun, task
from plugin.wake import Bells
from sandbox.simulator import Simulator
from sandbox.state import Order
from tests import engine
from widgets.base import Context, OrderRef, Surface
from widgets.loyalty import widget
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.view import LoyaltyView, view

CLIENT, SECRET = "client-of-tests", "s" * 32
OWNER = "worker"


@dataclass(slots=True)
class Errand:
    """One shop here and there, and a worker's hands."""

    sim: Simulator
    db: Database
    shop: Shop
    gateway: Gateway
    told: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def buy(self, *lines: Any, **how: Any) -> Order:
        """An order at Shopify; nothing is told of it yet."""
        return self.sim.place_order(lines, shop=self.shop.handle, **how)

    async def tell(self) -> None:
        """Have everything that happened since arrive as webhooks, and be handled."""
        news = [one for one in self.sim.deliveries[self.told :] if one.shop == self.shop.handle]
        self.told = len(self.sim.deliveries)

        def work(conn: Connection) -> None:
            for one in news:
                engine.store(conn, one.topic, one.body, now=self.now, shop=self.shop.handle)
            batch = engine.handle_all(conn, self.now)
            assert (batch.parked, batch.failed) == (0, 0)

        await self.db.write(work)

    async def work(self, later: timedelta = timedelta()) -> int:
        """Run every task of loyalty that is due as a worker does; returns how many were done."""
        done = 0
        while claimed := await self.db.write(lambda conn: tasks.claim(conn, OWNER, self.now + later, 4)):
            for one in claimed:
                done += await self._run(one, self.now + later)
        return done

    async def _run(self, one: Claimed, now: datetime) -> bool:
        handler = widget.tasks.get(one.name)
        if handler is not None:
            run = TaskRun(
                self.db,
                self.gateway.link.keyring,
                Bells(),
                self.gateway,
                self.shop,
                one.key,
                one.payload,
                now,
            )
            try:
                await handler(run)
            except Exception as error:  # noqa: BLE001  as the worker does
                self.failures.append(f"{type(error).__name__}: {error}")
                outage, park, reason = isinstance(error, Retry), isinstance(error, Park), str(error)
                await self.db.write(lambda conn: tasks.fail(conn, one, now, reason, outage=outage, park=park))
                return False
        await self.db.write(lambda conn: tasks.finish(conn, one, now))
        return handler is not None

    def calls(self, operation: str) -> int:
        """How often an operation was asked for at Shopify."""
        return sum(f" {operation}(" in call for call in self.sim.state.shops[self.shop.handle].api_calls)

    async def waiting(self) -> list[tuple[str, str, str]]:
        """Name, key and payload of loyalty's tasks."""
        found = select(task.c.name, task.c.key, task.c.payload).where(task.c.name.like("loyalty.%"))
        return [tuple(row) for row in await self.db.read(lambda conn: conn.execute(found).all())]

    async def set(self, **patch: object) -> None:
        """Change loyalty's settings as the merchant does."""
        await self.db.write(
            lambda conn: widgets.change_settings(conn, self.shop.id, "loyalty", patch, self.now)
        )

    async def earned(self, order: Order) -> tuple[int, bool]:
        """Points of an order, and whether more may follow."""
        found = (
            select(earning.c.points, earning.c.waits)
            .join(order_table, order_table.c.id == earning.c.order_ref)
            .where(order_table.c.order_id == order.id)
        )
        row = await self.db.read(lambda conn: conn.execute(found).one())
        return row.points, row.waits

    async def figures(self, customer: int, later: timedelta = timedelta()) -> Standing:
        """The customer's points."""
        found = await self.db.read(
            lambda conn: standing.standing(conn, self.shop.id, customer, self.now + later)
        )
        assert found is not None
        return found

    async def entries(self) -> list[tuple[str, int]]:
        """Kind and points of every entry, in the order of arrival."""
        found = select(ledger_entry.c.kind, ledger_entry.c.points).order_by(ledger_entry.c.id)
        return [tuple(row) for row in await self.db.read(lambda conn: conn.execute(found).all())]

    async def page(
        self, order: Order | None = None, customer: int | None = None, locale: str = "de", tone: str = "sie"
    ) -> LoyaltyView:
        """What the page of an order shows, or a customer's account."""
        return (await self.shown(order, customer, locale, tone))[1]

    async def shown(
        self, order: Order | None = None, customer: int | None = None, locale: str = "de", tone: str = "sie"
    ) -> tuple[Context, LoyaltyView]:
        """The same, with what the view was told."""

        def work(conn: Connection) -> tuple[Context, LoyaltyView | None]:
            about = None
            if order is not None:
                found = select(order_table).where(order_table.c.order_id == order.id)
                row = conn.execute(found).one()
                about = OrderRef(row.id, row.order_id, order_codec.decode(row.state), row.first_at)
            ctx = Context(
                shop=self.shop,
                settings=settings.current(conn, self.shop.id, ShopSettings),
                language=language(locale, tone, folder=widget.locales),
                surface=Surface.THANK_YOU if order else Surface.ACCOUNT,
                now=self.now,
                customer_id=customer,
                order=about,
            )
            return ctx, view(conn, ctx, settings.current(conn, self.shop.id, LoyaltySettings))

        ctx, found = await self.db.read(work)
        assert found is not None
        return ctx, found

    async def clean(self) -> bool:
        """Whether ``dankbar verify`` finds nothing."""
        report = await engine.verified(self.db, self.now)
        assert report.breaches == ()
        return report.ok


async def open_errand(
    sim: Simulator, db: Database, database_url: str, handle: str, loyalty: LoyaltySettings
) -> Errand:
    """A shop that installed the app a year ago, with these settings since ever."""
    config = Config.from_environment(
        {
            "SHOPIFY_API_KEY": CLIENT,
            "SHOPIFY_API_SECRET": SECRET,
            "DANKBAR_SECRET_KEY": base64.urlsafe_b64encode(b"k" * 32).decode(),
            "DANKBAR_DATABASE_URL": database_url,
            "DANKBAR_SHOPIFY_ORIGIN": f"{sim.origin}/{{shop}}",
        }
    )
    now = datetime.now(UTC)
    since = now - timedelta(days=365)
    sim.shop(handle)

    def also(conn: Connection, shop: Shop) -> None:
        own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=since.isoformat())
        rest = [one.settings() for name, one in widgets.ALL.items() if name != "loyalty"]
        settings.establish(conn, shop.id, [own, loyalty, *rest], since)

    bearer = {"authorization": f"Bearer {sim.id_token(handle)}"}
    proof = guards.merchant(config, Call("GET", "/", bearer))
    shop = await install.open_shop(config, db, engine.KEYRING, proof, now, also)
    http = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(verify=False), timeout=10)
    return Errand(sim, db, shop, Gateway(config, db, engine.KEYRING, http), told=len(sim.deliveries))
