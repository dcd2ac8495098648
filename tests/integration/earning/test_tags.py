"""A tier's tag stands on the customer in Shopify as long as the tier is held, and nothing is said twice."""

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from plugin.tasks import TaskRun
from plugin.wake import Bells
from sandbox.graph_shop import MOST_TAGS
from sandbox.state import Customer
from tests import engine
from tests.integration.earning.conftest import NewErrand
from tests.integration.earning.shopify import Errand
from tests.integration.privacy.buying import redact
from tests.oracle.bodies import merge
from widgets.loyalty import tags
from widgets.loyalty.tags import tier_tag

SILVER = {"id": "silver", "title": "Silber", "threshold": 100, "customer_tag": "Silber"}
GOLD = {"id": "gold", "title": "Gold", "threshold": 300, "customer_tag": "Gold"}
DAY = timedelta(days=1)
LATER = timedelta(minutes=10)
"""When whatever ran during an erasure has ended."""


async def shop(new_errand: NewErrand, **changes: Any) -> tuple[Errand, Customer]:
    errand = await new_errand(tiers=[SILVER, GOLD], tier_months=1, **changes)
    return errand, errand.sim.customer(shop=errand.shop.handle, tags=["Newsletter"])


async def follow(errand: Errand, later: timedelta = timedelta()) -> None:
    """Let the clock ask, and a worker do it."""
    await errand.db.write(partial(tags.ask, shop_id=None, now=errand.now + later))
    await errand.work(later)
    assert errand.failures == []


def told(conn: Connection, errand: Errand, topic: str, body: dict[str, Any]) -> None:
    engine.store(conn, topic, body, now=errand.now, shop=errand.shop.handle)
    assert engine.handle_all(conn, errand.now).parked == 0


def erase(conn: Connection, errand: Errand, customer: int, order: int) -> None:
    told(conn, errand, "customers/redact", redact(customer, order) | {"shop_domain": errand.shop.domain})


def calls(errand: Errand) -> tuple[int, int]:
    return errand.calls("TagsAdd"), errand.calls("TagsRemove")


async def test_the_tag_follows_the_tier_and_leaves_others_alone(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Newsletter", "Silber"]
    order = errand.buy("250.00", customer=anna, at=errand.now - 2 * DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Gold", "Newsletter"]
    errand.sim.cancel(order, at=errand.now - DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Newsletter", "Silber"]
    assert calls(errand) == (3, 2)


async def test_nothing_is_said_twice(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    for _ in range(3):
        errand.buy("1.00", customer=anna, at=errand.now - 2 * DAY)
        await errand.tell()
        await follow(errand)
    assert calls(errand) == (1, 0)


async def test_it_goes_when_orders_grow_too_old(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    errand.buy("100.00", customer=anna, at=errand.now - 20 * DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Newsletter", "Silber"]
    await follow(errand, later=2 * DAY)
    assert calls(errand) == (1, 0)
    await follow(errand, later=13 * DAY)
    assert anna.tags == ["Newsletter"]
    await follow(errand, later=40 * DAY)
    assert calls(errand) == (1, 1)


async def test_changed_tiers_are_looked_up_for_everybody(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    await errand.set(tiers=[{**GOLD, "threshold": 50}])
    await follow(errand, later=DAY)
    assert anna.tags == ["Gold", "Newsletter"]
    await errand.set(tiers=[])
    await follow(errand, later=DAY)
    assert anna.tags == ["Newsletter"]


async def test_what_shopify_did_before_the_answer_was_lost_is_not_forgotten(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    order = errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    (one,) = await errand.db.read(partial(tags.due, shop_id=errand.shop.id, now=errand.now))
    await errand.db.write(partial(tags._remember, one=one, held=one.held | one.wanted))
    anna.tags = ["Newsletter", "Silber"]
    errand.sim.cancel(order, at=errand.now - DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Newsletter"]


async def test_a_merged_customer_has_the_tag_of_the_whole_history(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    bert = errand.sim.customer("bert@example.com", shop=errand.shop.handle)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    errand.buy("200.00", customer=bert, at=errand.now - 2 * DAY)
    await errand.tell()
    await follow(errand)
    assert (anna.tags, bert.tags) == (["Newsletter", "Silber"], ["Silber"])
    await errand.db.write(partial(told, errand=errand, topic="customers/merge", body=merge(anna.id, bert.id)))
    await follow(errand)
    assert bert.tags == ["Gold"]


async def test_an_erased_customers_tag_is_taken_back_and_forgotten(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    order = errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    await errand.db.write(partial(erase, errand=errand, customer=anna.id, order=order.id))
    await follow(errand, later=LATER)
    assert anna.tags == ["Newsletter"]
    assert await errand.db.read(lambda conn: conn.execute(select(tier_tag)).all()) == []


async def test_who_is_erased_before_shopify_is_told_gets_no_tag(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    order = errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    (one,) = await errand.db.read(partial(tags.due, shop_id=errand.shop.id, now=errand.now))
    await errand.db.write(partial(erase, errand=errand, customer=anna.id, order=order.id))
    assert not await errand.db.write(partial(tags._remember, one=one, held=one.wanted))
    run = TaskRun(
        errand.db, errand.gateway.link.keyring, Bells(), errand.gateway, errand.shop, "all", {}, errand.now
    )
    await tags._follow(run, one)
    assert calls(errand) == (0, 0)
    assert await errand.db.read(lambda conn: conn.execute(select(tier_tag.c.held)).scalars().all()) == []


async def test_a_tag_that_was_on_its_way_is_taken_back_from_each_customer_of_the_person(
    new_errand: NewErrand,
) -> None:
    errand, anna = await shop(new_errand)
    bert = errand.sim.customer("bert@example.com", shop=errand.shop.handle)
    order = errand.buy("100.00", customer=bert, at=errand.now - 3 * DAY)
    await errand.tell()
    await errand.db.write(partial(told, errand=errand, topic="customers/merge", body=merge(anna.id, bert.id)))
    del errand.sim.state.shops[errand.shop.handle].customers[anna.id]
    await errand.db.write(partial(erase, errand=errand, customer=bert.id, order=order.id))
    bert.tags = ["Silber"]
    await follow(errand)
    assert bert.tags == ["Silber"]
    await follow(errand, later=LATER)
    assert bert.tags == []


async def test_whom_shopify_does_not_know_is_let_be(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    del errand.sim.state.shops[errand.shop.handle].customers[anna.id]
    await follow(errand)
    assert await errand.db.read(lambda conn: conn.execute(select(tier_tag.c.held)).scalars().all()) == ["[]"]
    assert calls(errand) == (1, 0)


async def test_a_shop_whose_tiers_have_no_tag_writes_nothing(new_errand: NewErrand) -> None:
    errand = await new_errand(tiers=[{**SILVER, "customer_tag": ""}])
    anna = errand.sim.customer(shop=errand.shop.handle)
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    assert calls(errand) == (0, 0)
    assert await errand.db.read(lambda conn: conn.execute(select(tier_tag)).all()) == []


async def test_whom_shopify_refuses_keeps_nobody_waiting_and_is_tried_again_after_a_day(
    new_errand: NewErrand,
) -> None:
    errand, anna = await shop(new_errand)
    full, bert = (
        errand.sim.customer(f"{name}@example.com", shop=errand.shop.handle) for name in ("full", "bert")
    )
    full.tags = [f"tag {number}" for number in range(MOST_TAGS)]
    for who in (full, anna, bert):
        errand.buy("100.00", customer=who, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    assert ["Silber" in who.tags for who in (full, anna, bert)] == [False, True, True]
    before = calls(errand)
    await follow(errand)
    assert calls(errand) == before, "not again the same day"
    full.tags = ["Newsletter"]
    await follow(errand, DAY + LATER)
    assert full.tags == ["Newsletter", "Silber"]


async def test_an_order_of_somebody_who_was_refused_has_them_looked_at_at_once(new_errand: NewErrand) -> None:
    errand, anna = await shop(new_errand)
    anna.tags = [f"tag {number}" for number in range(MOST_TAGS)]
    errand.buy("100.00", customer=anna, at=errand.now - 3 * DAY)
    await errand.tell()
    await follow(errand)
    anna.tags = []
    errand.buy("250.00", customer=anna, at=errand.now - 2 * DAY)
    await errand.tell()
    await follow(errand)
    assert anna.tags == ["Gold"]
