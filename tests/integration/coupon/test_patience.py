"""An order whose customer Shopify says nothing of is asked about again, and does not wait for ever."""

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import Connection

from tests.integration.coupon.stage import Stage
from tests.integration.coupon.test_campaigns import ANNA, BERT, campaign, run, values
from widgets.coupon.patience import ask_again, settle
from widgets.coupon.tables import coupon


async def job(stage: Stage, step: Callable[[Connection, int | None, datetime], int]) -> int:
    """Run a job to its end, as the clock does; returns how many orders it came by."""
    seen = 0
    while count := await stage.db.write(lambda conn: step(conn, None, stage.now)):
        seen += count
    return seen


async def questions(stage: Stage) -> list[str]:
    return [key for name, key in await stage.tasks() if name == "coupon.customer"]


async def test_after_a_day_an_order_gets_the_first_coupon_that_needs_no_answer(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["vip"]), campaign("alps", 20, countries=["AT"]))
    for id in (1, 2):
        await stage.order(id, customer_id=ANNA, country="AT" if id == 2 else "DE")
    stage.pass_time(hours=23)
    assert await job(stage, settle) == 0
    assert await stage.states([1, 2]) == ["pending"] * 2
    stage.pass_time(hours=1)
    assert await job(stage, settle) == 2
    assert await values(stage, 1, 2) == ["10%", "20%"]
    assert await job(stage, settle) == 0
    await stage.answer(ANNA, 1, "vip", day=date(2026, 11, 21))
    assert await values(stage, 1, 2) == ["10%", "20%"], "what was given stays"
    assert await stage.breaches() == []


async def test_what_is_known_of_the_customer_counts_all_the_same(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["vip"]), campaign("new", 20, first_order_only=True))
    await stage.order(1, customer_id=ANNA)
    await stage.order(2, customer_id=BERT)
    await stage.answer(ANNA, 1)
    await stage.answer(BERT, 2)
    assert await stage.states([1, 2]) == ["pending"] * 2
    stage.pass_time(days=1)
    await job(stage, settle)
    assert await values(stage, 1, 2) == ["20%", "10%"]


async def test_where_every_coupon_needs_the_answer_it_is_asked_for_daily(stage: Stage) -> None:
    await stage.set(first_order_only=True)
    await stage.order(1, customer_id=ANNA)
    await stage.order(2, customer_id=BERT)
    (mine, other) = await questions(stage)
    await stage.answer(BERT, 1)
    await stage.forget_tasks()
    stage.pass_time(days=2)
    assert await job(stage, settle) == 1
    assert await questions(stage) == []
    assert await job(stage, ask_again) == 1
    assert await questions(stage) == [mine] != [other]
    assert await stage.states([1, 2]) == ["pending", "ready"]
    await stage.answer(ANNA, 1)
    assert await stage.states([1]) == ["ready"]


async def test_an_answer_after_the_last_day_brings_no_coupon(stage: Stage) -> None:
    await stage.set(first_order_only=True, valid_days=3)
    await stage.order(1, customer_id=ANNA)
    await stage.order(2, customer_id=BERT)
    stage.pass_time(days=4)
    await stage.answer(ANNA, 1)
    assert await stage.states([1]) == ["none"]
    assert await stage.states([2]) == ["pending"]
    await job(stage, settle)
    assert await stage.states([1, 2]) == ["none", "none"]
    assert await stage.rows(coupon, "refusal", "waiting") == [("past", False)] * 2
    assert await stage.breaches() == []


async def test_a_longer_coupon_of_the_order_is_given_when_the_better_one_is_over(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["vip"], valid_days=2))
    await stage.order(1, customer_id=ANNA)
    stage.pass_time(days=3)
    await stage.answer(ANNA, 1, "vip", day=date(2026, 11, 21))
    assert await values(stage, 1) == ["10%"]


async def test_one_shop_can_be_looked_at_alone(stage: Stage) -> None:
    await stage.set(first_order_only=True)
    await stage.order(1, customer_id=ANNA)
    assert await stage.db.write(lambda conn: ask_again(conn, stage.shop.id + 1, stage.now)) == 0
    assert await stage.db.write(lambda conn: ask_again(conn, stage.shop.id, stage.now)) == 1
