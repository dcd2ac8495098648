"""Shopify shows the balance that the ledger has: after every change, at every date, for whoever is still known."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

import widgets
from plugin import shops
from plugin.core import mirror
from plugin.core.accounts import account
from plugin.core.earning import midnight
from plugin.language import language
from plugin.shopify import set_points
from plugin.tasks import task
from tests.integration.books.office import NewOffice, Office
from tests.integration.privacy.traces import traces
from webhooks import erasure
from widgets.loyalty.settings import LoyaltySettings

ZONE = ZoneInfo("Europe/Berlin")
AT_ONCE = LoyaltySettings(pending_days=0)


def shown(office: Office, customer: Any) -> dict[str, Any] | None:
    """What Shopify shows in the customer's account."""
    place = (f"gid://shopify/Customer/{customer.id}", f"app--{office.sim.state.app_id}", "points")
    held = office.sim.state.shops[office.handle].metafields.get(place)
    if held is None:
        return None
    assert held.type == "json"
    found: dict[str, Any] = json.loads(held.value)
    return found


async def settle(office: Office, now: datetime | None = None) -> list[str]:
    """Let the clock look, and the worker work."""
    await office.tick("loyalty.mirror", now)
    return await office.work()


async def hurry(office: Office) -> None:
    """Have every task due now."""
    await office.db.write(lambda conn: conn.execute(update(task).values(due_at=datetime.now(UTC))))


async def due(office: Office) -> int:
    """How many accounts are due now."""
    counted = select(func.count()).where(account.c.mirror_due <= datetime.now(UTC))
    return await office.db.read(lambda conn: int(conn.execute(counted).scalar_one()))


async def test_every_change_of_a_balance_is_shown_and_nothing_else_is_written(office: Office) -> None:
    anna = office.person()
    order = office.order(customer=anna)
    await office.tell()
    await settle(office)
    opens = datetime.now(UTC).astimezone(ZONE).date() + timedelta(days=14)
    assert shown(office, anna) == {
        "available": 0,
        "pending": 49,
        "debt": 0,
        "opens": {"on": opens.isoformat(), "points": 49},
    }
    assert office.calls("metafieldsSet") == 1
    office.sim.mark_test(order, test=False)
    await office.tell()
    await settle(office)
    assert office.calls("metafieldsSet") == 1
    office.sim.cancel(order)
    await office.tell()
    await settle(office)
    assert shown(office, anna) == {"available": 0, "pending": 0, "debt": 0}
    assert office.calls("metafieldsSet") == 2
    assert await due(office) == 0
    assert await settle(office) == []


async def test_at_the_date_on_which_points_open_or_expire_the_figures_follow(new_office: NewOffice) -> None:
    office = await new_office(LoyaltySettings(pending_days=3, expiry_months=1))
    anna = office.person()
    bought = datetime.now(UTC) - timedelta(days=1)
    office.order(customer=anna, at=bought)
    await office.tell()
    await settle(office)
    opening = midnight(bought.astimezone(ZONE).date() + timedelta(days=3), ZONE)
    mine = select(account.c.mirror_due).where(account.c.customer_id == anna.id)

    async def next_at() -> datetime | None:
        return await office.db.read(lambda conn: conn.execute(mine).scalar_one())

    async def at(now: datetime) -> dict[str, Any]:
        """What would be shown then."""
        (found,) = await office.db.read(lambda conn: mirror.due(conn, office.shop.id, ZONE, now, 25))
        await office.db.write(lambda conn: mirror.settle(conn, [found]))
        figures: dict[str, Any] = json.loads(found.value)
        return figures

    assert await next_at() == opening
    assert (
        await office.db.read(
            lambda conn: mirror.due(conn, office.shop.id, ZONE, opening - timedelta(seconds=1), 25)
        )
        == []
    )
    figures = await at(opening)
    assert (figures["available"], figures["pending"]) == (49, 0)
    assert figures["expires"]["points"] == 49
    ending = await next_at()
    assert ending is not None
    assert figures["expires"]["on"] == ending.astimezone(ZONE).date().isoformat()
    assert await at(ending) == {"available": 0, "pending": 0, "debt": 0}
    assert await next_at() is None


async def test_a_moved_date_is_shown_though_no_entry_was_made(office: Office) -> None:
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    await settle(office)
    before = shown(office, anna)
    await office.change("shop", time_zone="Pacific/Auckland")
    later = office.sim.state.shops[office.handle].orders
    (order,) = later.values()
    moved = datetime.now(UTC) - timedelta(days=2)
    order.body["processed_at"] = moved.isoformat()
    office.sim.mark_test(order, test=False, at=datetime.now(UTC) + timedelta(seconds=5))
    await office.tell()
    await settle(office)
    assert before is not None
    assert shown(office, anna) != before


async def test_twenty_six_customers_are_two_calls_and_an_unknown_one_holds_up_nobody(
    new_office: NewOffice,
) -> None:
    office = await new_office(AT_ONCE)
    people = [office.person() for _ in range(26)]
    for one in people:
        office.order(customer=one)
    await office.tell()
    gone = people[3]
    del office.sim.state.shops[office.handle].customers[gone.id]
    await settle(office)
    assert [shown(office, one) is None for one in people] == [one is gone for one in people]
    assert office.calls("metafieldsSet") == 3
    held = select(account.c.mirrored).where(account.c.customer_id == gone.id)
    assert await office.db.read(lambda conn: conn.execute(held).scalar_one()) == mirror.UNKNOWN
    await office.db.write(lambda conn: conn.execute(update(account).values(mirror_due=datetime.now(UTC))))
    await settle(office)
    assert office.calls("metafieldsSet") == 3
    assert await due(office) == 0


async def test_a_merged_customers_points_are_shown_with_the_one_who_is_kept(new_office: NewOffice) -> None:
    office = await new_office(AT_ONCE)
    anna, annika = (office.person() for _ in range(2))
    office.order(customer=anna)
    office.order("10.00", customer=annika)
    await office.tell()
    await settle(office)
    office.sim.merge_customers(anna, annika, shop=office.handle)
    await office.tell()
    await settle(office)
    assert shown(office, anna) == {"available": 59, "pending": 0, "debt": 0}


async def test_what_changes_while_shopify_is_told_stays_due(new_office: NewOffice) -> None:
    office = await new_office(AT_ONCE)
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    now = datetime.now(UTC)
    (found,) = await office.db.read(lambda conn: mirror.due(conn, office.shop.id, ZONE, now, 25))
    office.order("10.00", customer=anna)
    await office.tell()
    await office.db.write(lambda conn: mirror.settle(conn, [found]))
    assert await due(office) == 1
    await settle(office)
    assert shown(office, anna) == {"available": 59, "pending": 0, "debt": 0}
    assert await due(office) == 0


async def test_a_shop_has_one_task_and_one_that_was_set_aside_is_asked_for_again_after_a_day(
    office: Office,
) -> None:
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    for _ in range(3):
        await office.tick("loyalty.mirror")
    states = select(task.c.state).where(task.c.name == "loyalty.mirror")
    assert await office.db.read(lambda conn: conn.execute(states).scalars().all()) == ["waiting"]
    now = datetime.now(UTC)
    for hours, expected in ((23, ["parked"]), (25, ["waiting"])):
        aside = update(task).values(state="parked", due_at=now - timedelta(hours=hours), attempts=8)
        await office.db.write(partial(Connection.execute, statement=aside))
        await office.tick("loyalty.mirror", now)
        assert await office.db.read(lambda conn: conn.execute(states).scalars().all()) == expected
    await office.work()
    assert shown(office, anna) is not None


async def test_without_the_scope_nothing_is_asked_and_with_it_all_is_caught_up(office: Office) -> None:
    anna = office.person()
    office.order(customer=anna)
    await office.db.write(lambda conn: shops.record_scopes(conn, office.shop.id, "read_orders"))
    await office.tell()
    assert await settle(office) == []
    await office.db.write(
        lambda conn: shops.record_scopes(conn, office.shop.id, "read_orders,write_customers")
    )
    assert await settle(office) == ["loyalty.mirror"]
    assert shown(office, anna) is not None


async def test_an_outage_is_waited_out_and_then_the_newest_figures_are_shown(new_office: NewOffice) -> None:
    office = await new_office(AT_ONCE)
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    office.sim.state.shops[office.handle].switches.turn(api="down")
    assert await settle(office) == ["loyalty.mirror"]
    office.order("10.00", customer=anna)
    await office.tell()
    office.sim.state.shops[office.handle].switches.reset()
    await hurry(office)
    await office.work()
    assert shown(office, anna) == {"available": 59, "pending": 0, "debt": 0}


async def test_an_erased_customers_figures_are_deleted_at_shopify_and_leave_no_trace_here(
    new_office: NewOffice,
) -> None:
    office = await new_office(AT_ONCE)
    anna, bert = (office.person() for _ in range(2))
    for one in (anna, bert):
        office.order(customer=one)
    await office.tell()
    await settle(office)
    now = datetime.now(UTC)
    keyring, shop = office.runtime.keyring, office.shop
    await office.db.write(lambda conn: erasure.erase_customer(conn, keyring, shop, anna.id, (), now))
    assert await office.db.read(lambda conn: traces(conn, [anna.id])) == []
    assert await office.work() == []
    await hurry(office)
    assert await office.work() == ["loyalty.recall"]
    assert shown(office, anna) is None
    assert shown(office, bert) is not None
    assert await office.db.read(lambda conn: conn.execute(select(task.c.id)).all()) == []


async def test_who_is_erased_while_shopify_is_first_told_is_forgotten_there_and_here(
    new_office: NewOffice,
) -> None:
    office = await new_office(AT_ONCE)
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    now = datetime.now(UTC)
    keyring, shop, gateway = office.runtime.keyring, office.shop, office.runtime.gateway
    found = await office.db.read(lambda conn: mirror.due(conn, office.shop.id, ZONE, now, 25))
    await office.db.write(lambda conn: erasure.erase_customer(conn, keyring, shop, anna.id, (), now))
    await set_points(gateway, shop, {anna.id: found[0].value})
    await office.db.write(lambda conn: mirror.settle(conn, found))
    assert await office.db.read(lambda conn: conn.execute(select(account.c.mirrored)).scalars().all()) == [
        None
    ]
    await hurry(office)
    assert await office.work() == ["loyalty.recall"]
    assert shown(office, anna) is None


async def test_a_deletion_that_shopify_never_hears_of_is_given_up_after_a_day(new_office: NewOffice) -> None:
    office = await new_office(AT_ONCE)
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    await settle(office)
    then = datetime.now(UTC) - timedelta(days=2)
    keyring, shop = office.runtime.keyring, office.shop
    await office.db.write(lambda conn: erasure.erase_customer(conn, keyring, shop, anna.id, (), then))
    assert await office.work() == ["loyalty.recall"]
    assert office.calls("metafieldsDelete") == 0
    assert await office.db.read(lambda conn: conn.execute(select(task.c.id)).all()) == []


async def test_a_person_reads_that_shopify_shows_their_balance(new_office: NewOffice) -> None:
    office = await new_office(AT_ONCE)
    anna = office.person()
    office.order(customer=anna)
    await office.tell()
    await settle(office)
    found = await office.db.read(
        lambda conn: widgets.export(conn, office.shop, anna.id, language("en", "sie"))
    )
    copies = [one for one in found["data"] if "which shows it" in "".join(one["recipients"])]
    assert [one["records"] for one in copies] == [
        [{"customer": str(anna.id), "points": {"available": 49, "pending": 0, "debt": 0}}]
    ]
