"""A shop that comes back, a plan that was cancelled elsewhere, and answers of Stripe's that are lost or overtaken."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from plugin.billing.stripe import selling
from plugin.billing.subscriptions import State
from plugin.core import privacy
from plugin.database import Database
from plugin.errors import Conflict, Unavailable
from sandbox.stripe.account import Body
from tests import engine
from tests.integration.billing.stage import BACK, LARGE, MEDIUM, SMALL, Stage, plan, staged


@pytest.fixture
async def stage(db: Database) -> AsyncIterator[Stage]:
    async with staged(db) as found:
        yield found


async def erased_and_installed_again(stage: Stage) -> None:
    await stage.db.write(lambda conn: privacy.erase_shop(conn, stage.shop.id))
    later = datetime.now(UTC) + timedelta(days=3)
    stage.shop = await stage.db.write(lambda conn: engine.install(conn, now=later))


async def test_a_shop_that_was_erased_and_comes_back_finds_its_subscription(stage: Stage) -> None:
    sub = await stage.subscribe()
    await erased_and_installed_again(stage)
    row = await stage.refresh()
    assert (row.state, row.plan, row.outside_id, row.payer_id) == (
        State.ACTIVE,
        SMALL,
        sub["id"],
        sub["customer"],
    )
    with pytest.raises(Conflict):
        await stage.begin()
    stage.days(32)
    assert sum(bill["amount_paid"] for bill in stage.account.all("invoice")) == 2 * 19_00


async def test_two_customers_of_one_shop_end_as_one_that_pays(stage: Stage) -> None:
    sub = await stage.subscribe()
    twin = stage.account.put({**stage.account.get("customer", sub["customer"]), "id": "cus_twin"})
    stage.account.cards["cus_twin"] = stage.account.cards[sub["customer"]]
    page = await stage.billing.manage(stage.shop, BACK)
    assert page is not None
    other = stage.account.put({**next(stage.account.all("checkout.session")), "id": "cs_test_twin"})
    other.update(status="open", customer=twin["id"])
    await stage.pay(f"{stage.account.origin}/stripe/checkout/{other['id']}")
    row = await stage.refresh()
    assert row.payer_id == sub["customer"]
    assert [one["status"] for one in stage.account.all("subscription")] == ["canceled", "active"]
    assert len(list(stage.account.all("credit_note"))) == 1


async def test_a_plan_cancelled_on_the_page_at_stripe_is_kept(stage: Stage) -> None:
    sub = await stage.subscribe()
    await stage.refresh()
    page = await stage.billing.manage(stage.shop, BACK)
    assert page is not None
    await stage.browser.post(page, data={"do": "cancel", "subscription": sub["id"]})
    row = await stage.refresh()
    assert (row.state, row.cancel_at, sub["cancel_at_period_end"]) == (State.CANCELLED, row.period_end, False)
    await stage.billing.cancel(stage.shop, stage.now())
    assert not sub["cancel_at_period_end"]
    await stage.billing.resume(stage.shop, stage.now())
    assert ((await stage.row()).state, sub["cancel_at"]) == (State.ACTIVE, None)
    await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    stage.days(31)
    assert (await stage.refresh()).state is State.ACTIVE


async def test_a_contract_with_a_later_end_can_be_cancelled_sooner(stage: Stage) -> None:
    sub = await stage.subscribe()
    sub["cancel_at"] = sub["items"]["data"][0]["current_period_end"] + 90 * 86_400
    await stage.billing.cancel(stage.shop, stage.now())
    row = await stage.row()
    assert (row.state, row.cancel_at) == (State.CANCELLED, row.period_end)


async def test_a_change_that_was_done_is_told_though_stripe_falls_silent_after_it(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    told = stage.account.told

    def then(event: Body) -> None:
        told(event)
        stage.account.down = event["type"] == "invoice.payment_succeeded"

    stage.account.told = then
    await stage.billing.change(stage.shop, plan(LARGE), shown.token, stage.now())
    assert (await stage.row()).plan == LARGE
    stage.account.down = False
    assert await stage.work() == 1


async def test_a_change_whose_answer_is_lost_claims_nothing_and_is_looked_up(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    price = selling.price

    async def last(*what: object) -> str:
        found = await price(*what)  # type: ignore[arg-type] # as it was called
        stage.account.down = True
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selling, "price", last)
        with pytest.raises(Unavailable, match="whether it was done"):
            await stage.billing.change(stage.shop, plan(LARGE), shown.token, stage.now())
    stage.account.down = False
    assert await stage.work() == 1
    assert (await stage.row()).plan == SMALL


async def test_an_answer_counts_from_when_stripe_was_asked(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(MEDIUM), stage.now())
    began, price = stage.now(), selling.price

    async def meanwhile(*what: object) -> str:
        found = await price(*what)  # type: ignore[arg-type] # as it was called
        await stage.refresh()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selling, "price", meanwhile)
        await stage.billing.change(stage.shop, plan(MEDIUM), shown.token, began)
    assert (await stage.row()).plan == MEDIUM


@pytest.mark.parametrize(
    ("currency", "interval", "count", "amount", "monthly"),
    [
        ("chf", "month", 1, 80_00, 80_00),
        ("eur", "year", 1, 1_000_00, 83_33),
        ("eur", "month", 3, 240_00, 80_00),
        ("usd", "week", 2, 30_00, 65_00),
    ],
)
async def test_a_price_agreed_by_hand_is_kept_told_by_the_month_and_changed_by_hand(
    stage: Stage, currency: str, interval: str, count: int, amount: int, monthly: int
) -> None:
    sub = await stage.subscribe()
    price = sub["items"]["data"][0]["price"]
    price.update(currency=currency, metadata={}, nickname="Your contract", unit_amount=amount)
    price["recurring"].update(interval=interval, interval_count=count)
    row = await stage.refresh()
    assert (row.plan, row.currency, row.amount) == ("Your contract", currency.upper(), monthly)
    with pytest.raises(Conflict, match="price of its own"):
        await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    price["nickname"] = LARGE
    assert (await stage.refresh()).plan == price["id"]
