"""The `Billing` protocol over Stripe. What is true is fetched from the subscription itself, whoever said that it changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection
from stripe import StripeClient, Subscription

from plugin.billing import checking, subscriptions
from plugin.billing.flights import Depart, Flights
from plugin.billing.plans import Plan, currency_for
from plugin.billing.protocol import Abilities, Invoice, Preview
from plugin.billing.stripe import selling, truth
from plugin.billing.stripe.giving_back import give_back
from plugin.billing.stripe.once import once
from plugin.billing.stripe.shown import SHOWN_FOR, TOO_OLD, Shown, shown
from plugin.billing.stripe.truth import KIND, Found
from plugin.billing.stripe.wire import UNREACHABLE, UNSURE, asked, is_missing
from plugin.database import Database
from plugin.errors import Conflict, Unavailable
from plugin.language import sentence
from plugin.shops import Shop

EVERYTHING = Abilities(
    begins=True, previews=True, changes=True, cancels=True, resumes=True, manages=True, invoices=True
)
NEWEST = 24
HAS_ONE = sentence("This shop has a subscription already; change the plan instead.")
HAS_NONE = sentence("This shop has no subscription.")
OWES = sentence("A payment is open. Pay it first, then change the plan.")
SAME = sentence("This is the plan you have.")
ENDS = sentence("The subscription is about to end. Keep it first, then change the plan.")
OWN_PRICE = sentence("Your plan has a price of its own. Whoever runs the app changes it together with you.")
TO_FREE = sentence("The free plan needs no subscription: cancel the one you have.")

log = structlog.get_logger("plugin.billing")


@dataclass(frozen=True, slots=True)
class StripeBilling:
    """One account at Stripe, for the shop or shops of one contract."""

    db: Database
    client: StripeClient
    tax: bool
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    kind: str = KIND
    can: Abilities = EVERYTHING
    flights: Flights = field(default_factory=Flights)

    async def refresh(self, shop: Shop, now: datetime) -> None:
        """Fetch the shop's subscriptions and write down the one that counts; what a second tab began is given back."""

        async def ask(departs: Depart) -> None:
            departs(now)
            await self._look(shop)

        await self.flights.join(shop.id, now, ask)

    async def begin(self, shop: Shop, plan: Plan, currency: str, back: str, now: datetime) -> str:
        """Return the checkout page for this plan. Raises Conflict for a shop that pays already."""
        if truth.is_free(plan):
            raise Conflict(TO_FREE)
        found, payer = await self._look(shop)
        if found.one is not None and truth.is_live(found.one):
            raise Conflict(HAS_ONE)
        if payer is None:
            payer = await selling.customer(self.client, shop)
            told = truth.told(found.one, payer, None, self.clock())
            await self.db.write(lambda conn: subscriptions.record(conn, shop.id, told))
        price = await selling.price(self.client, plan, currency_for(currency))
        return await selling.checkout(self.client, shop, payer, price, back, tax=self.tax)

    async def preview(self, shop: Shop, plan: Plan, now: datetime) -> Preview:
        """Return what the rest of the month costs with the new plan, by Stripe's own calculation."""
        sub = await self._changeable(shop, plan)
        item, at = truth.item_of(sub), int(now.timestamp())
        currency = item.price.currency.upper()
        price = await selling.price(self.client, plan, currency)
        bill = await asked(
            self.client.v1.invoices.create_preview_async(
                {
                    "subscription": sub.id,
                    "subscription_details": {
                        "items": [{"id": item.id, "price": price}],
                        "proration_behavior": "always_invoice",
                        "proration_date": at,
                    },
                }
            )
        )
        return Preview(
            plan=plan,
            currency=currency,
            now=bill.amount_due if bill.total > 0 else bill.total,
            monthly=plan.price(currency),
            at=truth.instant(item.current_period_end),
            until=now + SHOWN_FOR,
            token=Shown(at, item.current_period_start, item.price.id, price).token,
        )

    async def change(self, shop: Shop, plan: Plan, token: str, now: datetime) -> None:
        """Change the plan at the price and moment that were shown; a declined card changes nothing."""
        agreed = shown(token, now)
        sub = await self._changeable(shop, plan)
        item = truth.item_of(sub)
        price = await selling.price(self.client, plan, item.price.currency.upper())
        if agreed != Shown(agreed.at, item.current_period_start, item.price.id, price):
            raise Conflict(TOO_OLD)

        async def still() -> None:
            again = await self._changeable(shop, plan)
            if truth.item_of(again).price.id != agreed.before or truth.name_of(
                again.latest_invoice
            ) != truth.name_of(sub.latest_invoice):
                raise Conflict(TOO_OLD)

        # Whoever changes from the same state comes by the same key, so that the second finds that it is over.
        write = once(
            lambda key: self.client.v1.subscriptions.update_async(
                sub.id,
                {
                    "items": [{"id": item.id, "price": price}],
                    "proration_behavior": "always_invoice",
                    "proration_date": agreed.at,
                    "payment_behavior": "error_if_incomplete",
                },
                {"idempotency_key": key},
            ),
            "change",
            sub.id,
            item.id,
            item.price.id,
            truth.name_of(sub.latest_invoice),
            still=still,
        )
        await self._wrote(shop, write)

    async def cancel(self, shop: Shop, now: datetime) -> None:
        """End the subscription with the month that is paid."""
        await self._wrote(shop, self._end_with_month(shop, wanted=True))

    async def end(self, outside_id: str) -> None:
        """End a subscription now; what it still owes is not collected any more."""
        try:
            await asked(
                self.client.v1.subscriptions.cancel_async(
                    outside_id, {"prorate": False, "invoice_now": False}
                )
            )
        except Conflict as error:
            if not is_missing(error):
                raise

    async def resume(self, shop: Shop, now: datetime) -> None:
        """Take the cancellation back while the month goes on."""
        await self._wrote(shop, self._end_with_month(shop, wanted=False))

    async def manage(self, shop: Shop, back: str) -> str | None:
        """Return the customer's page at Stripe: card, address, tax id, invoices."""
        payer = await self._payer(shop)
        if payer is None:
            return None
        session = await asked(
            self.client.v1.billing_portal.sessions.create_async({"customer": payer, "return_url": back})
        )
        return session.url

    async def invoices(self, shop: Shop) -> Sequence[Invoice]:
        """Return the newest invoices with Stripe's pages and files."""
        payer = await self._payer(shop)
        if payer is None:
            return ()
        found = await asked(self.client.v1.invoices.list_async({"customer": payer, "limit": NEWEST}))
        return [one for one in map(truth.invoice, found.data) if one is not None]

    async def _payer(self, shop: Shop) -> str | None:
        row = await self.db.read(lambda conn: subscriptions.find(conn, shop.id))
        return row.payer_id if row and row.kind == KIND else None

    async def _look(self, shop: Shop) -> tuple[Found, str | None]:
        """Fetch what is true, put right what is twice, and write the rest down."""
        known, at = await self._payer(shop), self.clock()
        there = await self._all(shop, known)
        found = truth.choose([sub for subs in there.values() for sub in subs])
        payer = truth.name_of(found.one.customer) if found.one else next(iter(there), None)
        for sub in found.surplus:
            await give_back(self.client, shop, sub)
        told = truth.told(found.one, payer, await self._owing_since(found.one, payer), at)
        if known is not None and known not in there:
            log.warning("stripe customer is gone", shop=shop.handle)
        await self.db.write(lambda conn: subscriptions.record(conn, shop.id, told))
        return found, payer

    async def _all(self, shop: Shop, payer: str | None) -> dict[str, list[Subscription]]:
        """Return the subscriptions of every customer that is this shop, also one that an earlier installation made."""
        its, named = await asyncio.gather(self._of(payer), selling.customers(self.client, shop))
        others = [one for one in named if one != payer]
        found = dict(zip(others, await asyncio.gather(*map(self._of, others)), strict=True))
        every = found if payer is None else {payer: its, **found}
        return {one: subs for one, subs in every.items() if subs is not None}

    async def _of(self, payer: str | None) -> list[Subscription] | None:
        """Return all subscriptions of a customer; None where the customer was deleted at Stripe."""
        if payer is None:
            return None
        try:
            found = await asked(
                self.client.v1.subscriptions.list_async({"customer": payer, "status": "all", "limit": 100})
            )
            customer = None if found.data else await asked(self.client.v1.customers.retrieve_async(payer))
        except Conflict as error:
            if is_missing(error):
                return None
            raise
        return None if customer is not None and getattr(customer, "deleted", False) else list(found.data)

    async def _owing_since(self, sub: Subscription | None, payer: str | None) -> datetime | None:
        if sub is None or payer is None or not truth.owes(sub):
            return None
        found = await asked(
            self.client.v1.invoices.list_async(
                {"customer": payer, "subscription": sub.id, "status": "open", "limit": 100}
            )
        )
        return min((truth.instant(bill.created) for bill in found.data), default=None)

    async def _changeable(self, shop: Shop, plan: Plan) -> Subscription:
        if truth.is_free(plan):
            raise Conflict(TO_FREE)
        found, _ = await self._look(shop)
        if found.one is None or not truth.is_live(found.one):
            raise Conflict(HAS_NONE)
        if truth.owes(found.one):
            raise Conflict(OWES)
        if found.one.cancel_at or found.one.cancel_at_period_end:
            raise Conflict(ENDS)
        if not truth.is_sold_monthly(found.one):
            raise Conflict(OWN_PRICE)
        if truth.handle_of(found.one) == plan.handle:
            raise Conflict(SAME)
        return found.one

    async def _wrote(self, shop: Shop, write: Awaitable[Subscription]) -> None:
        """Write down what a write answered, and have it looked at again; one without an answer may have been done."""
        try:
            sub = await write
        except Unavailable as error:
            if shop.installed:
                await self.db.write(lambda conn: checking.ask(conn, shop.id, self.clock()))
            raise Unavailable(UNSURE if error.message == UNREACHABLE else error.message) from error
        at = self.clock()
        told = truth.told(sub, truth.name_of(sub.customer), None, at)

        def note(conn: Connection) -> None:
            subscriptions.record(conn, shop.id, told)
            if shop.installed:
                checking.ask(conn, shop.id, at)

        await self.db.write(note)

    async def _end_with_month(self, shop: Shop, *, wanted: bool) -> Subscription:
        found, _ = await self._look(shop)
        sub = found.one
        if sub is None or not truth.is_live(sub):
            raise Conflict(HAS_NONE)
        wish = truth.ending(sub, wanted=wanted)
        if wish is None:
            return sub
        # The package's own random key: the wish is a state, and a fixed key would swallow the same wish later.
        return await asked(self.client.v1.subscriptions.update_async(sub.id, wish))
