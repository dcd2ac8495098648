"""Two transactions at once, on PostgreSQL each before the other's end: what comes of it is as if they had followed."""

import asyncio
import threading
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select, text

from plugin import settings
from plugin.core import order_book, tombstones
from plugin.core.orders import Arrival
from plugin.settings import ShopSettings
from tests.integration.coupon.stage import Stage
from widgets.coupon import campaigns, mending
from widgets.coupon.effects import on_orders
from widgets.coupon.preparing import on_change, on_shop_change
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import FREE, GIVEN, coupon, coupon_budget, coupon_code, coupon_node

FIVE = {"kind": "amount", "value": 500, "minimum_subtotal": 3000}
SOMEBODY_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
A_MOMENT = text("SELECT pg_sleep(0.02)")

Work = Callable[[Connection], object]


def batch(stage: Stage, arrivals: Sequence[Arrival]) -> Work:
    """A batch of the worker's: it shares the shop with other batches."""

    def work(conn: Connection) -> None:
        tombstones.share(conn, [stage.shop.id])
        on_orders(conn, order_book.absorb(conn, arrivals, stage.now), stage.now)

    return work


async def at_once(stage: Stage, first: Work, then: Work) -> None:
    """Begin ``then`` when ``first`` is done and not committed; it is, when the other waits for it or has ended."""
    begun = threading.Event()

    def slow(conn: Connection) -> None:
        first(conn)
        begun.set()
        for _ in range(50 if stage.db.dialect == "postgresql" else 0):
            if conn.execute(SOMEBODY_WAITS).scalar_one() or following.done():
                break
            conn.execute(A_MOMENT)

    async def follow() -> None:
        await asyncio.to_thread(begun.wait)
        await stage.db.write(then)

    following = asyncio.ensure_future(follow())
    await asyncio.gather(stage.db.write(slow), following)


async def full(stage: Stage) -> None:
    """Have so many codes that no order asks for more."""
    await stage.fill(300)
    await stage.db.write(lambda conn: conn.execute(coupon_node.update().values(low_id=2**40)))


async def refund_and_use(stage: Stage) -> tuple[Work, Work]:
    """An order's refund, and the use of its code by another."""
    await stage.order(1)
    code = await stage.code(1)
    stage.pass_time(hours=1)
    refunded, using = stage.arrival(1, status="refunded"), stage.arrival(2, codes=(code,), source="pos")
    return batch(stage, [refunded]), batch(stage, [using])


async def test_a_code_that_is_being_used_is_not_taken_back(stage: Stage) -> None:
    refund, use = await refund_and_use(stage)
    await at_once(stage, use, refund)
    assert (await stage.seen(1)).state == "redeemed"
    assert await stage.rows(coupon_code, "state") == [(FREE,)] * 299 + [(GIVEN,)]
    assert await stage.breaches() == []


async def test_the_use_of_a_code_that_is_being_taken_back_counts(stage: Stage) -> None:
    await stage.set(monthly_cap=10**6)
    refund, use = await refund_and_use(stage)
    await at_once(stage, refund, use)
    assert (await stage.seen(1)).state == "redeemed"
    assert set(await stage.rows(coupon, "void", "counted")) == {(True, True), (False, False)}
    assert await stage.breaches() == []


async def test_a_cap_that_is_switched_on_counts_the_batch_that_is_under_way(stage: Stage) -> None:
    await stage.set(**FIVE)
    await full(stage)
    orders = batch(stage, [stage.arrival(id) for id in (1, 2, 3)])

    def switch_on(conn: Connection) -> None:
        settings.change(
            conn, stage.shop.id, CouponSettings, {"monthly_cap": 1500}, stage.now, hooks=[on_change]
        )

    await at_once(stage, orders, switch_on)
    assert await stage.rows(coupon_budget, "issued") == [(1500,)]
    await stage.order(4)
    assert await stage.states([1, 2, 3, 4]) == ["ready"] * 3 + ["none"]
    assert await stage.breaches() == []


async def test_a_batch_that_comes_while_the_cap_is_switched_on_knows_it(stage: Stage) -> None:
    await stage.set(**FIVE)
    await full(stage)
    orders = batch(stage, [stage.arrival(id) for id in (1, 2, 3)])

    def switch_on(conn: Connection) -> None:
        settings.change(
            conn, stage.shop.id, CouponSettings, {"monthly_cap": 1000}, stage.now, hooks=[on_change]
        )

    await at_once(stage, switch_on, orders)
    assert await stage.states([1, 2, 3]) == ["ready", "ready", "none"]
    assert await stage.breaches() == []


async def test_a_month_that_begins_anew_in_another_currency_holds_nothing_of_the_one_before(
    stage: Stage,
) -> None:
    await stage.set(**FIVE, monthly_cap=10**6)
    await full(stage)
    orders = batch(stage, [stage.arrival(id) for id in (1, 2)])

    def change(conn: Connection) -> None:
        settings.change(
            conn, stage.shop.id, ShopSettings, {"currency": "JPY"}, stage.now, hooks=[on_shop_change]
        )

    await at_once(stage, change, orders)
    assert await stage.rows(coupon_budget, "issued") == [(0,)]
    assert await stage.states([1, 2]) == ["none", "none"]
    assert await stage.breaches() == []


async def test_an_order_that_comes_while_its_discount_is_found_deleted_is_of_the_new_one(
    stage: Stage,
) -> None:
    await full(stage)
    orders = batch(stage, [stage.arrival(id) for id in (1, 2)])

    def found_deleted(conn: Connection) -> None:
        (node,) = campaigns.by_id(conn, set(conn.execute(select(coupon_node.c.id)).scalars())).values()
        mending.gone(conn, node, stage.now)

    await at_once(stage, found_deleted, orders)
    (heir,) = [id for id, trouble in await stage.rows(coupon_node, "id", "trouble") if trouble is None]
    assert await stage.rows(coupon, "node_id", "waiting") == [(heir, True)] * 2
    assert await stage.breaches() == []
