"""What an order costs in statements: a shop pays for what it has switched on, and a batch no more than an order.

Beyond that, each campaign whose codes are given has a pool to take them from.
"""

from sqlalchemy import Connection, event

from plugin.core import order_book
from tests.integration.coupon.stage import Stage
from widgets.coupon.effects import on_orders

PLAIN = 8
"""What is known, settings, nodes, installation, free codes, giving them, coupons, and the task that fills the pool."""


async def statements(stage: Stage, *order_ids: int, customer_id: int | None = None) -> int:
    """How many statements the coupons of a batch take."""
    stage.pass_time(hours=1)
    told = [stage.arrival(id, customer_id=customer_id) for id in order_ids]
    seen: list[str] = []

    def work(conn: Connection) -> None:
        changes = order_book.absorb(conn, told, stage.now)

        def note(*given: object) -> None:
            seen.append(str(given[2]))

        event.listen(conn, "before_cursor_execute", note)
        on_orders(conn, changes, stage.now)
        event.remove(conn, "before_cursor_execute", note)

    await stage.db.write(work)
    return len(seen)


async def test_a_batch_costs_as_many_statements_as_one_order(stage: Stage) -> None:
    assert await statements(stage, 1) == await statements(stage, *range(2, 40)) == PLAIN


async def test_only_a_shop_that_asks_about_customers_reads_them(stage: Stage) -> None:
    await stage.set(stamp_every=5)
    await stage.fill(20)
    await stage.order(1, customer_id=7)
    await stage.answer(7, 1)
    assert await statements(stage, 2, customer_id=7) == PLAIN + 3
    assert await statements(stage, *range(3, 20), customer_id=7) == PLAIN + 3 + 1


async def test_only_a_shop_with_a_cap_locks_its_month_and_takes_the_mean(stage: Stage) -> None:
    await stage.set(monthly_cap=10**9)
    await stage.order(1)
    assert await statements(stage, 2) == await statements(stage, *range(3, 20)) == PLAIN + 3
