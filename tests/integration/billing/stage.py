"""A shop, its database and a small Stripe; its news goes into the inbox when a test says so, and is worked off there."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
from stripe import WebhookSignature

from plugin import tasks
from plugin.billing import checking, subscriptions
from plugin.billing.nobody import NOBODY
from plugin.billing.plans import Plan, plan_of
from plugin.billing.protocol import Billing
from plugin.billing.stripe.billing import StripeBilling
from plugin.billing.stripe.wire import Wire, client
from plugin.billing.subscriptions import Subscription
from plugin.database import Database
from plugin.shops import Shop
from sandbox.server import running_sandbox
from sandbox.stripe import passing
from sandbox.stripe.account import Account, Body, Card
from sandbox.stripe.opening import install, open_account
from tests import engine
from tests.unit.sandbox.client import CLIENT, SECRET
from webhooks import handle, inbox
from webhooks.inbox import Received
from webhooks.stripe import StripeWebhooks

KEY = "rk_test_" + "a" * 24
HOOK = "whsec_" + "b" * 24
BACK = "http://127.0.0.1:1/admin/plan"
GOOD, LATER = "4242424242424242", "4000000000000341"
SMALL, MEDIUM, LARGE = "small", "medium", "large"


def plan(handle_: str) -> Plan:
    found = plan_of(handle_)
    assert found is not None
    return found


@dataclass
class Stage:
    db: Database
    account: Account
    billing: Billing
    browser: httpx.AsyncClient
    shop: Shop
    news: list[Body] = field(default_factory=list)
    seconds: int = 0

    def now(self) -> datetime:
        """A moment after all that were asked for before."""
        self.seconds += 1
        return datetime.now(UTC) + timedelta(milliseconds=self.seconds)

    async def row(self) -> Subscription:
        found = await self.db.read(lambda conn: subscriptions.find(conn, self.shop.id))
        assert found is not None
        return found

    async def begin(self, handle_: str = SMALL) -> str:
        return await self.billing.begin(self.shop, plan(handle_), "EUR", BACK, self.now())

    async def pay(self, page: str, card: str = GOOD) -> int:
        return (await self.browser.post(page, data={"card": card})).status_code

    async def subscribe(self, handle_: str = SMALL) -> Body:
        assert await self.pay(await self.begin(handle_)) == 303
        return next(self.account.all("subscription"))

    async def refresh(self) -> Subscription:
        await self.billing.refresh(self.shop, self.now())
        return await self.row()

    def card(self, number: str) -> None:
        for who in self.account.cards:
            self.account.cards[who] = Card(number)

    def days(self, number: int) -> None:
        passing.let_pass(self.account, number)

    async def hear(self, events: Iterable[Body]) -> None:
        """Deliver events as signed webhooks, in this order, then work them off and whatever they asked for."""
        door = StripeWebhooks((HOOK,))
        for event in events:
            raw = json.dumps(event).encode()
            header = WebhookSignature.generate_signature_header(raw.decode(), HOOK)
            received = door.proved({"headers": [(b"stripe-signature", header.encode())]}, raw)
            assert isinstance(received, Received)
            rows = [replace(received, received_at=self.now()).row(engine.KEYRING)]
            await self.db.write(lambda conn, rows=rows: inbox.store(conn, rows))  # type: ignore[misc] # bound at once
        await self.work()

    async def work(self) -> int:
        """Handle what waits in the inbox, then run the tasks; returns how often Stripe was asked."""
        now = self.now()
        batch = await self.db.write(lambda conn: handle.handle_due(conn, engine.KEYRING, now, 500))
        assert batch.failed == 0
        claimed = await self.db.write(lambda conn: tasks.claim(conn, "test", self.now(), 16))
        asked = [one for one in claimed if one.name == checking.REFRESH]
        for one in asked:
            await self.billing.refresh(self.shop, self.now())
            await self.db.write(lambda conn, one=one: tasks.finish(conn, one, self.now()))  # type: ignore[misc] # the same
        return len(asked)

    def kinds(self) -> Sequence[str]:
        return [event["type"] for event in self.news]


@asynccontextmanager
async def staged(db: Database) -> AsyncIterator[Stage]:
    """Open everything around a database; Stripe's news waits in ``news``."""
    account = open_account(KEY, HOOK)
    async with AsyncExitStack() as stack:
        sim = stack.enter_context(
            running_sandbox(client_id=CLIENT, client_secret=SECRET, furnish=lambda app: install(app, account))
        )
        wire = Wire()
        stack.push_async_callback(wire.close_async)
        shop = await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
        browser = await stack.enter_async_context(httpx.AsyncClient())
        stage = Stage(db, account, NOBODY, browser, shop)
        stage.billing = StripeBilling(
            db, client(KEY, f"{sim.origin}/stripe", wire), tax=False, clock=stage.now
        )
        account.told = stage.news.append
        yield stage
