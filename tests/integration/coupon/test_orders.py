"""What orders do to coupons: issued once, undone and redeemed as the facts say, whatever the order of arrival."""

from typing import Any

import pytest

from plugin import settings
from plugin.settings import ShopSettings
from tests.integration.coupon.stage import Stage, install
from widgets.coupon.preparing import on_shop_change
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import (
    FREE,
    GIVEN,
    coupon,
    coupon_code,
    coupon_node,
    coupon_use,
)

TABLES = (coupon_node, coupon_code, coupon, coupon_use)


async def count_of(stage: Stage, state: str) -> int:
    return (await stage.rows(coupon_code, "state")).count((state,))


async def test_an_order_gets_a_code_with_its_first_snapshot(stage: Stage) -> None:
    await stage.order(1)
    seen = await stage.seen(1)
    assert seen.state == "ready"
    assert seen.code is not None
    assert seen.code.startswith("DANKE-")
    assert seen.apply_url == f"https://example.myshopify.com/discount/{seen.code}?redirect=/"
    assert await count_of(stage, GIVEN) == 1
    assert await count_of(stage, FREE) == 299
    assert await stage.breaches() == []


async def test_more_of_the_same_order_gives_no_second_code(stage: Stage) -> None:
    await stage.order(1)
    before = [await stage.rows(table) for table in TABLES]
    await stage.order(1)
    await stage.tell(*(stage.arrival(1) for _ in range(5)))
    await stage.again(1)
    assert [await stage.rows(table) for table in TABLES] == before


async def test_a_batch_over_several_shops_serves_each_from_its_own_pool(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.now, CouponSettings(value=20)))
    await stage.fill(5, other)
    mine = [stage.arrival(id) for id in range(1, 6)]
    theirs = [stage.arrival(id, other) for id in range(11, 15)]
    await stage.tell(*(one for pair in zip(mine, theirs, strict=False) for one in pair), mine[-1])
    assert {(await stage.seen(id)).value_text for id in range(1, 6)} == {"10\xa0%"}
    assert {(await stage.seen(id, shop=other)).value_text for id in range(11, 15)} == {"20\xa0%"}
    given = [row for row in await stage.rows(coupon_code, "shop_id", "state") if row[1] == GIVEN]
    assert given == [(stage.shop.id, GIVEN)] * 5 + [(other.id, GIVEN)] * 4
    assert await stage.breaches() == []


async def test_a_thousand_orders_get_a_thousand_different_codes(stage: Stage) -> None:
    await stage.fill(800)
    for start in range(1, 1001, 125):
        await stage.tell(*(stage.arrival(id) for id in range(start, start + 125)))
    given = [row for row in await stage.rows(coupon_code, "state", "order_ref", "code") if row[0] == GIVEN]
    assert len(given) == len({ref for _, ref, _ in given}) == len({code for _, _, code in given}) == 1000
    assert await stage.breaches() == []


async def test_without_a_free_code_a_coupon_waits_and_codes_are_asked_for(stage: Stage) -> None:
    await stage.tell(*(stage.arrival(id) for id in range(1, 303)))
    assert (await stage.states(range(1, 303))).count("pending") == 2
    assert [name for name, _ in await stage.tasks()] == ["coupon.top_up"]
    seen = await stage.seen(302)
    assert (seen.state, seen.code, seen.value_text) == ("pending", None, "10\xa0%")
    assert await stage.breaches() == []


async def test_switched_off_no_new_coupon_is_issued_and_the_old_ones_stay(stage: Stage) -> None:
    await stage.order(1)
    await stage.set(enabled=False)
    await stage.order(2)
    assert await stage.states([1, 2]) == ["ready", "none"]
    await stage.set(enabled=True)
    await stage.again(2)
    await stage.order(3)
    assert await stage.states([2, 3]) == ["none", "ready"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "pos"}, "Onlineshop"),
        ({"subtotal": 0, "lines": ()}, "keinen Gutschein"),
        ({"currency": "USD"}, "keinen Gutschein"),
    ],
)
async def test_an_order_that_is_owed_none_says_why(stage: Stage, changes: dict[str, Any], words: str) -> None:
    await stage.order(1, **changes)
    seen = await stage.seen(1)
    assert (seen.state, seen.code, seen.shown) == ("none", None, False)
    assert words in seen.text
    assert await count_of(stage, GIVEN) == 0


async def test_the_minimum_is_said_and_judged_once(stage: Stage) -> None:
    await stage.set(minimum_subtotal=5000)
    await stage.order(1)
    seen = await stage.seen(1)
    assert seen.state == "none"
    assert seen.shown
    assert "50\xa0€" in seen.text
    stage.pass_time(minutes=1)
    await stage.order(1, subtotal=6000)
    assert await stage.states([1]) == ["none"]


async def test_new_terms_make_a_new_discount_and_the_old_ones_go_on(stage: Stage) -> None:
    await stage.order(1)
    first = await stage.code(1)
    await stage.set(value=15)
    await stage.set(valid_days=60)
    assert len(await stage.rows(coupon_node)) == 2
    assert ("coupon.top_up" in [name for name, _ in await stage.tasks()]) is True
    await stage.fill(3)
    await stage.order(2)
    assert (await stage.seen(1)).value_text == "10\xa0%"
    assert await stage.code(1) == first
    assert (await stage.seen(2)).value_text == "15\xa0%"
    await stage.set(value=10, valid_days=30)
    assert len(await stage.rows(coupon_node)) == 2
    await stage.order(3)
    assert (await stage.seen(3)).value_text == "10\xa0%"
    assert await stage.breaches() == []


async def test_half_an_empty_pool_asks_for_more(stage: Stage) -> None:
    await stage.set(value=11)
    await stage.fill(10)
    node = max(row[0] for row in await stage.rows(coupon_node, "id"))
    sixth = sorted(row[0] for row in await stage.rows(coupon_code, "id", "node_id") if row[1] == node)[5]
    done = coupon_node.update().where(coupon_node.c.id == node).values(low_id=sixth)
    await stage.db.write(lambda conn: conn.execute(done))
    await stage.db.write(lambda conn: conn.exec_driver_sql("DELETE FROM task"))
    await stage.tell(*(stage.arrival(id) for id in range(1, 6)))
    assert await stage.tasks() == []
    await stage.order(6)
    assert await stage.tasks() == [("coupon.top_up", str(node))]


@pytest.mark.parametrize(("patch", "nodes"), [({"tone": "du"}, 1), ({"currency": "CHF"}, 2)])
async def test_another_currency_is_another_campaign_and_nothing_else_of_the_shop_is(
    stage: Stage, patch: dict[str, str], nodes: int
) -> None:
    hooks = [on_shop_change]
    change = settings.change
    await stage.db.write(
        lambda conn: change(conn, stage.shop.id, ShopSettings, patch, stage.now, hooks=hooks)
    )
    assert len(await stage.rows(coupon_node)) == nodes
    assert len(await stage.tasks()) == nodes - 1
