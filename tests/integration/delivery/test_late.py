"""A promise that will be broken is called late once, before anybody asks; a mild delay and silence raise no alarm."""

from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from plugin import shops
from plugin.core.order_book import order
from plugin.database import Database
from plugin.tasks import task
from tests import engine
from tests.integration.delivery.parcels import GERMANY, Sent, at, bought, opened, tell
from tests.integration.delivery.test_teaching import a_past
from tests.oracle.bodies import Piece
from widgets.delivery.tables import delivery_change, delivery_promise
from widgets.delivery.teaching import renew

MONDAY = "2026-03-02T09:00"
"""Handed over by Tuesday the 3rd, with its buyer by Thursday the 5th, at the latest."""


async def said(db: Database, sent: Sent, now: str) -> list[Any]:
    """What has been said of the order's delivery by then, after the clock's jobs ran."""

    def work(conn: Connection) -> list[Any]:
        engine.tick(conn, at(now))
        mine = select(order.c.id).where(order.c.order_id == sent.id).scalar_subquery()
        changes = select(delivery_change).where(delivery_change.c.order_ref == mine)
        late = select(delivery_promise.c.late_at).where(delivery_promise.c.order_ref == mine)
        found = list(conn.execute(changes).all())
        assert (conn.execute(late).scalar_one() is None) == (found == [])
        return found

    return await db.write(work)


async def test_what_is_not_handed_over_in_time_is_late_with_new_days(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    await tell(db, shop, "2026-03-02T09:01", *sent.told)
    assert await said(db, sent, "2026-03-04T22:59") == [], "a day later it may still arrive in time"
    (one,) = await said(db, sent, "2026-03-04T23:00")
    assert (one.reason, one.earliest, one.latest) == ("not_sent", date(2026, 3, 6), date(2026, 3, 9))
    assert one.at == at("2026-03-04T23:00")
    assert len(await said(db, sent, "2026-03-09T10:00")) == 1, "once"
    assert [str(one.latest) for one in await said(db, sent, "2026-03-10T10:00")] == [
        "2026-03-09",
        "2026-03-13",
    ]
    parcel = sent.hand_over("2026-03-10T15:00")
    sent.scan(parcel, "2026-03-10T20:00")
    await tell(db, shop, "2026-03-10T20:01", *sent.told)
    last = (await said(db, sent, "2026-03-10T21:00"))[-1]
    assert (last.reason, last.earliest, last.latest) == ("sent_late", date(2026, 3, 11), date(2026, 3, 12))
    reasons = [one.reason for one in await said(db, sent, "2026-03-13T10:00")]
    assert reasons == ["not_sent", "not_sent", "sent_late", "overdue"]
    wanted = select(task.c.key).where(task.c.name == "delivery.tell")
    assert await db.read(lambda conn: len(conn.execute(wanted).all())) == 1


async def test_one_day_more_is_no_alarm_and_two_are(db: Database) -> None:
    shop = await opened(db)
    mild, bad = bought(MONDAY), bought(MONDAY)
    for sent, left in ((mild, "2026-03-04T15:00"), (bad, "2026-03-05T10:00")):
        parcel = sent.hand_over(left)
        sent.scan(parcel, "2026-03-05T11:00")
        await tell(db, shop, "2026-03-05T11:01", *sent.told)
    assert await said(db, mild, "2026-03-05T12:00") == []
    (one,) = await said(db, bad, "2026-03-05T12:00")
    assert (one.reason, one.earliest, one.latest) == ("sent_late", date(2026, 3, 6), date(2026, 3, 7))


@pytest.mark.parametrize(
    ("mild_days", "quiet", "morning"),
    [(1, "2026-03-07T08:59", "2026-03-07T09:00"), (3, "2026-03-10T08:59", "2026-03-10T09:00")],
)
async def test_a_day_that_is_over_raises_no_alarm_while_the_delay_is_mild(
    db: Database, mild_days: int, quiet: str, morning: str
) -> None:
    shop = await opened(db, GERMANY.model_copy(update={"mild_days": mild_days}))
    sent = bought(MONDAY)
    sent.scan(sent.hand_over("2026-03-03T15:00"), "2026-03-03T20:00")
    await tell(db, shop, "2026-03-03T20:01", *sent.told)
    assert await said(db, sent, quiet) == []
    assert [one.reason for one in await said(db, sent, morning)] == ["overdue"]


@pytest.mark.parametrize(("status", "reason"), [("failure", "failed"), ("in_transit", "overdue")])
async def test_a_letter_beside_it_does_not_hide_a_parcel_that_will_not_come(
    db: Database, status: str, reason: str
) -> None:
    shop = await opened(db)
    sent = bought(MONDAY, Piece(11, 1000), Piece(12, 2000))
    sent.scan(sent.hand_over("2026-03-03T15:00", {0: 1}), "2026-03-04T10:00", status)
    sent.hand_over("2026-03-03T15:00", {1: 1}, number=None)
    await tell(db, shop, "2026-03-04T10:01", *sent.told)
    (one,) = await said(db, sent, "2026-03-09T09:00")
    assert one.reason == reason


async def test_what_is_never_handed_over_is_spoken_of_for_three_weeks(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    await tell(db, shop, "2026-03-02T09:01", *sent.told)
    assert len(await said(db, sent, "2026-03-26T22:59")) == 1
    assert len(await said(db, sent, "2026-04-20T09:00")) == 1


async def test_what_is_on_its_way_is_late_from_the_morning_after_and_only_if_its_carrier_speaks(
    db: Database,
) -> None:
    shop = await opened(db, GERMANY.model_copy(update={"mild_days": 0}))
    moving, silent, letter = bought(MONDAY), bought(MONDAY), bought(MONDAY)
    parcel = moving.hand_over("2026-03-03T15:00")
    moving.scan(parcel, "2026-03-03T20:00")
    silent.hand_over("2026-03-03T15:00")
    letter.hand_over("2026-03-03T15:00", number=None)
    for sent in (moving, silent, letter):
        await tell(db, shop, "2026-03-03T20:01", *sent.told)
    assert await said(db, moving, "2026-03-06T08:59") == []
    (one,) = await said(db, moving, "2026-03-06T09:00")
    assert (one.reason, one.earliest, one.latest) == ("overdue", date(2026, 3, 7), date(2026, 3, 9))
    for sent in (silent, letter):
        assert await said(db, sent, "2026-04-20T09:00") == []


@pytest.mark.parametrize(("status", "reason"), [("failure", "failed"), (None, "lost")])
async def test_what_will_not_come_at_all_is_said_without_a_day(
    db: Database, status: str | None, reason: str
) -> None:
    shop = await opened(db, GERMANY.model_copy(update={"handling_days": (0, 40)}))
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.scan(parcel, "2026-03-03T20:00")
    if status:
        sent.scan(parcel, "2026-03-04T10:00", status)
    await tell(db, shop, "2026-03-04T10:01", *sent.told)
    (one,) = await said(db, sent, "2026-03-24T20:00")
    assert (one.reason, one.earliest, one.latest) == (reason, None, None)


async def test_nobody_is_told_what_came_was_called_off_or_is_not_paid(db: Database) -> None:
    shop = await opened(db)
    came, late, off, unpaid = (
        bought(MONDAY),
        bought(MONDAY),
        bought(MONDAY),
        bought(MONDAY, status="pending"),
    )
    unpaid.purchase.status, unpaid.purchase.paid = "pending", 0
    unpaid.purchase.deliveries.clear()
    unpaid.purchase.place("pending")
    for sent, day in ((came, "2026-03-05T10:00"), (late, "2026-03-09T10:00")):
        parcel = sent.hand_over("2026-03-03T15:00")
        sent.scan(parcel, day, "delivered")
    off.cancel("2026-03-04T10:00")
    for sent in (came, late, off, unpaid):
        await tell(db, shop, "2026-03-09T10:01", *sent.told)
        assert await said(db, sent, "2026-03-09T11:00") == []


async def test_a_shop_that_has_left_is_not_watched(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    await tell(db, shop, "2026-03-02T09:01", *sent.told)
    left = update(shops.shop).values(uninstalled_at=at("2026-03-03T09:00"))
    await db.write(lambda conn: conn.execute(left))
    assert await said(db, sent, "2026-03-09T10:00") == []


async def test_a_long_past_is_let_rest_and_the_switch_keeps_flow_out_of_it(db: Database) -> None:
    shop = await opened(db, GERMANY.model_copy(update={"tell_late": False}))
    old, sent = bought(MONDAY), bought("2026-06-15T09:00")
    await tell(db, shop, "2026-06-30T09:00", *old.told, *sent.told)
    assert await said(db, old, "2026-06-30T10:00") == []
    assert [one.reason for one in await said(db, sent, "2026-06-30T10:00")] == ["not_sent"]
    wanted = select(task.c.key).where(task.c.name == "delivery.tell")
    assert await db.read(lambda conn: conn.execute(wanted).all()) == []


async def test_what_was_learned_tells_of_a_slow_way_before_its_day(db: Database) -> None:
    shop = await opened(db, active_from=at("2026-01-15T00:00"))
    sent = bought("2026-03-09T08:00")
    parcel = sent.hand_over("2026-03-10T15:00")
    sent.scan(parcel, "2026-03-10T20:00")
    await tell(db, shop, "2026-03-10T20:01", *sent.told)
    mine = select(delivery_promise.c.latest)
    assert await db.read(lambda conn: conn.execute(mine).scalar_one()) == date(2026, 3, 12)
    assert await said(db, sent, "2026-03-11T08:00") == [], "by the lane it comes in time"
    await a_past(db, shop, "2026-03-11T09:00")
    await db.write(partial(renew, shop_id=shop.id, now=at("2026-03-11T09:00")))
    (one,) = await said(db, sent, "2026-03-11T10:00")
    assert (one.reason, one.latest) == ("carrier", date(2026, 3, 14))
    assert 0.8 <= one.chance <= 0.9
