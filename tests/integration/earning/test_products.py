"""A bonus on some products: what they are is asked of Shopify once a day, and until then the page says what may come."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from plugin.core.product_facts import product_fact
from plugin.tasks import task
from tests import engine
from tests.integration.earning.conftest import NewErrand
from tests.integration.earning.shopify import Errand
from tests.integration.privacy.buying import redact

NOTES = {"de": "Ein Bonus kann noch dazukommen.", "en": "A bonus may still be added to it."}


def campaign(**changes: Any) -> dict[str, Any]:
    """Double points in these days."""
    today = datetime.now(UTC).date()
    days = {"starts_on": today - timedelta(days=60), "ends_on": today + timedelta(days=2)}
    return {"id": "double", "title": "Doppelt", "multiplier": "2"} | days | changes


async def kitchen(new_errand: NewErrand, **changes: Any) -> Errand:
    """A shop with double points on collection 7."""
    chosen = {"collection": "gid://shopify/Collection/7"} | changes
    return await new_errand(campaigns=[campaign(**chosen)])


async def test_the_base_is_posted_at_once_and_the_bonus_when_shopify_has_told(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand)
    cup = errand.sim.product("Becher", "24.50", shop=errand.shop.handle, collections=[7, 9])
    scarf = errand.sim.product("Schal", "25.00", shop=errand.shop.handle, collections=[9])
    anna = errand.sim.customer(shop=errand.shop.handle)
    order = errand.buy(cup, scarf, customer=anna)
    await errand.tell()
    assert await errand.earned(order) == (49, True)
    assert await errand.clean()
    for locale, note in NOTES.items():
        assert (await errand.page(order, locale=locale)).order.note == note  # type: ignore[union-attr]

    assert (await errand.work(), errand.failures) == (1, [])
    assert await errand.earned(order) == (74, False)
    assert (await errand.figures(anna.id)).available == 74
    assert await errand.entries() == [("accrual", 49), ("accrual", 25)]
    shown = (await errand.page(order)).order
    assert shown is not None
    assert (shown.note, shown.earned) == (None, 74)
    assert shown.breakdown == "74 Punkte: 24,50\xa0€ × 2 (Doppelt) + 25\xa0€"
    assert await errand.clean()


async def test_a_product_is_asked_about_once_a_day_for_all_its_orders(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand, collection=None, tag="Neu")
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, tags=["neu", "rot"])
    first = errand.buy(cup)
    await errand.tell()
    await errand.work()
    second, earlier = errand.buy(cup), errand.buy(cup, at=errand.now - timedelta(days=3))
    await errand.tell()
    assert await errand.earned(second) == (20, False)
    assert await errand.earned(earlier) == (10, True)
    await errand.work()
    assert [await errand.earned(one) for one in (first, second, earlier)] == [(20, False)] * 3
    assert errand.calls("ProductFacts") == 2
    assert await errand.waiting() == []
    assert await errand.clean()


async def test_nothing_is_asked_where_no_campaign_needs_it(new_errand: NewErrand) -> None:
    today = datetime.now(UTC).date()
    over = campaign(id="over", collection="gid://shopify/Collection/7", ends_on=today - timedelta(days=20))
    errand = await new_errand(campaigns=[campaign(), over])
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, collections=[7])
    order = errand.buy(cup)
    await errand.tell()
    assert await errand.earned(order) == (20, False)
    assert await errand.waiting() == []
    assert await errand.work() == 0
    assert errand.calls("ProductFacts") == 0


async def test_a_product_that_is_gone_brings_no_bonus_and_is_not_asked_about_again(
    new_errand: NewErrand,
) -> None:
    errand = await kitchen(new_errand)
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, collections=[7])
    order = errand.buy(cup)
    del errand.sim.state.shops[errand.shop.handle].products[cup.id]
    await errand.tell()
    await errand.work()
    assert await errand.earned(order) == (10, False)
    again = errand.buy(cup)
    await errand.tell()
    assert await errand.work() == 0
    assert await errand.earned(again) == (10, False)
    assert errand.calls("ProductFacts") == 1
    gone = select(product_fact.c.gone)
    assert await errand.db.read(lambda conn: list(conn.execute(gone).scalars())) == [True]
    assert await errand.clean()


async def test_a_product_in_many_collections_is_read_to_the_end(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand, collection="gid://shopify/Collection/320")
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, collections=range(1, 321))
    order = errand.buy(cup)
    await errand.tell()
    await errand.work()
    assert await errand.earned(order) == (20, False)
    assert errand.calls("ProductCollections") == 2


async def test_while_shopify_is_away_the_base_stays_and_the_bonus_follows_later(
    new_errand: NewErrand,
) -> None:
    errand = await kitchen(new_errand)
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, collections=[7])
    order = errand.buy(cup)
    await errand.tell()
    errand.sim.grant_scopes(["read_orders"], shop=errand.shop.handle)
    assert await errand.work() == 0
    assert errand.failures[0].startswith("AccessDenied")
    assert await errand.earned(order) == (10, True)
    assert await errand.clean()
    errand.sim.grant_scopes(errand.sim.state.config.scopes, shop=errand.shop.handle)
    assert await errand.work(later=timedelta(minutes=5)) == 1
    assert await errand.earned(order) == (20, False)


async def test_a_refund_takes_what_its_own_line_brought(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand)
    cup = errand.sim.product("Becher", "24.50", shop=errand.shop.handle, collections=[7])
    scarf = errand.sim.product("Schal", "25.00", shop=errand.shop.handle)
    order = errand.buy(cup, scarf)
    await errand.tell()
    await errand.work()
    errand.sim.refund(order, {order.body["line_items"][0]["id"]: 1})
    await errand.tell()
    assert await errand.earned(order) == (25, False)
    errand.sim.refund(order, {order.body["line_items"][1]["id"]: 1})
    await errand.tell()
    assert await errand.earned(order) == (0, False)
    assert await errand.clean()


async def test_the_campaign_of_the_orders_own_time_holds(new_errand: NewErrand) -> None:
    errand = await new_errand(campaigns=[campaign()])
    before = errand.buy("10.00")
    await errand.set(campaigns=[])
    await errand.tell()
    after = errand.buy("10.00", at=errand.now + timedelta(seconds=2))
    await errand.tell()
    assert [await errand.earned(one) for one in (before, after)] == [(20, False), (10, False)]
    errand.sim.cancel(before)
    await errand.tell()
    assert await errand.earned(before) == (0, False)


async def test_an_erased_order_is_no_longer_asked_about(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand)
    cup = errand.sim.product("Becher", "10.00", shop=errand.shop.handle, collections=[7])
    anna = errand.sim.customer(shop=errand.shop.handle)
    order = errand.buy(cup, customer=anna)
    await errand.tell()
    assert await errand.waiting() == [("loyalty.products", "all", "{}")]
    body = redact(anna.id, order.id) | {"shop_domain": errand.shop.domain}

    def erase(conn: Any) -> None:
        engine.store(conn, "customers/redact", body, now=errand.now, shop=errand.shop.handle)
        assert engine.handle_all(conn, errand.now).parked == 0

    await errand.db.write(erase)
    await errand.work()
    assert errand.calls("ProductFacts") == 0
    assert await errand.entries() == [("accrual", 10)]
    assert await errand.clean()


async def test_many_orders_of_many_products_are_answered_in_one_run(new_errand: NewErrand) -> None:
    errand = await kitchen(new_errand)
    handle = errand.shop.handle
    cups = [errand.sim.product(f"Becher {n}", "10.00", shop=handle, collections=[7]) for n in range(3)]
    orders = [errand.buy(cup, other) for cup in cups for other in cups]
    await errand.tell()
    assert await errand.work() == 1
    assert [await errand.earned(one) for one in orders] == [(40, False)] * len(orders)
    assert errand.calls("ProductFacts") == 3
    left = select(task.c.id).where(task.c.name == "loyalty.products")
    assert await errand.db.read(lambda conn: conn.execute(left).all()) == []
