"""An Admin API that is away for a day costs nobody a coupon: the pool holds what a shop's usual day takes."""

from tests.integration.coupon.shopify import Errand
from widgets.coupon import stock
from widgets.coupon.jobs import keep_stock
from widgets.coupon.tables import FREE, coupon_node


async def keep(errand: Errand) -> None:
    """The clock's job, to its end, and what it asked for."""
    while await errand.stage.db.write(lambda conn: keep_stock(conn, None, errand.now)):
        pass
    await errand.work()


async def buy(errand: Errand, first: int, count: int) -> None:
    """So many orders, in batches."""
    for start in range(first, first + count, 50):
        last = min(start + 50, first + count)
        await errand.stage.tell(*(errand.stage.arrival(id) for id in range(start, last)))


async def test_a_shops_usual_day_is_served_while_shopify_is_away(errand: Errand) -> None:
    """A shop of 400 orders a day; the outage begins when the pool is as low as it ever gets."""
    await errand.work()
    await buy(errand, 1, 200)
    await errand.work()
    await buy(errand, 201, 200)
    await errand.work()
    free = (await errand.codes_by_state())[FREE]
    assert free == 2 * 400
    await buy(errand, 401, 399)
    errand.sim.switch(errand.handle, api="down")
    await buy(errand, 800, 400)
    await errand.work()
    assert set(await errand.stage.states(range(401, 1200))) == {"ready"}


async def test_a_pool_grows_with_the_shop_before_an_order_finds_it_low(errand: Errand) -> None:
    await errand.work()
    await buy(errand, 1, 120)
    assert await errand.stage.tasks() == []
    await keep(errand)
    assert await errand.codes_by_state() == {"given": 120, FREE: stock.LEAST - 120}, "130 of 250 are enough"
    await errand.stage.db.write(lambda conn: conn.execute(coupon_node.update().values(low_id=2**40)))
    await buy(errand, 121, 40)
    assert await errand.stage.tasks() == []
    await keep(errand)
    assert (await errand.codes_by_state())[FREE] == 2 * 160


async def test_nothing_is_kept_for_a_shop_that_offers_nothing(errand: Errand) -> None:
    await errand.stage.set(enabled=False)
    await keep(errand)
    assert errand.codes() == set()
