"""Codes taken back at Shopify: the one of an undone order, and unused ones the day after their last."""

import asyncio
from datetime import timedelta

from plugin import tasks
from plugin.core.orders import Arrival
from tests.integration.coupon.shopify import Errand
from widgets.coupon import pool, stock
from widgets.coupon.jobs import expire
from widgets.coupon.tables import ENDED, SPENT, WITHDRAWN
from widgets.coupon.tasks import TASKS


async def test_an_undone_order_has_its_one_code_removed(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in (1, 2, 3)))
    codes = [await errand.stage.code(id) for id in (1, 2, 3)]
    errand.stage.pass_time(hours=1)
    await errand.stage.order(2, status="refunded")
    await errand.work()
    assert errand.failures == []
    assert errand.codes() & set(codes) == {codes[0], codes[2]}
    assert len(errand.codes()) == stock.LEAST - 1
    assert (await errand.codes_by_state())[WITHDRAWN] == 1
    assert (await errand.stage.states([1, 2, 3])) == ["ready", "void", "ready"]
    assert errand.calls("CodesRemove") == 1
    for code in (codes[0], codes[2]):
        errand.sim.place_order(["50.00"], shop=errand.handle, codes=[code])


async def test_two_workers_that_remove_the_same_code_leave_it_withdrawn(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    errand.stage.pass_time(hours=1)
    await errand.stage.order(1, status="refunded")
    [one] = await errand.stage.db.write(lambda conn: tasks.claim(conn, "worker", errand.now, 4))
    await asyncio.gather(*(TASKS[one.name](errand.task_run(one)) for _ in range(2)))
    assert one.name == pool.REMOVE
    assert (await errand.codes_by_state()).get(ENDED) is None
    assert (await errand.codes_by_state())[WITHDRAWN] == 1
    assert await errand.stage.breaches() == []


async def test_a_code_used_before_its_removal_is_not_removed(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    code = await errand.stage.code(1)
    errand.stage.pass_time(hours=1)
    await errand.stage.order(1, status="refunded")
    await errand.stage.order(2, codes=(code,))
    await errand.work()
    assert code in errand.codes()
    assert errand.calls("CodesRemove") == 0
    assert await errand.stage.states([1]) == ["redeemed"]


async def test_an_order_that_comes_back_gets_a_fresh_code_that_works(errand: Errand) -> None:
    await errand.work()
    await errand.stage.order(1)
    first = await errand.stage.code(1)
    errand.stage.pass_time(hours=1)
    await errand.stage.order(1, status="voided")
    await errand.work()
    errand.stage.pass_time(hours=1)
    await errand.stage.order(1)
    second = await errand.stage.code(1)
    assert first not in errand.codes()
    errand.sim.place_order(["50.00"], shop=errand.handle, codes=[second])


async def test_the_day_after_its_last_an_unused_code_is_removed(errand: Errand) -> None:
    await errand.work()
    await errand.stage.tell(*(errand.stage.arrival(id) for id in (1, 2, 3)))
    one, used, _ = [await errand.stage.code(id) for id in (1, 2, 3)]
    await errand.stage.order(10, codes=(used,))
    await errand.stage.tell(Arrival(errand.stage.shop.id, 3, deleted=True))
    now = errand.stage.now
    last_day = (await errand.stage.seen(1)).expires_on
    assert last_day is not None
    on_the_day = now + timedelta(days=30)
    assert await errand.stage.db.write(lambda conn: expire(conn, None, on_the_day)) == 0
    day_after = now + timedelta(days=31, hours=1)
    assert await errand.stage.db.write(lambda conn: expire(conn, None, day_after)) == 3
    assert await errand.stage.db.write(lambda conn: expire(conn, None, day_after)) == 0
    await errand.hurry()
    await errand.work()
    found = await errand.codes_by_state()
    assert (found[ENDED], found[SPENT], found[WITHDRAWN]) == (2, 1, 1)
    assert one not in errand.codes()
    assert used in errand.codes()
    errand.stage.now = day_after
    seen = await errand.stage.seen(1)
    assert (seen.state, seen.apply_url) == ("ready", None)
    assert "gültig" in seen.text
    assert await errand.stage.breaches() == []
