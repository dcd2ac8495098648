"""Shopify App Pricing: the plan is chosen, changed and cancelled on Shopify's page, and asked of the Partner API.

Shopify tells an app of none of it, so the truth is asked: daily, when a page is opened, and after the welcome link.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

import structlog
from sqlalchemy import Connection, select

from plugin import tasks
from plugin.billing import app_pricing, pace, subscriptions
from plugin.billing.checking import REFRESH
from plugin.billing.flights import Depart, Flights
from plugin.billing.plans import Plan
from plugin.billing.protocol import Abilities, Invoice, Preview
from plugin.billing.subscriptions import Told
from plugin.config import Config
from plugin.database import Database
from plugin.errors import Conflict, Unavailable
from plugin.language import sentence
from plugin.shopify.errors import GatewayError
from plugin.shopify.partner import PartnerApi, partner_client
from plugin.shops import Shop
from plugin.shops import shop as shops_table
from plugin.tasks import Wanted

PACE = "partner"
GAP = timedelta(milliseconds=300)
"""Between two calls of all processes together: the Partner API bears four a second."""

PATIENCE = timedelta(seconds=20)
"""How long a call waits for its turn."""

TURN = timedelta(minutes=5)
"""After a period's end, when the clocks of both sides agree that it is over, the truth is asked again."""

_NOT_NOW = sentence("Shopify does not answer just now. What we last knew of your plan stands.")
_UNNAMED = sentence("We are still asking Shopify about your shop. This page is ready in a moment.")
_THERE = sentence("Your plan is changed on Shopify's own page.")

_log = structlog.get_logger("plugin.billing.shopify")


class ShopifyBilling:
    """Plans under Shopify App Pricing; one question a shop at a time, whoever wants to know."""

    kind = app_pricing.KIND
    can = Abilities(begins=True, manages=True)

    def __init__(
        self,
        config: Config,
        db: Database,
        api: PartnerApi,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._db = db
        self._api = api
        self._clock = clock
        self._sleep = sleep
        self._flights = Flights()

    async def refresh(self, shop: Shop, now: datetime) -> None:
        """Ask the Partner API and write down its answer; shared with whoever asks meanwhile. Raises Unavailable."""
        await self._flights.join(shop.id, now, partial(self._converge, shop))

    async def _converge(self, shop: Shop, departs: Depart) -> None:
        gid = await self._db.read(lambda conn: _gid(conn, shop.id))
        if not gid:
            raise Unavailable(_UNNAMED)
        asked_at = await self._turn()
        departs(asked_at)
        try:
            answered = await self._api.active_subscription(gid, asked_at)
            told = app_pricing.reading(answered.subscription, answered.event, asked_at)
        except (GatewayError, app_pricing.Unreadable) as error:
            _log.warning("plan_not_known", reason=type(error).__name__)
            raise Unavailable(_NOT_NOW) from error
        await self._db.write(partial(_write, shop_id=shop.id, told=told))

    async def _turn(self) -> datetime:
        """Wait for this process's turn among all, and return the moment of it. Raises Unavailable."""
        now = self._clock()
        turn = await self._db.write(partial(pace.reserve, name=PACE, now=now, gap=GAP, patience=PATIENCE))
        if turn is None:
            raise Unavailable(_NOT_NOW)
        if turn > now:
            await self._sleep((turn - now).total_seconds())
        return max(turn, self._clock())

    async def begin(self, shop: Shop, plan: Plan, currency: str, back: str, now: datetime) -> str:
        """Return the address of Shopify's plan page; it leads back by the plan's welcome link."""
        return self._page(shop)

    async def preview(self, shop: Shop, plan: Plan, now: datetime) -> Preview:
        """Refuse: Shopify shows on its page what a change costs."""
        _refuse()

    async def change(self, shop: Shop, plan: Plan, token: str, now: datetime) -> None:
        """Refuse: plans are changed on Shopify's page."""
        _refuse()

    async def cancel(self, shop: Shop, now: datetime) -> None:
        """Refuse: plans are cancelled on Shopify's page."""
        _refuse()

    async def end(self, outside_id: str) -> None:
        """Refuse: Shopify ends a plan with the app."""
        _refuse()

    async def resume(self, shop: Shop, now: datetime) -> None:
        """Refuse: a cancellation is taken back on Shopify's page."""
        _refuse()

    async def manage(self, shop: Shop, back: str) -> str | None:
        """Return the address of Shopify's plan page."""
        return self._page(shop)

    async def invoices(self, shop: Shop) -> Sequence[Invoice]:
        """Return none: they are part of the shop's own bills from Shopify."""
        return ()

    async def close(self) -> None:
        """Break off what is under way."""
        await self._flights.close()

    def _page(self, shop: Shop) -> str:
        origin, app = self._config.admin_origin, self._config.app_handle
        return f"{origin}/store/{shop.handle}/charges/{app}/pricing_plans"


@asynccontextmanager
async def open_shopify(config: Config, db: Database) -> AsyncIterator[ShopifyBilling]:
    """Open the way to the Partner API, and close it at the end."""
    async with partner_client() as http:
        billing = ShopifyBilling(config, db, PartnerApi(config, http))
        try:
            yield billing
        finally:
            await billing.close()


def _gid(conn: Connection, shop_id: int) -> str | None:
    found: str | None = conn.execute(
        select(shops_table.c.gid).where(shops_table.c.id == shop_id)
    ).scalar_one_or_none()
    return found


def _write(conn: Connection, shop_id: int, told: Told) -> None:
    """Write the truth down, and have it asked again once a period with something to come is over."""
    if not subscriptions.record(conn, shop_id, told):
        return
    moments = (told.cancel_at, told.pending_at, told.trial_end)
    coming = [moment for moment in moments if moment is not None and moment > told.checked_at]
    if coming:
        wanted = Wanted(shop_id, REFRESH, "period", min(coming) + TURN, {})
        tasks.enqueue(conn, [wanted], told.checked_at)


def _refuse() -> NoReturn:
    raise Conflict(_THERE)
