"""Several campaigns: of those that an order meets the one of highest priority, exactly one for each order."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.coupon.shopify import NewErrand
from tests.integration.coupon.stage import Stage
from widgets.base import Subject
from widgets.coupon.jobs import forget_tags
from widgets.coupon.privacy import erase_counted, erase_tags, export_tags
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon, coupon_node, coupon_tags

ANNA, BERT = 7, 8
TODAY = date(2026, 11, 21)


def campaign(id: str, value: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "title": id, "value": value, **more}


async def run(stage: Stage, *campaigns: dict[str, Any], **more: Any) -> None:
    """Have these campaigns beside the ordinary coupon, with codes."""
    await stage.set(campaigns=list(campaigns), **more)
    await stage.fill(30)


async def values(stage: Stage, *order_ids: int) -> list[str | None]:
    found = [(await stage.seen(order_id, "en")).value_text for order_id in order_ids]
    return [None if text is None else text.strip() for text in found]


async def test_of_two_campaigns_that_match_the_one_with_priority_counts(stage: Stage) -> None:
    await run(stage, campaign("low", 15, priority=10), campaign("high", 20, priority=20))
    await stage.order(1)
    assert await values(stage, 1) == ["20%"]
    assert await stage.rows(coupon, "campaign") == [("high",)]
    assert await stage.breaches() == []


async def test_of_equal_priority_the_first_in_the_list_counts(stage: Stage) -> None:
    await run(stage, campaign("one", 15), campaign("two", 20))
    await stage.order(1)
    assert await values(stage, 1) == ["15%"]


async def test_what_does_not_meet_a_campaign_gets_the_ordinary_coupon(stage: Stage) -> None:
    await run(stage, campaign("large", 20, minimum_subtotal=10_000))
    await stage.tell(stage.arrival(1), stage.arrival(2, subtotal=12_000))
    assert await values(stage, 1, 2) == ["10%", "20%"]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (datetime(2026, 11, 26, 22, 59, tzinfo=UTC), "10%"),
        (datetime(2026, 11, 26, 23, 0, tzinfo=UTC), "25%"),
        (datetime(2026, 11, 30, 22, 59, tzinfo=UTC), "25%"),
        (datetime(2026, 11, 30, 23, 0, tzinfo=UTC), "10%"),
    ],
)
async def test_a_season_begins_and_ends_at_midnight_of_the_shops_clock(
    stage: Stage, at: datetime, value: str
) -> None:
    await run(stage, campaign("friday", 25, starts_on="2026-11-27", ends_on="2026-11-30"))
    stage.now = at
    await stage.order(1)
    assert await values(stage, 1) == [value]


async def test_a_season_counts_the_days_on_which_clocks_change(stage: Stage) -> None:
    """In Berlin the 28th of March 2027 has 23 hours: it ends an hour earlier by the clocks of the world."""
    await run(stage, campaign("spring", 25, starts_on="2027-03-28", ends_on="2027-03-28"))
    for id, hours in ((1, (27, 22, 59)), (2, (27, 23, 0)), (3, (28, 21, 59)), (4, (28, 22, 0))):
        stage.now = datetime(2027, 3, *hours, tzinfo=UTC)
        await stage.order(id)
    assert await values(stage, 1, 2, 3, 4) == ["10%", "25%", "25%", "10%"]


async def test_a_country_is_that_of_the_delivery(stage: Stage) -> None:
    await run(stage, campaign("alps", 20, countries=["at", "CH"]))
    await stage.tell(stage.arrival(1), stage.arrival(2, country="AT"), stage.arrival(3, country=None))
    assert await values(stage, 1, 2, 3) == ["10%", "20%", "10%"]
    assert await stage.states([1, 2, 3]) == ["ready"] * 3


async def test_tags_are_asked_for_and_then_decide(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["VIP", "press"]))
    await stage.tell(*(stage.arrival(id, customer_id=customer) for id, customer in ((1, ANNA), (2, BERT))))
    await stage.order(3)
    assert await stage.states([1, 2, 3]) == ["pending", "pending", "ready"]
    keys = [key for name, key in await stage.tasks() if name == "coupon.customer"]
    assert [key.partition(":")[2] for key in keys] == ["2026-11-21"] * 2
    await stage.answer(ANNA, 1, "regular", "vip", day=TODAY)
    await stage.answer(BERT, 1, "regular", day=TODAY)
    assert await values(stage, 1, 2, 3) == ["30%", "10%", "10%"]
    await stage.order(4, customer_id=ANNA)
    assert await values(stage, 4) == ["30%"]
    assert await stage.breaches() == []


async def test_tags_are_those_of_the_orders_day(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["vip"]))
    await stage.order(1, customer_id=ANNA)
    await stage.answer(ANNA, 1, "vip", day=TODAY)
    stage.pass_time(days=1)
    await stage.order(2, customer_id=ANNA)
    assert await stage.states([2]) == ["pending"]
    await stage.answer(ANNA, 2, day=date(2026, 11, 22))
    assert await values(stage, 1, 2) == ["30%", "10%"]


async def test_nobody_waits_for_a_campaign_that_comes_after_a_certain_one(stage: Stage) -> None:
    await run(
        stage,
        campaign("vip", 30, customer_tags=["vip"], priority=10),
        campaign("alps", 20, countries=["AT"], priority=20),
        campaign("new", 40, first_order_only=True, priority=5),
    )
    await stage.order(1, customer_id=ANNA, country="AT")
    assert await values(stage, 1) == ["20%"]
    assert [name for name, _ in await stage.tasks() if name == "coupon.customer"] == []
    await stage.order(2, customer_id=ANNA)
    assert await stage.states([2]) == ["pending"]
    await stage.answer(ANNA, 1, "vip", day=TODAY)
    assert await values(stage, 2) == ["30%"]


async def test_a_campaign_for_first_orders_leaves_the_others_the_ordinary_one(stage: Stage) -> None:
    await run(stage, campaign("welcome", 25, first_order_only=True))
    await stage.order(1, customer_id=ANNA)
    await stage.answer(ANNA, 1)
    stage.pass_time(hours=1)
    await stage.order(2, customer_id=ANNA)
    assert await values(stage, 1, 2) == ["25%", "10%"]


async def test_a_full_card_goes_before_every_campaign(stage: Stage) -> None:
    await run(stage, campaign("always", 15, priority=100), stamp_every=2, stamp_value=50)
    await stage.order(1, customer_id=ANNA)
    await stage.answer(ANNA, 2)
    assert await values(stage, 1) == ["50%"]


async def test_a_change_makes_a_new_discount_and_what_was_given_stays(stage: Stage) -> None:
    await run(stage, campaign("autumn", 20))
    await stage.order(1)
    code, nodes = await stage.code(1), len(await stage.rows(coupon_node))
    for change in ({"only_products": ["gid://shopify/Product/5"]}, {"minimum_subtotal": 1000}, {"value": 21}):
        await run(stage, campaign("autumn", 20) | change)
        nodes += 1
        assert len(await stage.rows(coupon_node)) == nodes
    await run(stage, campaign("autumn", 20, priority=99, ends_on="2026-12-01", customer_tags=["vip"]))
    assert len(await stage.rows(coupon_node)) == nodes, "to whom it goes is no term of it"
    assert await stage.code(1) == code
    assert await values(stage, 1) == ["20%"]


async def test_what_holds_for_some_products_says_so(stage: Stage) -> None:
    await run(stage, campaign("cups", 20, only_collections=["gid://shopify/Collection/3"]))
    await stage.order(1)
    assert "It holds for selected products." in str((await stage.seen(1, "en")).note)


async def test_switched_off_no_campaign_gives_anything(stage: Stage) -> None:
    await run(stage, campaign("always", 15), enabled=False)
    await stage.order(1)
    assert await stage.states([1]) == ["none"]


async def test_tags_are_told_forgotten_and_kept_no_longer_than_they_can_matter(stage: Stage) -> None:
    await run(stage, campaign("vip", 30, customer_tags=["vip"]))
    await stage.tell(stage.arrival(1, customer_id=ANNA), stage.arrival(2, customer_id=BERT))
    await stage.answer(ANNA, 1, "vip", day=TODAY)
    await stage.answer(BERT, 1, "press", day=TODAY)
    subject = Subject(stage.shop.id, (ANNA,))
    told = await stage.db.read(lambda conn: list(export_tags(conn, subject)))
    assert told == [{"day": TODAY, "tags": ["vip"]}]
    await stage.db.write(lambda conn: erase_tags(conn, subject, stage.now))
    assert await stage.db.read(lambda conn: list(export_tags(conn, subject))) == []
    await stage.db.write(lambda conn: erase_counted(conn, Subject(stage.shop.id, (BERT,)), stage.now))
    assert await stage.rows(coupon_tags) == []
    await stage.order(3, customer_id=ANNA)
    await stage.answer(ANNA, 1, "vip", day=TODAY)
    for days, left in ((30, 1), (1, 0)):
        stage.pass_time(days=days)
        await stage.db.write(lambda conn: forget_tags(conn, None, stage.now))
        assert len(await stage.rows(coupon_tags)) == left


async def test_each_campaign_is_a_discount_of_its_own_at_shopify(new_errand: NewErrand) -> None:
    errand = await new_errand()
    cup = errand.sim.product("Cup", "20.00", shop=errand.handle, collections=(3,))
    goods = [f"gid://shopify/Product/{cup.id}"]
    cups = campaign("cups", 50, countries=["AT"], only_products=goods)
    sale = campaign("sale", 40, countries=["CH"], only_collections=["gid://shopify/Collection/3"])
    await errand.stage.set(campaigns=[cups, sale], prefix="merci")
    await errand.work()
    assert errand.failures == []
    given = {one.input["title"]: one.input["customerGets"] for one in errand.discounts}
    assert given["Dankbar 50 % (cups)"]["items"] == {"products": {"productsToAdd": goods}}
    assert given["Dankbar 40 % (sale)"]["items"] == {"collections": {"add": ["gid://shopify/Collection/3"]}}
    await errand.stage.tell(errand.stage.arrival(1), errand.stage.arrival(2, country="AT"))
    plain, special = [await errand.stage.code(id) for id in (1, 2)]
    assert plain.startswith("MERCI-")
    bought = errand.sim.place_order([(cup, 1), "30.00"], shop=errand.handle, codes=[special])
    assert Decimal(bought.body["total_discounts"]) == 10
    await errand.stage.order(3, codes=(special.lower(),))
    assert await errand.stage.states([2]) == ["redeemed"]


async def test_shopify_is_asked_for_tags_where_a_campaign_needs_them(new_errand: NewErrand) -> None:
    vip = campaign("vip", 30, customer_tags=["VIP"])
    errand = await new_errand(CouponSettings.model_validate({"campaigns": [vip]}))
    await errand.work()
    buyer = errand.sim.customer("anna@example.com", shop=errand.handle, tags=["vip", "Wien"])
    await errand.stage.order(1, customer_id=buyer.id)
    await errand.work()
    assert errand.failures == []
    assert (await errand.stage.seen(1)).value_text == "30\xa0%"
    assert errand.calls("CustomerFacts") == 1
