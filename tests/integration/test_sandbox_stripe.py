"""The small Stripe over HTTP, asked by Stripe's own client: what it refuses, what it does once, what it tells."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import stripe
from stripe import StripeClient, WebhookSignature

from plugin.billing.stripe.wire import Wire, client
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from sandbox.stripe import passing
from sandbox.stripe.account import Account, Card
from sandbox.stripe.opening import install, open_account
from tests.integration.test_sandbox_webhooks import Listener, listening
from tests.unit.sandbox.client import CLIENT, SECRET

KEY = "rk_test_" + "a" * 24
HOOK = "whsec_" + "b" * 24


@dataclass
class Set:
    """A sandbox with an account, and Stripe's client for it."""

    sim: Simulator
    account: Account
    client: StripeClient
    heard: Listener

    async def customer(self) -> str:
        return (await self.client.v1.customers.create_async({"metadata": {"shop": "example"}})).id

    async def price(self, amount: int = 1900) -> str:
        made = await self.client.v1.prices.create_async(
            {
                "currency": "eur",
                "unit_amount": amount,
                "recurring": {"interval": "month"},
                "product_data": {"name": f"Plan {amount}"},
                "lookup_key": f"plan_{amount}",
            }
        )
        return made.id

    async def checkout(self, customer: str, price: str) -> stripe.checkout.Session:
        return await self.client.v1.checkout.sessions.create_async(
            {
                "mode": "subscription",
                "customer": customer,
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": f"{self.sim.origin}/",
                "cancel_url": f"{self.sim.origin}/",
                "subscription_data": {"metadata": {"shop": "example"}},
            }
        )

    async def subscription(
        self, customer: str, price: str, card: str = "4242424242424242"
    ) -> stripe.Subscription:
        session = await self.checkout(customer, price)
        async with httpx.AsyncClient() as browser:
            await browser.post(session.url or "", data={"card": card})
        found = await self.client.v1.subscriptions.list_async({"customer": customer})
        return found.data[0]


@pytest.fixture
def heard() -> Iterator[Listener]:
    with listening("/webhooks/stripe") as found:
        yield found


@pytest.fixture
async def small(heard: Listener) -> AsyncIterator[Set]:
    account = open_account(KEY, HOOK)
    with running_sandbox(
        client_id=CLIENT,
        client_secret=SECRET,
        app_url=heard.url,
        retry_scale=0.0002,
        furnish=lambda app: install(app, account),
    ) as sim:
        wire = Wire()
        yield Set(sim, account, client(KEY, f"{sim.origin}/stripe", wire), heard)
        await wire.close_async()


async def test_a_parameter_that_stripe_does_not_have_or_of_another_type_is_refused(small: Set) -> None:
    create = small.client.v1.customers.create_async
    with pytest.raises(stripe.InvalidRequestError, match="Received unknown parameter: metadat") as refused:
        await create(wrong({"metadat": "x"}))
    assert refused.value.code == "parameter_unknown"
    customer, price = await small.customer(), await small.price()
    sub = await small.subscription(customer, price)
    update = small.client.v1.subscriptions.update_async
    with pytest.raises(stripe.InvalidRequestError, match="Invalid boolean"):
        await update(sub.id, wrong({"cancel_at_period_end": "soon"}))
    with pytest.raises(stripe.InvalidRequestError, match=r"unknown parameter: items\[0\]\[prise\]"):
        await update(sub.id, wrong({"items": [{"prise": "x"}]}))


async def test_the_same_key_is_answered_once_and_refused_for_anything_else(small: Set) -> None:
    create = small.client.v1.customers.create_async
    first = await create({"name": "a"}, {"idempotency_key": "k"})
    again = await create({"name": "a"}, {"idempotency_key": "k"})
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await create({"name": "b"}, {"idempotency_key": "k"})


@pytest.mark.parametrize("key", ["sk_live_" + "a" * 24, "sk_test_" + "c" * 24])
async def test_a_key_of_another_account_is_refused(small: Set, key: str) -> None:
    wire = Wire()
    with pytest.raises(stripe.AuthenticationError):
        await client(key, f"{small.sim.origin}/stripe", wire).v1.customers.create_async()
    await wire.close_async()


async def test_a_restricted_key_may_do_what_is_ticked_alone(small: Set) -> None:
    with pytest.raises(stripe.PermissionError, match="rak_event_read"):
        await small.client.v1.events.list_async()


async def test_news_is_signed_anew_for_each_attempt(small: Set) -> None:
    small.heard.statuses += [500, 503]
    await small.customer()
    assert small.sim.settle()
    assert len(small.heard.heard) == 3
    for headers, body in small.heard.heard:
        assert WebhookSignature.verify_header(body, headers["stripe-signature"], HOOK, 300)
        assert not _verified(body, headers["stripe-signature"], "whsec_another")


def wrong(parameters: object) -> Any:
    """What a type checker would not let pass."""
    return parameters


def _verified(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret, 300))
    except stripe.SignatureVerificationError:
        return False


async def test_what_a_change_costs_is_what_its_preview_said(small: Set) -> None:
    customer = await small.customer()
    cheap, dear = await small.price(1900), await small.price(5900)
    sub = await small.subscription(customer, cheap)
    item = sub["items"]["data"][0]["id"]
    at = sub.created + 86_400 * 10
    preview = await small.client.v1.invoices.create_preview_async(
        {
            "subscription": sub.id,
            "subscription_details": {
                "items": [{"id": item, "price": dear}],
                "proration_behavior": "always_invoice",
                "proration_date": at,
            },
        }
    )
    await small.client.v1.subscriptions.update_async(
        sub.id,
        {
            "items": [{"id": item, "price": dear}],
            "proration_behavior": "always_invoice",
            "proration_date": at,
        },
    )
    invoices = await small.client.v1.invoices.list_async({"customer": customer})
    assert 0 < preview.amount_due < 4000
    assert invoices.data[0].amount_paid == preview.amount_due


async def test_a_card_that_fails_is_tried_again_and_recovers(small: Set) -> None:
    sub = await small.subscription(customer := await small.customer(), await small.price())
    small.account.cards[customer] = Card("4000000000000341")
    states = []
    for days in (31, 3, 5):
        passing.let_pass(small.account, days)
        states.append((await small.client.v1.subscriptions.retrieve_async(sub.id)).status)
    small.account.cards[customer] = Card("4242424242424242")
    passing.let_pass(small.account, 7)
    states.append((await small.client.v1.subscriptions.retrieve_async(sub.id)).status)
    assert states == ["past_due", "past_due", "past_due", "active"]


@pytest.mark.parametrize(("after", "state"), [("unpaid", "unpaid"), ("cancel", "canceled")])
async def test_after_the_last_attempt_the_accounts_setting_decides(
    small: Set, after: str, state: str
) -> None:
    sub = await small.subscription(customer := await small.customer(), await small.price())
    small.account.after_retries = "cancel" if after == "cancel" else "unpaid"
    small.account.cards[customer] = Card("4000000000000341")
    passing.let_pass(small.account, 31 + 15)
    assert (await small.client.v1.subscriptions.retrieve_async(sub.id)).status == state


async def test_a_declined_card_begins_nothing(small: Set) -> None:
    customer = await small.customer()
    session = await small.checkout(customer, await small.price())
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(session.url or "", data={"card": "4000000000000002"})
    assert answer.status_code == 402
    assert not (await small.client.v1.subscriptions.list_async({"customer": customer})).data


async def test_money_goes_back_by_a_credit_note_and_no_more_than_was_paid(small: Set) -> None:
    sub = await small.subscription(await small.customer(), await small.price())
    notes = small.client.v1.credit_notes
    note = await notes.create_async(
        {"invoice": str(sub.latest_invoice), "amount": 1900, "refund_amount": 1900}
    )
    assert note.post_payment_amount == 1900
    with pytest.raises(stripe.InvalidRequestError):
        await notes.create_async({"invoice": str(sub.latest_invoice), "amount": 1, "refund_amount": 1})
