"""A discount that somebody deleted or changed in Shopify's admin is noticed, and what was promised is kept or said."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugin.language import language
from plugin.shopify import discounts
from plugin.shopify.discounts import Percentage, Terms
from plugin.tasks import task
from tests.integration.coupon.shopify import Errand, NewErrand
from tests.integration.coupon.stage import LOCALES
from widgets.coupon import stock
from widgets.coupon.alerts import alerts
from widgets.coupon.deciding import CUSTOMER
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import FREE, GIVEN, REPLACED, WITHDRAWN, coupon, coupon_code, coupon_node
from widgets.coupon.watching import JOB


async def night(errand: Errand) -> None:
    """The clock's job asks, and a worker looks and mends."""
    while await errand.stage.db.write(lambda conn: JOB.run(conn, None, errand.now)):
        pass
    await errand.work()


async def told(errand: Errand) -> list[str]:
    spoken, stage = language("en", "sie", folder=LOCALES), errand.stage
    return await stage.db.read(
        lambda conn: [str(one) for one in alerts(conn, stage.shop.id, spoken, errand.now)]
    )


def delete(errand: Errand) -> None:
    """Somebody deletes the oldest discount in Shopify's admin, and all its codes with it."""
    del errand.sim.state.shops[errand.handle].discounts[errand.discounts[0].id]


async def test_a_discount_as_it_was_made_is_left_alone(errand: Errand) -> None:
    await errand.work()
    before = await errand.stage.rows(coupon_node)
    await night(errand)
    assert errand.failures == []
    assert errand.calls("CouponState") == 1
    assert await errand.stage.rows(coupon_node) == before
    assert await told(errand) == []


@pytest.mark.parametrize(
    "made",
    [
        {"kind": "amount", "value": 500, "minimum_subtotal": 3000},
        {"value": 15, "minimum_subtotal": 2000, "prefix": "MERCI"},
    ],
)
async def test_what_any_campaign_makes_is_as_it_was_made(new_errand: NewErrand, made: dict[str, Any]) -> None:
    season = {"id": "a", "title": "A", "value": 33, "only_collections": ["gid://shopify/Collection/3"]}
    errand = await new_errand(CouponSettings.model_validate({**made, "campaigns": [season]}))
    await errand.work()
    await night(errand)
    assert errand.failures == []
    assert [row for row in await errand.stage.rows(coupon_node, "trouble") if row[0]] == []


async def test_a_deleted_discount_is_made_anew_and_given_codes_work_again(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in (1, 2, 3)))
    codes = [await errand.stage.code(id) for id in (1, 2, 3)]
    await errand.stage.order(9, codes=(codes[2],), source="pos")
    delete(errand)
    assert not errand.codes()
    await night(errand)
    assert errand.failures == []
    assert [await errand.stage.code(id) for id in (1, 2)] == codes[:2]
    assert {*codes[:2]} <= errand.codes()
    assert codes[2] not in errand.codes(), "a used code is not made again"
    assert await errand.stage.states([1, 2, 3]) == ["ready", "ready", "redeemed"]
    assert (await errand.codes_by_state())[FREE] == stock.LEAST
    assert len(errand.discounts) == 1
    bought = errand.sim.place_order(["50.00"], shop=errand.handle, codes=[codes[0]])
    assert bought.body["total_discounts"] == "5.00"
    (said,) = await told(errand)
    assert "was deleted in Shopify" in said
    assert await errand.stage.breaches() == []
    errand.stage.now = errand.now + timedelta(days=8)
    assert await told(errand) == []


async def test_a_code_whose_text_is_taken_meanwhile_is_replaced_and_the_page_says_so(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(errand.stage.arrival(1), errand.stage.arrival(2))
    mine, other = [await errand.stage.code(id) for id in (1, 2)]
    delete(errand)
    staffs = Terms("Staff", mine, Percentage(Decimal(5)), "EUR", errand.now - timedelta(days=1))
    await discounts.create_node(errand.gateway, errand.stage.shop, staffs)
    await night(errand)
    await errand.work()
    assert errand.failures == []
    seen = await errand.stage.seen(1, "en")
    assert (seen.state, seen.code == mine) == ("ready", False)
    assert seen.text.endswith("Your earlier code no longer works; this one takes its place.")
    assert "earlier" not in (await errand.stage.seen(2, "en")).text
    assert await errand.stage.code(2) == other
    assert (await errand.codes_by_state())[REPLACED] == 1
    await errand.stage.order(9, codes=(mine,), source="pos")
    assert await errand.stage.states([1]) == ["ready"], "what somebody else has since is not this coupon's"
    assert await errand.stage.breaches() == []


async def test_a_removal_or_top_up_that_meets_a_deleted_discount_does_not_wait_for_the_night(
    errand: Errand,
) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, 131)))
    code = await errand.stage.code(1)
    delete(errand)
    await errand.work()
    await errand.work()
    assert errand.failures == []
    assert code in errand.codes()
    assert await errand.codes_by_state() == {GIVEN: 130, FREE: 2 * 130}
    errand.stage.pass_time(hours=1)
    delete(errand)
    await errand.stage.order(1, status="refunded")
    await errand.work()
    await errand.work()
    assert errand.failures == []
    assert await errand.codes_by_state() == {GIVEN: 129, WITHDRAWN: 1, FREE: 2 * 130}
    assert await errand.stage.breaches() == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"customerGets": {"value": {"percentage": 0.05}, "items": {"all": True}}}, "its value"),
        ({"usageLimit": None}, "how often a code works"),
        ({"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "30.00"}}}, "its minimum"),
        ({"combinesWith": {"orderDiscounts": True}}, "what it combines with"),
        ({}, "its dates"),
    ],
)
async def test_a_changed_discount_gives_no_more_codes_and_is_reported_until_it_is_changed_back(
    errand: Errand, change: dict[str, Any], word: str
) -> None:
    await errand.work()
    await errand.stage.tell(errand.stage.arrival(1), errand.stage.arrival(2))
    discount, code = errand.discounts[0], await errand.stage.code(1)
    made, began = dict(discount.input), discount.ends_at
    discount.input = {**made, **change}
    discount.ends_at = None if change else errand.now + timedelta(days=3)
    await night(errand)
    assert errand.failures == []
    (said,) = await told(errand)
    assert f"was changed in Shopify ({word}), and 2 codes that were given follow it" in said
    assert await errand.stage.code(1) == code
    assert len(discount.codes) == 2, "only codes that were given are left"
    await errand.stage.order(3)
    fresh = errand.discounts[1]
    assert (await errand.stage.code(3)).casefold() in fresh.codes
    await night(errand)
    assert len(errand.discounts) == 2
    discount.input, discount.ends_at = made, began
    await night(errand)
    assert await told(errand) == []
    assert len(errand.discounts) == 2
    assert await errand.stage.breaches() == []


async def test_coupons_that_wait_go_over_to_the_new_discount(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in range(1, stock.LEAST + 3)))
    delete(errand)
    await night(errand)
    await errand.work()
    assert errand.failures == []
    rows = await errand.stage.rows(coupon_code, "state", "node_id")
    (heir,) = {node for state, node in rows if state == GIVEN}
    assert {node for (node,) in await errand.stage.rows(coupon, "node_id")} == {heir}
    assert set(await errand.stage.states(range(1, stock.LEAST + 3))) == {"ready"}
    assert await errand.stage.breaches() == []


@pytest.mark.parametrize("change", [None, {"usageLimit": None}])
async def test_an_order_decided_after_its_discount_was_retired_gets_a_code_of_the_new_one(
    new_errand: NewErrand, change: dict[str, Any] | None
) -> None:
    errand = await new_errand(CouponSettings(first_order_only=True))
    await errand.work()
    stage = errand.stage
    await stage.order(1, customer_id=7)
    await stage.order(2, customer_id=8)
    await stage.answer(8, 1)
    stage.pass_time(hours=1)
    await stage.order(2, customer_id=8, status="voided")
    if change is None:
        delete(errand)
    else:
        errand.discounts[0].input = {**errand.discounts[0].input, **change}
    old = [one.id for one in errand.discounts]
    unanswered = task.delete().where(task.c.name == CUSTOMER)
    await stage.db.write(lambda conn: conn.execute(unanswered))
    await night(errand)
    (made,) = [one for one in errand.discounts if one.id not in old]
    stage.pass_time(hours=1)
    await stage.answer(7, 1)
    await stage.order(2, customer_id=8)
    await errand.work()
    assert errand.failures == []
    assert await stage.states([1, 2]) == ["ready", "ready"]
    for id in (1, 2):
        assert (await stage.code(id)).casefold() in made.codes
    (heir,) = [id for id, trouble in await stage.rows(coupon_node, "id", "trouble") if trouble is None]
    assert await stage.rows(coupon, "node_id") == [(heir,), (heir,)]
    assert await stage.breaches() == []
