"""Stripe's road: one subscription a shop however many tabs, every state read from the object, and nobody locked out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from plugin.billing import standing, subscriptions
from plugin.billing.gates import GRACE
from plugin.billing.plans import FREE
from plugin.billing.subscriptions import State
from plugin.database import Database
from plugin.errors import Conflict, Unavailable
from tests.integration.billing.stage import BACK, LARGE, LATER, MEDIUM, SMALL, Stage, plan, staged


@pytest.fixture
async def stage(db: Database) -> AsyncIterator[Stage]:
    async with staged(db) as found:
        yield found


async def test_a_shop_subscribes_with_its_tax_id_and_address_asked_for(stage: Stage) -> None:
    page = await stage.begin()
    session = next(stage.account.all("checkout.session"))
    assert session["tax_id_collection"]["enabled"]
    assert session["billing_address_collection"] == "required"
    assert (session["success_url"], session["cancel_url"]) == (BACK, BACK)
    assert (await stage.refresh()).state is State.NONE
    await stage.pay(page)
    row = await stage.refresh()
    assert (row.state, row.plan, row.amount, row.currency, row.test) == (
        State.ACTIVE,
        SMALL,
        19_00,
        "EUR",
        True,
    )
    assert row.period_end is not None


async def test_the_webhook_alone_tells_of_a_redirect_that_never_returned(stage: Stage) -> None:
    await stage.subscribe()
    assert (await stage.row()).state is State.NONE
    await stage.hear(stage.news)
    assert (await stage.row()).state is State.ACTIVE


async def test_two_tabs_get_one_page_one_customer_and_one_subscription(stage: Stage) -> None:
    first, second = await asyncio.gather(stage.begin(), stage.begin())
    assert first == second
    assert await stage.begin() == first
    assert len(list(stage.account.all("customer"))) == 1
    await stage.pay(first)
    with pytest.raises(Conflict):
        await stage.begin()


async def test_a_page_for_another_plan_closes_the_first(stage: Stage) -> None:
    first = await stage.begin(SMALL)
    second = await stage.begin(MEDIUM)
    assert await stage.pay(first) == 404
    assert await stage.pay(second) == 303
    assert (await stage.refresh()).plan == MEDIUM


async def test_the_later_of_two_subscriptions_is_ended_and_its_money_goes_back(stage: Stage) -> None:
    first = await stage.begin(SMALL)
    price = next(stage.account.all("price"))
    session = dict(next(stage.account.all("checkout.session")))
    twin = stage.account.put({**session, "id": "cs_test_twin", "url": f"{first}x"})
    await stage.pay(first)
    await stage.pay(f"{stage.account.origin}/stripe/checkout/{twin['id']}")
    later, earlier = stage.account.all("subscription")
    assert price["id"] == later["items"]["data"][0]["price"]["id"]
    row = await stage.refresh()
    assert (row.outside_id, row.state) == (earlier["id"], State.ACTIVE)
    assert later["status"] == "canceled"
    paid = {
        bill["id"]: bill["amount_paid"] - bill["post_payment_credit_notes_amount"]
        for bill in stage.account.all("invoice")
    }
    assert paid == {earlier["latest_invoice"]: 19_00, later["latest_invoice"]: 0}
    await stage.refresh()
    assert len(list(stage.account.all("credit_note"))) == 1


async def test_a_crash_between_giving_back_and_ending_is_made_good(stage: Stage) -> None:
    page = await stage.begin()
    twin = stage.account.put({**next(stage.account.all("checkout.session")), "id": "cs_test_twin"})
    await stage.pay(page)
    await stage.pay(f"{stage.account.origin}/stripe/checkout/{twin['id']}")
    await stage.refresh()
    later = next(stage.account.all("subscription"))
    assert (later["status"], len(list(stage.account.all("credit_note")))) == ("canceled", 1)
    later["status"] = "active"
    await stage.refresh()
    assert later["status"] == "canceled"
    assert len(list(stage.account.all("credit_note"))) == 1


async def test_what_a_change_costs_is_shown_before_and_charged_so(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    stage.days(10)
    shown = await stage.billing.preview(stage.shop, plan(MEDIUM), stage.now())
    assert 0 < shown.now < 40_00
    assert (shown.monthly, shown.currency) == (59_00, "EUR")
    await stage.billing.change(stage.shop, plan(MEDIUM), shown.token, stage.now())
    row = await stage.row()
    assert (row.plan, row.amount) == (MEDIUM, 59_00)
    assert (await stage.billing.invoices(stage.shop))[0].amount == shown.now


async def test_a_smaller_plan_leaves_a_credit_for_the_next_month(stage: Stage) -> None:
    await stage.subscribe(LARGE)
    shown = await stage.billing.preview(stage.shop, plan(SMALL), stage.now())
    assert shown.now < 0
    await stage.billing.change(stage.shop, plan(SMALL), shown.token, stage.now())
    assert (await stage.row()).plan == SMALL
    assert next(stage.account.all("customer"))["balance"] == shown.now


async def test_a_change_that_was_not_shown_just_now_is_refused(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    now = stage.now()
    shown = await stage.billing.preview(stage.shop, plan(MEDIUM), now)
    at, _, prices = shown.token.partition(".")
    cheaper = f"{int(at) + 86_400 * 20}.{prices}"
    other = (await stage.billing.preview(stage.shop, plan(LARGE), now)).token
    late = now + timedelta(hours=1)
    for token, when in (
        (cheaper, now),
        ("", now),
        ("1.price_x", now),
        (other, stage.now()),
        (shown.token, late),
    ):
        with pytest.raises(Conflict):
            await stage.billing.change(stage.shop, plan(MEDIUM), token, when)
    assert (await stage.refresh()).plan == SMALL


async def test_two_tabs_that_change_pay_once(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(MEDIUM), stage.now())
    change = stage.billing.change
    done = await asyncio.gather(
        change(stage.shop, plan(MEDIUM), shown.token, stage.now()),
        change(stage.shop, plan(MEDIUM), shown.token, stage.now()),
        return_exceptions=True,
    )
    assert None in done
    assert len(list(stage.account.all("invoice"))) == 2


async def test_a_declined_card_changes_nothing(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    stage.card(LATER)
    with pytest.raises(Conflict, match="declined"):
        await stage.billing.change(stage.shop, plan(LARGE), shown.token, stage.now())
    row = await stage.refresh()
    assert (row.state, row.plan) == (State.ACTIVE, SMALL)


async def test_cancelled_in_one_call_it_lasts_the_month_and_can_be_kept(stage: Stage) -> None:
    await stage.subscribe()
    await stage.billing.cancel(stage.shop, stage.now())
    row = await stage.row()
    assert (row.state, row.cancel_at, row.plan) == (State.CANCELLED, row.period_end, SMALL)
    await stage.billing.resume(stage.shop, stage.now())
    assert (await stage.row()).state is State.ACTIVE
    await stage.billing.cancel(stage.shop, stage.now())
    stage.days(31)
    ended = await stage.refresh()
    assert ended.state is State.CANCELLED
    assert ended.cancel_at is not None
    assert ended.cancel_at <= stage.now()
    with pytest.raises(Conflict):
        await stage.billing.resume(stage.shop, stage.now())


async def test_after_the_end_a_shop_may_subscribe_again(stage: Stage) -> None:
    await stage.subscribe()
    await stage.billing.cancel(stage.shop, stage.now())
    stage.days(31)
    await stage.subscribe(MEDIUM)
    row = await stage.refresh()
    assert (row.state, row.plan) == (State.ACTIVE, MEDIUM)
    assert len(list(stage.account.all("customer"))) == 1


async def test_a_payment_that_fails_is_told_with_its_day_and_recovers(stage: Stage) -> None:
    await stage.subscribe()
    stage.card(LATER)
    stage.days(31)
    row = await stage.refresh()
    bill = next(stage.account.all("invoice", status="open"))
    assert (row.state, row.plan, row.cancel_at) == (State.PAST_DUE, SMALL, None)
    assert row.past_due_since is not None
    assert row.past_due_since.timestamp() == bill["created"]
    with pytest.raises(Conflict):
        await stage.billing.preview(stage.shop, plan(MEDIUM), stage.now())
    page = await stage.billing.manage(stage.shop, BACK)
    assert page is not None
    await stage.browser.post(page, data={"do": "card", "card": "4242424242424242"})
    await stage.browser.post(page, data={"do": "pay", "invoice": bill["id"]})
    row = await stage.refresh()
    assert (row.state, row.past_due_since) == (State.ACTIVE, None)


async def test_a_payment_that_was_given_up_leaves_the_free_plan_after_the_grace(stage: Stage) -> None:
    sub = await stage.subscribe()
    stage.card(LATER)
    stage.days(31 + 15)
    row = await stage.refresh()
    assert sub["status"] == "unpaid"
    assert (row.state, row.plan) == (State.PAST_DUE, SMALL)
    assert row.past_due_since is not None
    ends = row.past_due_since + GRACE

    def held(now: datetime) -> str:
        return standing.held(row, now, needed=True, development=False).handle

    assert (held(ends - timedelta(seconds=1)), held(ends)) == (SMALL, FREE.handle)


async def test_invoices_are_listed_with_their_pages_and_what_went_back(stage: Stage) -> None:
    await stage.subscribe()
    (paid,) = await stage.billing.invoices(stage.shop)
    assert (paid.state, paid.amount, paid.currency) == ("paid", 19_00, "EUR")
    assert paid.page is not None
    assert paid.file is not None
    assert (await stage.browser.get(paid.file)).content.startswith(b"%PDF")
    bill = next(stage.account.all("invoice"))
    await stage.browser.post(f"{stage.account.origin}/stripe", data={"do": "refund", "invoice": bill["id"]})
    assert [one.state for one in await stage.billing.invoices(stage.shop)] == ["refunded"]


async def test_a_customer_deleted_at_stripe_leaves_no_plan_and_another_can_be_made(stage: Stage) -> None:
    await stage.subscribe()
    await stage.refresh()
    former = (await stage.row()).payer_id
    stage.account.objects[str(former)] = {"id": former, "object": "customer", "deleted": True}
    for sub in stage.account.all("subscription"):
        sub["customer"] = None
    row = await stage.refresh()
    assert (row.state, row.payer_id) == (State.NONE, None)
    await stage.begin()
    assert (await stage.row()).payer_id not in {None, former}


async def test_while_stripe_is_down_the_last_truth_stands(stage: Stage) -> None:
    await stage.subscribe()
    before = await stage.refresh()
    stage.account.down = True
    for wish in (stage.refresh(), stage.begin(), stage.billing.invoices(stage.shop)):
        with pytest.raises(Unavailable):
            await wish
    assert await stage.row() == before


async def test_a_plan_that_the_code_no_longer_knows_keeps_its_name(stage: Stage) -> None:
    sub = await stage.subscribe()
    sub["items"]["data"][0]["price"]["metadata"] = {"dankbar_plan": "gold"}
    assert (await stage.refresh()).plan == "gold"
    sub["items"]["data"][0]["price"]["metadata"] = {}
    assert (await stage.refresh()).plan == sub["items"]["data"][0]["price"]["id"]


async def test_a_price_that_changed_in_the_code_is_another_price(stage: Stage) -> None:
    former = replace(plan(SMALL), prices={"EUR": 15_00, "USD": 15_00})
    await stage.billing.begin(stage.shop, former, "EUR", BACK, stage.now())
    await stage.begin()
    await stage.begin()
    assert [one["unit_amount"] for one in stage.account.all("price")] == [19_00, 15_00]


async def test_an_event_of_a_shop_that_is_gone_is_handled_once(stage: Stage) -> None:
    await stage.subscribe()
    await stage.db.write(lambda conn: conn.execute(subscriptions.subscription.delete()))
    stranger = [
        {
            **event,
            "data": {
                "object": {
                    **event["data"]["object"],
                    "customer": "cus_x",
                    "metadata": {"dankbar_shop": "x"},
                    "parent": None,
                }
            },
        }
        for event in stage.news
    ]
    await stage.hear(stranger)
    assert await stage.work() == 0
    assert await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id)) is None


async def test_news_of_a_shop_whose_row_was_lost_brings_it_back(stage: Stage) -> None:
    sub = await stage.subscribe()
    await stage.db.write(lambda conn: conn.execute(subscriptions.subscription.delete()))
    await stage.hear([event for event in stage.news if event["type"] == "customer.subscription.created"])
    row = await stage.row()
    assert (row.state, row.payer_id) == (State.ACTIVE, sub["customer"])
