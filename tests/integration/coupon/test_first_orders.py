"""A coupon for first orders alone: Shopify's number of orders at first contact tells, and nobody else waits for it."""

import pytest

from tests.integration.coupon.stage import Stage
from widgets.coupon.tables import coupon

ANNA, BERT = 7, 8


@pytest.fixture
async def firsts(stage: Stage) -> Stage:
    """The shop with coupons for first orders alone."""
    await stage.set(first_order_only=True)
    return stage


async def buy(stage: Stage, *order_ids: int, customer_id: int | None = ANNA) -> None:
    for order_id in order_ids:
        stage.pass_time(hours=1)
        await stage.order(order_id, customer_id=customer_id)


async def test_the_first_order_gets_it_and_the_second_is_told_why_not(firsts: Stage) -> None:
    await buy(firsts, 1)
    assert await firsts.states([1]) == ["pending"]
    await firsts.answer(ANNA, 1)
    await buy(firsts, 2)
    assert await firsts.states([1, 2]) == ["ready", "none"]
    assert (await firsts.seen(2)).text == "Einen Gutschein gibt es zur ersten Bestellung."
    assert await firsts.breaches() == []


async def test_who_bought_before_our_first_contact_gets_none(firsts: Stage) -> None:
    await buy(firsts, 1)
    await firsts.answer(ANNA, 2)
    assert await firsts.states([1]) == ["none"]
    assert (await firsts.rows(coupon, "refusal")) == [("first",)]


async def test_an_order_without_a_customer_is_nobodys_first_and_waits_for_nothing(firsts: Stage) -> None:
    await buy(firsts, 1, customer_id=None)
    assert await firsts.states([1]) == ["none"]
    assert [name for name, _ in await firsts.tasks() if name == "coupon.customer"] == []


async def test_of_two_orders_that_wait_only_the_earlier_is_the_first(firsts: Stage) -> None:
    later = firsts.now
    await firsts.order(2, customer_id=ANNA, processed_at=later, created_at=later)
    firsts.now = later
    await firsts.order(1, customer_id=ANNA)
    await firsts.answer(ANNA, 2)
    assert await firsts.states([1, 2]) == ["ready", "none"]


async def test_a_first_order_that_was_undone_leaves_the_coupon_to_the_next(firsts: Stage) -> None:
    await buy(firsts, 1)
    await firsts.answer(ANNA, 1)
    firsts.pass_time(hours=1)
    await firsts.order(1, customer_id=ANNA, cancelled_at=firsts.now)
    await buy(firsts, 2)
    assert await firsts.states([1, 2]) == ["void", "ready"]


async def test_in_the_shop_or_at_the_counter_bought_is_bought(firsts: Stage) -> None:
    firsts.pass_time(hours=1)
    await firsts.order(1, customer_id=ANNA, source="pos")
    await buy(firsts, 2)
    await firsts.answer(ANNA, 2)
    assert await firsts.states([1, 2]) == ["none", "none"]


async def test_a_stamp_card_goes_on_beside_it(firsts: Stage) -> None:
    await firsts.set(stamp_every=2)
    await firsts.fill(5)
    await buy(firsts, 1)
    await firsts.answer(ANNA, 1)
    await buy(firsts, 2, 3)
    assert [(await firsts.seen(id)).value_text for id in (1, 2)] == ["10\xa0%", "20\xa0%"]
    assert await firsts.states([1, 2, 3]) == ["ready", "ready", "none"]
    seen = await firsts.seen(3, customer_id=ANNA)
    assert (seen.state, seen.shown, seen.title) == ("none", True, "Ihre Stempelkarte")


async def test_switched_on_later_it_asks_from_then_on(stage: Stage) -> None:
    await buy(stage, 1)
    assert await stage.states([1]) == ["ready"]
    await stage.set(first_order_only=True)
    await buy(stage, 2, customer_id=BERT)
    await buy(stage, 3)
    await stage.answer(ANNA, 2)
    await stage.answer(BERT, 1)
    assert await stage.states([1, 2, 3]) == ["ready", "ready", "none"]
