"""A plan counts kept orders, by the month of the shop's clock, and says what became of the others."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from plugin.billing.usage import JOBS, Month, months
from plugin.core.fates import Fate
from plugin.core.order_book import order
from plugin.database import Database
from tests.integration.engine.stories import bought, installed, tell
from tests.oracle.bodies import Piece
from tests.oracle.purchase import Purchase
from widgets import change_settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACED = datetime(2026, 11, 10, 12, tzinfo=UTC)


def order_of(number: int, status: str = "paid", **changes: Any) -> Purchase:
    return bought(number, status=status, **({"placed_at": PLACED} | changes))


def one_of_each() -> list[Purchase]:
    kept, back, off, gone = (order_of(number) for number in (1, 3, 4, 7))
    partly = order_of(2, pieces=[Piece(20, 1_000), Piece(21, 2_000)])
    partly.refund(2, {0: 1})
    back.refund(3, {0: 1})
    off.cancel()
    tried = order_of(5, test=True)
    unpaid = order_of(6, status="pending")
    gone.delete()
    gift = order_of(8, pieces=[Piece(80, 5_000, gift=True)])
    return [kept, partly, back, off, tried, unpaid, gone, gift]


EACH = {
    Fate.KEPT: 2,
    Fate.REFUNDED: 1,
    Fate.CANCELLED: 2,
    Fate.TEST: 1,
    Fate.UNPAID: 1,
    Fate.WORTHLESS: 1,
}


async def counted(db: Database, shop_id: int, most: int = 2, now: datetime = NOW) -> list[Month]:
    return await db.read(lambda conn: months(conn, shop_id, now, most))


async def kept_at(db: Database, shop_id: int, *moments: datetime) -> None:
    rows = [{"shop_id": shop_id, "processed_at": at, "first_at": at, "fate": "kept"} for at in moments]
    await db.write(lambda conn: conn.execute(insert(order), rows))


async def set_to(db: Database, shop_id: int, at: datetime, **changes: str) -> None:
    await db.write(lambda conn: change_settings(conn, shop_id, "shop", changes, at))


async def test_each_order_is_counted_or_left_out_for_one_reason(db: Database) -> None:
    shop = await installed(db, count_test_orders=True)
    await db.write(lambda conn: tell(conn, *one_of_each(), now=NOW))
    before, this = await counted(db, shop.id)
    assert this.fates == EACH
    assert (this.first, this.kept, this.all) == (date(2026, 11, 1), 2, 8)
    assert (before.first, before.all) == (date(2026, 10, 1), 0)


async def test_a_refund_of_later_is_left_out_of_the_orders_own_month(db: Database) -> None:
    shop = await installed(db)
    bought_before = order_of(1, placed_at=PLACED - timedelta(days=30))
    await db.write(lambda conn: tell(conn, bought_before, now=NOW))
    assert [one.kept for one in await counted(db, shop.id)] == [1, 0]
    told = len(bought_before.deliveries)
    bought_before.refund(9, {0: 1})
    bought_before.deliveries[:told] = []
    await db.write(lambda conn: tell(conn, bought_before, now=NOW))
    assert [one.fates for one in await counted(db, shop.id)] == [{Fate.REFUNDED: 1}, {}]


async def test_months_begin_by_the_clock_that_the_shop_had_then(db: Database) -> None:
    abroad = await installed(db, handle_="abroad", zone="America/New_York")
    shop = await installed(db)
    midnight = datetime(2026, 10, 31, 23, tzinfo=UTC)
    for one in (shop, abroad):
        await kept_at(db, one.id, midnight - timedelta(seconds=1), midnight)
    assert [one.kept for one in await counted(db, shop.id)] == [1, 1]
    assert [one.kept for one in await counted(db, abroad.id)] == [2, 0]
    await set_to(db, shop.id, NOW, time_zone="America/New_York")
    assert [one.kept for one in await counted(db, shop.id)] == [1, 1], "what has begun is not begun again"
    december = NOW + timedelta(days=30)
    await kept_at(db, shop.id, datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    assert [one.kept for one in await counted(db, shop.id, now=december)] == [2, 0], (
        "the next month begins by it"
    )


async def test_orders_before_the_shop_was_active_and_of_other_shops_do_not_count(db: Database) -> None:
    shop = await installed(db)
    other = await installed(db, handle_="other")
    later = await installed(db, handle_="later", active_from=PLACED + timedelta(seconds=1))
    for one in (shop, later):
        await kept_at(db, one.id, PLACED)
    assert [one.kept for one in await counted(db, shop.id)] == [0, 1]
    assert [one.kept for one in await counted(db, later.id)] == [0, 0]
    assert [one.kept for one in await counted(db, other.id)] == [0, 0]


async def test_what_counted_counts_whatever_day_the_merchant_sets(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: tell(conn, order_of(1), now=NOW))
    for day in ("2026-11-11", "2027-01-01", "2026-11-01"):
        await set_to(db, shop.id, NOW, active_from=day)
        assert [one.kept for one in await counted(db, shop.id)] == [0, 1]


async def test_twelve_months_end_with_this_one(db: Database) -> None:
    shop = await installed(db)
    found = await counted(db, shop.id, most=12)
    assert (found[0].first, found[-1].first, len(found)) == (date(2025, 12, 1), date(2026, 11, 1), 12)


async def test_orders_of_an_earlier_release_are_counted_once_the_clock_has_been_there(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: tell(conn, *one_of_each(), now=NOW))
    await db.write(lambda conn: conn.execute(update(order).values(fate=None)))
    assert [one.all for one in await counted(db, shop.id)] == [0, 0]
    (job,) = JOBS

    def run(conn: Connection) -> int:
        return job.run(conn, None, NOW)

    assert await db.write(run) == 8
    assert await db.write(run) == 0
    assert (await counted(db, shop.id))[-1].fates == EACH
    assert len(set(await db.read(lambda conn: conn.execute(select(order.c.fate)).scalars().all()))) == 6
