"""What parcels teach, from the webhook door to the next order's promise, on both homes."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from plugin.database import Database
from plugin.shops import Shop
from tests.integration.delivery.parcels import GERMANY, Sent, at, bought, opened, tell
from tests.integration.delivery.test_book import promise
from tests.oracle.bodies import Piece
from widgets import ALL
from widgets.delivery import estimates, teaching
from widgets.delivery.estimates import delivery_estimate
from widgets.delivery.learned import Learned, Start, Way
from widgets.delivery.settings import Slow
from widgets.delivery.teaching import renew, teach

DHL = Way("DE", None, "DHL")
FIRST = date(2026, 2, 2)
"""A Monday, four weeks ahead of the learning."""


def text(day: date, hour: int) -> str:
    return datetime(day.year, day.month, day.day, hour).isoformat()  # noqa: DTZ001  the tests' own notation


def journey(
    day: date, days: int, *, lost: bool = False, tracked: bool = True, known: str | None = None
) -> Sent:
    """An order of that morning, handed over the same day, with its buyer after so many days."""
    sent = bought(text(day, 8))
    parcel = sent.hand_over(text(day, 15))
    if tracked:
        sent.scan(parcel, text(day, 19))
        if not lost:
            sent.scan(parcel, text(day + timedelta(days=days), 11), "delivered", known=known)
    return sent


async def a_past(db: Database, shop: Shop, now: str, **more: Any) -> None:
    """Eighty orders in four weeks from Monday to Thursday, each four days on its way; two in eighty are lost."""
    for number in range(80):
        day = FIRST + timedelta(days=7 * (number // 20) + number % 4)
        await tell(db, shop, now, *journey(day, 4, lost=number in {1, 2}, **more).told)


async def learned(db: Database, shop: Shop) -> Learned:
    found = await db.read(lambda conn: estimates.current(conn, shop.id))
    assert found is not None
    return found


async def row(db: Database) -> Any:
    return await db.read(lambda conn: conn.execute(select(delivery_estimate)).one_or_none())


async def test_a_past_told_by_webhooks_changes_what_the_next_order_is_promised(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    await a_past(db, shop, "2026-03-10T08:00")
    before = bought("2026-03-10T08:30")
    await tell(db, shop, "2026-03-10T08:31", *before.told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T09:00")))
    taught = await learned(db, shop)
    assert (taught.transit[DHL].count, taught.data_until) == (80, date(2026, 3, 9))
    assert 0 < sum(taught.transit[DHL].lost) / sum(taught.transit[DHL].done) < 0.03
    assert sum(table.count for table in taught.handling.values()) == 80
    assert set(taught.handling) == {Start(weekday, late=False) for weekday in range(4)}
    after = bought("2026-03-10T09:30")
    await tell(db, shop, "2026-03-10T09:31", *after.told)
    unlearned, now = await promise(db, before), await promise(db, after)
    assert (unlearned.latest, unlearned.chance, unlearned.estimate_on) == (date(2026, 3, 13), None, None)
    assert (now.earliest, now.latest, now.estimate_on) == (
        date(2026, 3, 13),
        date(2026, 3, 14),
        date(2026, 3, 10),
    )
    assert 0.9 <= now.chance < 0.97


async def test_too_little_teaches_nothing_and_a_shop_without_orders_has_no_estimate(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    assert await row(db) is None
    for number in range(29):
        await tell(db, shop, "2026-03-10T08:00", *journey(FIRST + timedelta(days=number % 4), 4).told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    sent = bought("2026-03-10T09:00")
    await tell(db, shop, "2026-03-10T09:01", *sent.told)
    assert (await promise(db, sent)).chance is None
    assert (await learned(db, shop)).transit[DHL].count == 29


async def test_untracked_parcels_say_nothing_and_their_share_is_known(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    for number in range(8):
        sent = journey(FIRST + timedelta(days=number % 4), 4, tracked=number >= 2)
        await tell(db, shop, "2026-03-10T08:00", *sent.told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    taught = await learned(db, shop)
    assert (taught.transit[DHL].count, taught.untracked) == (6, 0.25)
    assert sum(table.count for table in taught.handling.values()) == 8


async def test_an_order_has_arrived_with_the_last_of_its_parcels(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    sent = journey(FIRST, 1)
    second = sent.hand_over(text(FIRST + timedelta(days=1), 15))
    sent.scan(second, text(FIRST + timedelta(days=1), 20))
    sent.scan(second, text(FIRST + timedelta(days=4), 11), "delivered")
    await tell(db, shop, "2026-03-10T08:00", *sent.told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    table = (await learned(db, shop)).transit[DHL]
    assert (table.count, [value > 0 for value in table.done]) == (1, [False, False, False, True])


async def test_carriers_that_report_late_are_waited_for(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    for number in range(40):
        day = FIRST + timedelta(days=number % 4)
        known = text(day + timedelta(days=4 + 5), 10)
        await tell(db, shop, "2026-03-10T08:00", *journey(day, 4, known=known).told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    assert (await learned(db, shop)).lag == 5


async def test_each_matured_promise_moves_the_level_once(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    await a_past(db, shop, "2026-03-10T08:00")
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    assert (await row(db)).points == 0
    told = [bought(text(date(2026, 3, 10), 9)) for _ in range(6)]
    await tell(db, shop, "2026-03-10T09:05", *(event for sent in told for event in sent.told))
    chance = (await promise(db, told[0])).chance
    for sent in told[:4]:
        parcel = sent.hand_over(text(date(2026, 3, 10), 15))
        sent.scan(parcel, text(date(2026, 3, 13), 11), "delivered")
    for sent in told[4:]:
        parcel = sent.hand_over(text(date(2026, 3, 10), 15))
        sent.scan(parcel, text(date(2026, 3, 17), 11), "delivered")
    await tell(db, shop, "2026-03-17T12:00", *(event for sent in told for event in sent.told))
    early, due = at("2026-03-17T13:00"), at("2026-03-18T13:00")
    await db.write(partial(renew, shop_id=shop.id, now=early))
    assert (await row(db)).points == 0
    await db.write(partial(renew, shop_id=shop.id, now=due))
    moved = (await row(db)).points
    assert moved == pytest.approx(0.01 * (6 * (1 - chance) - 2), abs=0.002)
    assert (await learned(db, shop)).points == moved
    for _ in range(2):
        await db.write(partial(renew, shop_id=shop.id, now=due + timedelta(hours=1)))
        assert (await row(db)).points == moved


async def test_the_job_walks_through_all_shops_and_can_be_asked_for_one(db: Database) -> None:
    one = await opened(db, active_from=at("2026-01-15T00:00"))
    await tell(db, one, "2026-03-10T08:00", *journey(FIRST, 2).told)
    now = at("2026-03-10T09:00")
    assert teaching.JOB in ALL["delivery"].jobs
    assert [await db.write(partial(teach, shop_id=None, now=now)) for _ in range(2)] == [1, 0]
    assert (await row(db)).as_of == now
    later = now + timedelta(hours=1)
    assert await db.write(partial(teach, shop_id=one.id, now=later)) == 0
    assert (await row(db)).as_of == later


async def test_an_estimate_that_nobody_renews_ends(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    await a_past(db, shop, "2026-03-10T08:00")
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    fresh, old = bought("2026-03-23T09:00"), bought("2026-03-24T09:00")
    await tell(db, shop, "2026-03-24T09:01", *fresh.told, *old.told)
    assert (await promise(db, fresh)).chance is not None
    assert (await promise(db, old)).chance is None


async def test_a_carrier_that_reports_arrivals_alone_is_not_taken_to_be_quick(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    for number in range(40):
        day = FIRST + timedelta(days=number % 4)
        sent = bought(text(day, 8))
        parcel = sent.hand_over(text(day, 15))
        sent.scan(parcel, text(day + timedelta(days=4), 11), "delivered")
        await tell(db, shop, "2026-03-10T08:00", *sent.told)
    for number in range(20):
        sent = bought(text(date(2026, 3, 2) + timedelta(days=number % 4), 8))
        sent.hand_over(text(date(2026, 3, 2) + timedelta(days=number % 4), 15))
        await tell(db, shop, "2026-03-10T08:00", *sent.told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    table = (await learned(db, shop)).transit[DHL]
    assert table.count == 40
    assert table.at_risk[0] > sum(table.done) + 10


async def test_products_that_take_longer_teach_nothing_about_the_others(db: Database) -> None:
    slow = GERMANY.model_copy(update={"products": (Slow(product=7, handling_days=(10, 12)),)})
    shop = await opened(db, slow, active_from=at("2026-01-15T00:00"))
    for number in range(12):
        day = FIRST + timedelta(days=number % 4)
        ordinary = number % 2 == 0
        sent = bought(text(day, 8), *([] if ordinary else [Piece(7 * 7, 4990)]))
        sent.scan(sent.hand_over(text(day + timedelta(days=0 if ordinary else 14), 15)), text(day, 19))
        await tell(db, shop, "2026-03-10T08:00", *sent.told)
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-10T08:00")))
    handling = (await learned(db, shop)).handling
    assert sum(table.count for table in handling.values()) == 6
    assert all(table.done[0] > 0 and sum(table.done[1:]) == 0 for table in handling.values())
