"""Codes at Shopify: minted ahead of need, recovered after every outage, removed one by one."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Update, insert, update

from plugin import tasks
from plugin.shopify import discounts
from plugin.shopify.discounts import Percentage, Terms
from plugin.shopify.names import number_of
from plugin.tasks import task
from sandbox.discounts import CodeRefused
from tests.integration.coupon.shopify import Errand, NewErrand
from widgets.coupon import pool, stock
from widgets.coupon.preparing import prepare
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import (
    ASKED,
    FREE,
    GIVEN,
    coupon_code,
    coupon_node,
)
from widgets.coupon.tasks import TASKS


async def test_installing_fills_the_pool_with_one_discount(errand: Errand) -> None:
    await errand.work()
    assert errand.failures == []
    (discount,) = errand.discounts
    assert len(discount.codes) == stock.LEAST
    assert await errand.codes_by_state() == {FREE: stock.LEAST}
    stored = {code for (code,) in await errand.stage.rows(coupon_code, "code")}
    assert stored == errand.codes()
    gids = {row[0] for row in await errand.stage.rows(coupon_code, "gid")}
    assert gids == {f"gid://shopify/DiscountRedeemCode/{code.id}" for code in discount.codes.values()}


async def test_two_workers_that_fill_the_same_pool_make_one_discount(errand: Errand) -> None:
    [one] = [
        one
        for one in await errand.stage.db.write(lambda conn: tasks.claim(conn, "worker", errand.now, 9))
        if one.name == pool.TOP_UP
    ]
    both = (TASKS[one.name](errand.task_run(one)) for _ in range(2))
    await asyncio.gather(*both, return_exceptions=True)
    await errand.hurry()
    await TASKS[one.name](errand.task_run(one))
    (discount,) = errand.discounts
    assert [row[0] for row in await errand.stage.rows(coupon_node, "gid")] == [
        f"gid://shopify/DiscountCodeNode/{discount.id}"
    ]
    free = {code for code, state in await errand.stage.rows(coupon_code, "code", "state") if state == FREE}
    assert free <= errand.codes()
    assert len(free) >= stock.LEAST


async def test_more_codes_than_one_call_takes_are_asked_for_in_portions(errand: Errand) -> None:
    await errand.work()
    codes = [
        {"shop_id": errand.stage.shop.id, "node_id": 1, "code": f"X{n}", "state": ASKED} for n in range(400)
    ]
    await errand.stage.db.write(lambda conn: conn.execute(insert(coupon_code), codes))
    await errand.stage.db.write(lambda conn: prepare(conn, errand.stage.shop.id, errand.now))
    await errand.work()
    assert errand.failures == []
    assert await errand.codes_by_state() == {FREE: stock.LEAST + 400}


async def test_no_code_stands_anywhere_but_among_the_codes_that_erasure_clears(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    assert await errand.stage.code(1) in errand.codes()
    assert await errand.stage.rows(coupon_node, "first_code") == [(None,)]


async def test_the_discount_says_what_the_settings_say(errand: Errand) -> None:
    await errand.work()
    await errand.stage.set(kind="amount", value=500, minimum_subtotal=3000)
    await errand.work()
    percentage, amount = (discount.input for discount in errand.discounts)
    assert percentage["customerGets"] == {"value": {"percentage": 0.1}, "items": {"all": True}}
    assert percentage.get("minimumRequirement") is None
    assert Decimal(amount["customerGets"]["value"]["discountAmount"]["amount"]) == 5
    assert amount["customerGets"]["value"]["discountAmount"]["appliesOnEachItem"] is False
    assert Decimal(amount["minimumRequirement"]["subtotal"]["greaterThanOrEqualToSubtotal"]) == 30
    for given in (percentage, amount):
        assert (given["usageLimit"], given["appliesOncePerCustomer"]) == (1, False)
        assert given["context"] == {"all": "ALL"}
        assert given.get("endsAt") is None
        assert not any(given["combinesWith"].values())


async def test_a_code_works_once_in_a_real_cart(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    code = await errand.stage.code(1)
    bought = errand.sim.place_order(["50.00"], shop=errand.handle, codes=[code])
    assert bought.body["total_discounts"] == "5.00"
    with pytest.raises(CodeRefused):
        errand.sim.place_order(["50.00"], shop=errand.handle, codes=[code])


async def test_a_full_pool_is_left_alone(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 100)))
    assert await errand.stage.tasks() == []


async def test_half_a_pool_is_filled_to_the_top_again(errand: Errand) -> None:
    await errand.work()
    before = errand.calls("CodesAdd")
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 126)))
    assert [name for name, _ in await errand.stage.tasks()] == ["coupon.top_up"]
    await errand.work()
    assert await errand.codes_by_state() == {GIVEN: 125, FREE: stock.LEAST}
    assert errand.calls("CodesAdd") == before + 1


async def test_the_pool_grows_with_the_orders_of_the_last_day(errand: Errand) -> None:
    await errand.work()
    for start in (1, 101):
        await errand.stage.tell(*(errand.stage.arrival(id) for id in range(start, start + 100)))
    await errand.work()
    assert (await errand.codes_by_state())[FREE] == 2 * 200


async def test_a_storm_of_a_thousand_orders_ends_with_a_thousand_different_codes(errand: Errand) -> None:
    await errand.work()
    for start in range(1, 1001, 125):
        await errand.stage.tell(*(errand.stage.arrival(id) for id in range(start, start + 125)))
    assert (await errand.codes_by_state()) == {GIVEN: stock.LEAST}
    await errand.work()
    rows = await errand.stage.rows(coupon_code, "state", "order_ref", "code")
    given = [(ref, code) for state, ref, code in rows if state == GIVEN]
    assert len(given) == len({ref for ref, _ in given}) == len({code for _, code in given}) == 1000
    assert {code for _, code in given} <= errand.codes()
    assert len(errand.discounts) == 1
    assert set(await errand.stage.states(range(1, 1001))) == {"ready"}
    assert await errand.stage.breaches() == []


@pytest.mark.parametrize("api", ["down", "closed", "garbage"])
async def test_while_shopify_is_away_coupons_wait_and_then_get_their_codes(errand: Errand, api: str) -> None:
    errand.sim.switch(errand.handle, api=api)
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 11)))
    assert await errand.work() == 0
    assert errand.failures
    assert await errand.stage.states(range(1, 11)) == ["pending"] * 10
    assert [name for name, _ in await errand.stage.tasks()] == ["coupon.top_up"]
    errand.sim.switch(errand.handle, api="ok")
    await errand.hurry()
    await errand.work()
    assert await errand.stage.states(range(1, 11)) == ["ready"] * 10
    assert len(errand.discounts) == 1
    assert (await errand.codes_by_state())[GIVEN] == 10
    assert await errand.stage.breaches() == []


async def test_who_waits_for_a_code_is_woken(errand: Errand) -> None:
    await errand.stage.order(7)
    waiting = asyncio.create_task(errand.bells.wait(f"order:{errand.stage.shop.id}:7", 10))
    await asyncio.sleep(0)
    await errand.work()
    assert await waiting


@pytest.mark.parametrize("lost", [["CouponCreate"], ["CodesAdd"], ["CouponCreate", "CodesAdd"]])
async def test_a_lost_answer_makes_no_second_discount_and_loses_no_code(
    errand: Errand, lost: list[str]
) -> None:
    errand.lossy.lose = list(lost)
    for _ in lost:
        assert await errand.work() == 0
        await errand.hurry()
    await errand.work()
    assert len(errand.failures) == len(lost)
    assert errand.lossy.lose == []
    assert len(errand.discounts) == 1
    assert await errand.codes_by_state() == {FREE: stock.LEAST}
    assert {code for (code,) in await errand.stage.rows(coupon_code, "code")} == errand.codes()


async def test_an_import_cut_off_after_it_was_accepted_is_looked_after(errand: Errand) -> None:
    await errand.work()
    node = (await errand.stage.rows(coupon_node, "id"))[0][0]
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 126)))
    before = errand.calls("CodesAdd")
    errand.sim.state.bulk_seconds, patience = 3600, errand.sim.state.bulk_seconds
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await errand.work()
        (creation,) = [row[0] for row in await errand.stage.rows(coupon_node, "creation")]
        assert creation is not None
        imports = errand.sim.state.shops[errand.handle].creations
        imports[number_of(creation)].ready_at -= timedelta(hours=2)
        await errand.stage.db.write(lambda conn: conn.execute(_release(node)))
        await errand.work()
    finally:
        errand.sim.state.bulk_seconds = patience
    assert errand.calls("CodesAdd") == before + 1
    assert await errand.codes_by_state() == {GIVEN: 125, FREE: stock.LEAST}


def _release(node: int) -> Update:
    return update(task).where(task.c.key == str(node)).values(lease_owner=None, lease_until=None)


async def test_codes_that_somebody_else_has_already_are_given_up(errand: Errand) -> None:
    await errand.work()
    (node,) = [row[0] for row in await errand.stage.rows(coupon_node, "id")]
    foreign = ["DANKE-3333-4444-7777", "DANKE-3333-4444-6666"]
    own = ["DANKE-7777-4444-7777", "DANKE-7777-4444-6666"]
    await _take(errand, foreign)
    shop_id, now = errand.stage.shop.id, errand.stage.now
    rows = [{"shop_id": shop_id, "node_id": node, "code": code, "state": ASKED} for code in [*foreign, *own]]
    await errand.stage.db.write(lambda conn: conn.execute(insert(coupon_code), rows))
    await errand.stage.db.write(lambda conn: prepare(conn, shop_id, now))
    await errand.work()
    assert errand.failures == []
    mine = {code for (code,) in await errand.stage.rows(coupon_code, "code")}
    assert not mine & set(foreign)
    assert mine >= set(own)
    assert await errand.codes_by_state() == {FREE: stock.LEAST + len(own)}


async def test_a_discount_made_in_an_earlier_try_is_found_by_its_first_code(errand: Errand) -> None:
    """The code is ours by 50 random bits: what it belongs to is what an earlier try made."""
    code = "DANKE-3333-4444-7777"
    await _take(errand, [code, "DANKE-3333-4444-6666"])
    (node,) = [row[0] for row in await errand.stage.rows(coupon_node, "id")]
    shop_id = errand.stage.shop.id
    row = {"shop_id": shop_id, "node_id": node, "code": code, "state": ASKED}
    await errand.stage.db.write(lambda conn: conn.execute(insert(coupon_code), [row]))
    known = update(coupon_node).values(first_code=code)
    await errand.stage.db.write(lambda conn: conn.execute(known))
    await errand.work()
    assert len(errand.discounts) == 1
    assert code in {code for (code,) in await errand.stage.rows(coupon_code, "code")}
    assert await errand.codes_by_state() == {FREE: stock.LEAST}


async def _take(errand: Errand, codes: list[str]) -> None:
    """Somebody of the shop's staff makes discounts with these codes."""
    terms = Terms(
        title="Staff",
        code=codes[0],
        value=Percentage(Decimal(5)),
        currency="EUR",
        starts_at=errand.stage.now - timedelta(days=1),
    )
    node = await discounts.create_node(errand.gateway, errand.stage.shop, terms)
    creation = await discounts.add_codes(errand.gateway, errand.stage.shop, node.id, codes[1:])
    async with asyncio.timeout(10):
        while await discounts.codes_added(errand.gateway, errand.stage.shop, creation) is None:  # noqa: ASYNC110  Shopify is asked, nobody tells
            await asyncio.sleep(0.02)


async def test_new_terms_make_a_new_discount_ahead_of_time_and_old_codes_stay(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    old = await errand.stage.code(1)
    await errand.stage.set(value=20)
    await errand.work()
    assert [len(discount.codes) for discount in errand.discounts] == [stock.LEAST, stock.LEAST]
    await errand.stage.order(2)
    assert (await errand.stage.seen(2)).value_text == "20\xa0%"
    assert old in errand.codes()
    bought = errand.sim.place_order(["100.00"], shop=errand.handle, codes=[old])
    assert bought.body["total_discounts"] == "10.00"
    again = errand.sim.place_order(["100.00"], shop=errand.handle, codes=[await errand.stage.code(2)])
    assert again.body["total_discounts"] == "20.00"


async def test_a_campaign_that_is_over_mints_only_what_its_own_orders_wait_for(errand: Errand) -> None:
    await errand.stage.tell(*(errand.stage.arrival(id) for id in (1, 2)))
    await errand.stage.set(value=20)
    await errand.work()
    await errand.work()
    assert await errand.stage.states([1, 2]) == ["ready", "ready"]
    assert (await errand.stage.seen(1)).value_text == "10\xa0%"
    sizes = [len(discount.codes) for discount in errand.discounts]
    assert sorted(sizes) == [2, stock.LEAST]


async def test_switched_off_nothing_is_minted(new_errand: NewErrand) -> None:
    errand = await new_errand(CouponSettings(enabled=False))
    await errand.work()
    assert errand.discounts == []
    await errand.stage.set(enabled=True)
    await errand.work()
    assert len(errand.codes()) == stock.LEAST
