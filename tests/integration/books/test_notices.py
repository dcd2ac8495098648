"""Flow is told ahead of expiry: once for each lot and period, of that date's points alone, and only if the shop wants it."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from plugin.core import accounts, ledger, notices, positions
from plugin.core.earning import add_months
from plugin.core.ledger import Entry
from plugin.core.notices import expiry_notice
from plugin.tasks import task
from sandbox.state import Customer
from tests.integration.books.office import NewOffice, Office
from tests.integration.privacy.traces import traces
from webhooks import erasure
from widgets.loyalty.settings import LoyaltySettings

ZONE = ZoneInfo("Europe/Berlin")
WANTED = LoyaltySettings(pending_days=0, expiry_months=1, expiry_notice=True)


def told(office: Office) -> list[dict[str, Any]]:
    """What Flow was told, in its order."""
    found = office.sim.state.shops[office.handle].flow_triggers
    assert {one["handle"] for one in found} <= {"points-about-to-expire"}
    return [one["payload"] for one in found]


async def look(office: Office, now: datetime | None = None) -> None:
    await office.tick("loyalty.notice", now)
    await office.work()


async def bought(office: Office, who: Customer, days_ago: int, price: str = "49.90") -> datetime:
    """An order of that many days ago, told; returns the day on which its points expire."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    office.order(price, customer=who, at=at)
    await office.tell()
    return at


def ends(at: datetime) -> str:
    return add_months(at.astimezone(ZONE).date(), 1).isoformat()


async def spend(office: Office, who: Customer, points: int) -> None:
    def work(conn: Connection) -> None:
        home = accounts.ensure(conn, [(office.shop.id, who.id)])[office.shop.id, who.id]
        now = datetime.now(UTC)
        entry = Entry(office.shop.id, home.id, ledger.ADJUSTMENT, -points, f"test:{now}", now)
        positions.post(conn, [entry], now)

    await office.db.write(work)


async def test_each_date_is_told_once_for_each_period_with_its_own_points(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    anna, bert = office.person(), office.person()
    soon = await bought(office, anna, 25)
    later = await bought(office, anna, 3, "10.00")
    await bought(office, bert, 20)
    await look(office)
    assert sorted((one["customer_id"], one["Points"], one["Expiry date"]) for one in told(office)) == sorted(
        [
            (anna.id, 49, ends(soon)),
            (anna.id, 10, ends(later)),
            (bert.id, 49, told(office)[-1]["Expiry date"]),
        ]
    )
    assert all(0 < one["Days left"] <= 30 for one in told(office))
    for _ in range(2):
        await look(office)
    assert len(told(office)) == 3


async def test_two_workers_that_tell_of_it_at_the_same_moment_tell_once(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    await bought(office, office.person(), 25)
    await bought(office, office.person(), 20)
    await office.tick("loyalty.notice")
    await office.work_twice()
    assert len(told(office)) == 2


async def test_the_lots_of_one_date_are_told_together_however_few_are_read_at_once(
    new_office: NewOffice,
) -> None:
    office = await new_office(WANTED)
    at = datetime.now(UTC) - timedelta(days=25)
    for who in (office.person(), office.person()):
        for price in ("10.00", "20.00", "30.00"):
            office.order(price, customer=who, at=at)
    await office.tell()
    await office.tick("loyalty.notice")
    now = datetime.now(UTC)
    for most, persons in ((1, 1), (3, 1), (4, 1), (6, 1), (7, 2), (50, 2)):
        found = await office.db.read(
            partial(notices.waiting, shop_id=office.shop.id, zone=ZONE, now=now, most=most)
        )
        assert [(due.points, len(due.lots)) for due in found] == [(60, 3)] * persons


async def test_points_that_end_on_one_day_are_told_once_though_they_end_at_different_hours(
    new_office: NewOffice,
) -> None:
    office = await new_office(WANTED)
    anna = office.person()
    noon = datetime.combine(datetime.now(ZONE).date() - timedelta(days=20), time(12), ZONE)
    for hours in (-11.9, 0, 11.9):
        office.order("10.00", customer=anna, at=noon + timedelta(hours=hours))
    office.order("5.00", customer=anna, at=noon - timedelta(days=6))
    await office.tell()
    await look(office)
    assert [(one["Points"], one["Expiry date"]) for one in told(office)] == [
        (5, ends(noon - timedelta(days=6))),
        (30, ends(noon)),
    ]
    await look(office)
    assert len(told(office)) == 2
    for most, dates in ((1, 1), (2, 1), (4, 1), (5, 2)):
        await office.db.write(lambda conn: conn.execute(expiry_notice.update().values(sent_at=None)))
        now = datetime.now(UTC)
        found = await office.db.read(
            partial(notices.waiting, shop_id=office.shop.id, zone=ZONE, now=now, most=most)
        )
        assert [due.points for due in found] == [5, 30][:dates]


async def test_the_next_period_comes_when_its_day_does(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    anna = office.person()
    await bought(office, anna, 5)
    await look(office)
    assert len(told(office)) == 1
    await office.tick("loyalty.notice", datetime.now(UTC) + timedelta(days=10))
    await office.work()
    assert len(told(office)) == 1
    await office.tick("loyalty.notice", datetime.now(UTC) + timedelta(days=20))
    periods = select(expiry_notice.c.days).order_by(expiry_notice.c.days)
    assert await office.db.read(lambda conn: conn.execute(periods).scalars().all()) == [7, 30]
    await office.tick("loyalty.notice", datetime.now(UTC) + timedelta(days=40))
    assert await office.db.read(lambda conn: conn.execute(periods).scalars().all()) == []


async def test_nobody_is_told_unless_the_shop_wants_it(new_office: NewOffice) -> None:
    office = await new_office(LoyaltySettings(pending_days=0, expiry_months=1))
    await bought(office, office.person(), 25)
    await look(office)
    assert told(office) == []
    await office.change("loyalty", expiry_notice=True, expiry_notice_days=[1])
    await look(office)
    assert told(office) == []
    await office.change("loyalty", expiry_notice_days=[10, 1])
    await look(office)
    assert len(told(office)) == 1


async def test_what_was_spent_is_not_mentioned(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    anna, bert = office.person(), office.person()
    await bought(office, anna, 25)
    await bought(office, bert, 25)
    await spend(office, anna, 40)
    await spend(office, bert, 49)
    await look(office)
    assert [(one["customer_id"], one["Points"]) for one in told(office)] == [(anna.id, 9)]


async def test_a_merge_makes_no_second_notice_and_reaches_the_one_who_is_kept(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    anna, annika = office.person(), office.person()
    await bought(office, annika, 25)
    await look(office)
    office.sim.merge_customers(anna, annika, shop=office.handle)
    await office.tell()
    await look(office)
    assert [one["customer_id"] for one in told(office)] == [annika.id]
    await office.change("loyalty", expiry_notice_days=[30, 7, 6])
    await look(office)
    assert [one["customer_id"] for one in told(office)] == [annika.id, anna.id]


async def test_an_outage_is_waited_out_and_nothing_is_said_twice(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    await bought(office, office.person(), 25)
    office.sim.state.shops[office.handle].switches.turn(api="throttled")
    await look(office)
    office.sim.state.shops[office.handle].switches.reset()
    again = task.update().values(due_at=datetime.now(UTC), state="waiting")
    await office.db.write(lambda conn: conn.execute(again))
    await office.work()
    assert len(told(office)) == 1


async def test_an_erased_customer_is_told_nothing_and_leaves_no_notice(new_office: NewOffice) -> None:
    office = await new_office(WANTED)
    anna, now = office.person(), datetime.now(UTC)
    await bought(office, anna, 25)
    await office.tick("loyalty.notice")
    keyring = office.runtime.keyring
    await office.db.write(lambda conn: erasure.erase_customer(conn, keyring, office.shop, anna.id, (), now))
    counted = select(func.count()).select_from(expiry_notice)
    assert await office.db.read(lambda conn: conn.execute(counted).scalar_one()) == 0
    assert await office.db.read(lambda conn: traces(conn, [anna.id])) == []
    await office.work()
    assert told(office) == []
