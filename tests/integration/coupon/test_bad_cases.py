"""Days on which something goes wrong: each ends with what the rules say, and with a sentence that is true."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from plugin import settings
from plugin.settings import ShopSettings
from tests.integration.coupon.shopify import NewErrand
from tests.integration.coupon.stage import Stage
from widgets.coupon.preparing import on_shop_change
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon, coupon_budget, coupon_node

ANNA, BERT = 7, 8


async def change_shop(stage: Stage, **patch: str) -> None:
    """Have the shop's own settings change, as shop/update does."""
    await stage.db.write(
        lambda conn: settings.change(
            conn, stage.shop.id, ShopSettings, patch, stage.now, hooks=[on_shop_change]
        )
    )


async def test_with_an_empty_pool_and_shopify_away_every_promise_waits_and_is_kept(
    new_errand: NewErrand,
) -> None:
    errand = await new_errand(CouponSettings(monthly_cap=10**6))
    errand.sim.switch(errand.handle, api="down")
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 6)))
    assert await errand.work() == 0
    seen = await errand.stage.seen(1)
    assert (seen.state, seen.value_text) == ("pending", "10\xa0%")
    assert seen.text.startswith("10\xa0% auf Ihre nächste Bestellung sind Ihnen sicher.")
    errand.stage.pass_time(minutes=1)
    await errand.stage.order(5, status="voided")
    errand.sim.switch(errand.handle, api="ok")
    await errand.hurry()
    await errand.work()
    assert await errand.stage.states(range(1, 6)) == ["ready"] * 4 + ["void"]
    assert await errand.stage.breaches() == []


async def test_an_order_moved_to_another_customer_keeps_its_coupon_and_moves_its_stamp(stage: Stage) -> None:
    await stage.set(stamp_every=2, first_order_only=True)
    await stage.fill(10)
    await stage.order(1, customer_id=ANNA)
    await stage.answer(ANNA, 1)
    code = await stage.code(1)
    stage.pass_time(hours=1)
    await stage.order(2, customer_id=BERT)
    await stage.answer(BERT, 1)
    stage.pass_time(hours=1)
    await stage.order(1, customer_id=BERT)
    assert await stage.code(1) == code
    cards = [(await stage.seen(1, customer_id=one)).stamps for one in (ANNA, BERT)]
    assert [card and card.have for card in cards] == [1, 2], (
        "Shopify counted one order of Anna's, and never again"
    )
    assert await stage.breaches() == []


async def test_a_code_that_somebody_else_used_before_its_order_was_refunded_is_not_taken_back(
    stage: Stage,
) -> None:
    await stage.set(monthly_cap=10**6)
    await stage.order(1, customer_id=ANNA)
    await stage.order(2, customer_id=BERT, codes=(f" {(await stage.code(1)).lower()} ",))
    stage.pass_time(hours=1)
    await stage.order(1, customer_id=ANNA, status="refunded")
    assert await stage.states([1, 2]) == ["redeemed", "ready"]
    assert (await stage.seen(1)).text == "Ihr Gutschein ist eingelöst."
    assert "coupon.remove" not in [name for name, _ in await stage.tasks()]
    assert set(await stage.rows(coupon, "counted")) == {(True,)}
    assert await stage.breaches() == []


@pytest.mark.parametrize(
    ("at", "last"),
    [
        (
            datetime(2027, 3, 27, 22, 30, tzinfo=UTC),
            date(2027, 3, 28),
        ),  # 23:30, the night before clocks go on
        (
            datetime(2027, 3, 28, 21, 30, tzinfo=UTC),
            date(2027, 3, 29),
        ),  # 23:30, an hour earlier than yesterday
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), date(2026, 10, 26)),  # 00:30 of the day of 25 hours
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), date(2026, 10, 26)),  # 23:30 of the same day
    ],
)
async def test_a_day_of_23_or_25_hours_is_a_day(stage: Stage, at: datetime, last: date) -> None:
    await change_shop(stage, active_from="2026-01-01")
    await stage.set(valid_days=1)
    stage.now = at
    await stage.order(1)
    assert (await stage.seen(1)).expires_on == last


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("JPY", "500", "500\xa0¥"), ("KWD", "0.500", "0,500\xa0KWD"), ("EUR", "5.00", "5\xa0€")],
)
async def test_money_has_as_many_places_as_its_currency(
    new_errand: NewErrand, currency: str, amount: str, shown: str
) -> None:
    five = {"kind": "amount", "value": 500, "minimum_subtotal": 3000, "monthly_cap": 1000}
    errand = await new_errand(CouponSettings.model_validate(five))
    errand.sim.shop(errand.handle, currency=currency)
    await change_shop(errand.stage, currency=currency)
    await errand.work()
    given = errand.discounts[-1].input
    assert Decimal(given["customerGets"]["value"]["discountAmount"]["amount"]) == Decimal(amount)
    assert Decimal(given["minimumRequirement"]["subtotal"]["greaterThanOrEqualToSubtotal"]) == 6 * Decimal(
        amount
    )
    await errand.stage.tell(*(errand.stage.arrival(id, currency=currency) for id in (1, 2, 3)))
    assert (await errand.stage.seen(1)).value_text == shown
    assert await errand.stage.states([1, 2, 3]) == ["ready", "ready", "none"]


async def test_a_shop_that_changes_its_currency_keeps_its_promises_and_counts_anew(stage: Stage) -> None:
    await stage.set(kind="amount", value=500, minimum_subtotal=3000, monthly_cap=1000)
    await stage.fill(10)
    await stage.tell(*(stage.arrival(id) for id in (1, 2, 3)))
    code = await stage.code(1)
    stage.pass_time(hours=1)
    await change_shop(stage, currency="CHF")
    await stage.fill(10)
    await stage.order(4)
    assert await stage.states([3, 4]) == ["none", "none"]
    assert (await stage.rows(coupon, "refusal"))[-1] == (None,)
    await stage.order(5, currency="CHF")
    assert (await stage.seen(5)).value_text == "5\xa0CHF"
    assert ((await stage.seen(1)).value_text, await stage.code(1)) == ("5\xa0€", code)
    assert await stage.rows(coupon_budget, "issued") == [(500,)]
    await stage.set(monthly_cap=1200)
    assert await stage.rows(coupon_budget, "issued") == [(500,)]
    assert {currency for (currency,) in await stage.rows(coupon_node, "currency")} == {"EUR", "CHF"}
    stage.pass_time(hours=1)
    await stage.order(1, status="refunded")
    assert await stage.rows(coupon_budget, "issued") == [(500,)]
    assert await stage.breaches() == []


async def test_what_an_order_was_worth_in_another_currency_is_no_measure_of_the_mean(stage: Stage) -> None:
    await stage.set(monthly_cap=10**9)
    await stage.tell(stage.arrival(1), stage.arrival(2))
    stage.pass_time(hours=1)
    await change_shop(stage, currency="JPY")
    await stage.order(3, currency="JPY", subtotal=8000)
    assert await stage.rows(coupon_budget, "issued") == [(5,)], (
        "a tenth of fifty yen: no order of yen before it"
    )
    stage.pass_time(hours=1)
    await stage.order(4, currency="JPY")
    assert await stage.rows(coupon_budget, "issued") == [(5 + 800,)]
    assert await stage.breaches() == []
