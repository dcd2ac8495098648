"""The coupon of an order stands with the order at Shopify, for the merchant's mails, exactly while it can be used."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, update

import widgets
from plugin.language import language
from plugin.shopify import discounts
from plugin.shopify.discounts import Percentage, Terms
from plugin.tasks import task
from tests.integration.books.office import NewOffice, Office
from tests.integration.privacy.traces import traces
from webhooks import erasure
from widgets.coupon import campaigns, mails, mending
from widgets.coupon.tables import coupon, coupon_code

ZONE = ZoneInfo("Europe/Berlin")
PASTED = (Path(mails.__file__).parents[2] / "docs" / "mails.md").read_text(encoding="utf-8")


@pytest.fixture
async def mailing(new_office: NewOffice) -> Office:
    """A shop with codes to give, which wants them in its mails and lets the app write to orders."""
    office = await new_office()
    await office.change("coupon", enabled=True, in_mails=True)
    await allow(office)
    await office.work()
    return office


async def allow(office: Office, *scopes: str) -> None:
    """Have the merchant grant what is asked, and these."""
    office.sim.grant_scopes(
        (*office.sim.state.config.scopes, *(scopes or ("write_orders",))), shop=office.handle
    )
    await office.tell()


def told(office: Office, order: Any) -> dict[str, Any] | None:
    """What the order's metafield holds."""
    place = (order.gid, f"app--{office.sim.state.app_id}", "coupon")
    held = office.sim.state.shops[office.handle].metafields.get(place)
    assert held is None or held.type == "json"
    return None if held is None else json.loads(held.value)


async def settle(office: Office) -> list[str]:
    """Let the clock look, and the worker work."""
    await office.tick("coupon.mails")
    return await office.work()


async def code_of(office: Office) -> str:
    """The one code that was given."""
    given = select(coupon_code.c.code).where(coupon_code.c.order_ref.is_not(None))
    return await office.db.read(lambda conn: str(conn.execute(given).scalar_one()))


async def due(office: Office) -> int:
    marked = select(coupon.c.order_ref).where(coupon.c.mail_due.is_not(None))
    return await office.db.read(lambda conn: len(conn.execute(marked).all()))


async def test_code_value_and_last_day_are_written_once_and_deleted_when_the_coupon_is_void(
    mailing: Office,
) -> None:
    order = mailing.order(customer=mailing.person(), locale="de-DE")
    await mailing.tell()
    assert "coupon.mails" in await settle(mailing)
    last_day = datetime.now(UTC).astimezone(ZONE).date() + timedelta(days=30)
    code = await code_of(mailing)
    assert told(mailing, order) == {"code": code, "value": "10\xa0%", "last_day": last_day.isoformat()}
    assert mailing.calls("metafieldsSet") == 1
    assert await due(mailing) == 0
    assert "coupon.mails" not in await settle(mailing)
    mailing.sim.cancel(order)
    await mailing.tell()
    await settle(mailing)
    assert told(mailing, order) is None


@pytest.mark.parametrize(
    ("locale", "value", "minimum", "limits"),
    [
        ("de-DE", "30\xa0%", "20\xa0€", "Er gilt für ausgewählte Artikel."),
        ("en-GB", "30%", "€20", "It holds for selected products."),
    ],
)
async def test_a_mail_names_the_minimum_and_that_not_everything_counts(
    mailing: Office, locale: str, value: str, minimum: str, limits: str
) -> None:
    cup = mailing.sim.product("Cup", "20.00", shop=mailing.handle)
    only = {"only_products": [f"gid://shopify/Product/{cup.id}"], "minimum_subtotal": 2000}
    await mailing.change("coupon", campaigns=[{"id": "cups", "title": "Cups", "value": 30, **only}])
    await mailing.work()
    order = mailing.order(customer=mailing.person(), locale=locale)
    await mailing.tell()
    await settle(mailing)
    held = told(mailing, order)
    assert held is not None
    assert {key: held[key] for key in held if key not in {"code", "last_day"}} == {
        "value": value,
        "minimum": minimum,
        "limits": limits,
    }
    asked = set(re.findall(r"coupon\.(\w+)", PASTED)) - {"value"}
    assert asked == held.keys() - {"value"}, "the lines to paste say all of it, and nothing that is not there"


async def test_a_code_that_the_night_replaces_is_replaced_in_mails(mailing: Office) -> None:
    order, other = (mailing.order(customer=mailing.person()) for _ in range(2))
    await mailing.tell()
    await settle(mailing)
    before, beside = told(mailing, order), told(mailing, other)
    assert before is not None
    found = mailing.sim.state.shops[mailing.handle].discounts
    found.clear()
    staffs = Terms("Staff", before["code"], Percentage(Decimal(5)), "EUR", datetime.now(UTC))
    await discounts.create_node(mailing.runtime.gateway, mailing.shop, staffs)
    await mailing.tick("coupon.look")
    await mailing.work()
    await settle(mailing)
    after = told(mailing, order)
    assert after is not None
    assert after == {**before, "code": after["code"]} != before
    assert after["code"].casefold() in {code for one in found.values() for code in one.codes}
    assert told(mailing, other) == beside


async def test_while_there_is_no_other_code_mails_show_none(mailing: Office) -> None:
    order = mailing.order(customer=mailing.person())
    await mailing.tell()
    await settle(mailing)
    before = told(mailing, order)
    assert before is not None
    (node_id,) = await mailing.db.read(lambda conn: conn.execute(select(coupon.c.node_id)).scalars().all())

    def lose(conn: Connection) -> None:
        node, now = campaigns.by_id(conn, {node_id})[node_id], datetime.now(UTC)
        mending.restored(conn, node, {}, [before["code"]], now)

    await mailing.db.write(lose)
    await settle(mailing)
    assert told(mailing, order) is None


async def test_a_used_code_is_offered_by_no_later_mail(mailing: Office) -> None:
    first = mailing.order(customer=mailing.person())
    await mailing.tell()
    await settle(mailing)
    mailing.order("80.00", customer=mailing.person(), codes=[await code_of(mailing)])
    await mailing.tell()
    await settle(mailing)
    assert told(mailing, first) is None


async def test_a_coupon_that_waits_for_its_code_is_written_when_it_has_one(new_office: NewOffice) -> None:
    office = await new_office()
    await office.change("coupon", enabled=True, in_mails=True)
    await allow(office)
    order = office.order(customer=office.person())
    await office.tell()
    await office.tick("coupon.mails")
    office.sim.state.shops[office.handle].switches.turn(api="down")
    await office.work()
    assert told(office, order) is None
    office.sim.state.shops[office.handle].switches.reset()
    await office.db.write(lambda conn: conn.execute(update(task).values(due_at=datetime.now(UTC))))
    await office.work()
    await settle(office)
    held = told(office, order)
    assert held is not None
    assert held["code"] == await code_of(office)


async def test_twenty_six_orders_are_two_calls_and_one_that_shopify_has_lost_holds_up_nobody(
    mailing: Office,
) -> None:
    orders = [mailing.order(customer=mailing.person()) for _ in range(26)]
    await mailing.tell()
    gone = orders[3]
    del mailing.sim.state.shops[mailing.handle].orders[gone.id]
    await settle(mailing)
    assert [told(mailing, one) is None for one in orders] == [one is gone for one in orders]
    assert mailing.calls("metafieldsSet") == 3
    assert await due(mailing) == 0


async def test_a_shop_that_does_not_want_it_marks_nothing_and_one_that_stops_keeps_its_word(
    mailing: Office, new_office: NewOffice
) -> None:
    other = await new_office()
    await other.change("coupon", enabled=True)
    await other.work()
    plain = other.order(customer=other.person())
    await other.tell()
    assert await due(other) == 0
    assert "coupon.mails" not in await settle(other)
    assert told(other, plain) is None
    before = mailing.order(customer=mailing.person())
    await mailing.tell()
    await settle(mailing)
    await mailing.change("coupon", in_mails=False)
    after = mailing.order(customer=mailing.person())
    mailing.sim.cancel(before)
    await mailing.tell()
    await settle(mailing)
    assert (told(mailing, before), told(mailing, after)) == (None, None)


async def test_without_the_permission_nothing_is_asked_the_merchant_is_told_and_all_is_caught_up(
    mailing: Office,
) -> None:
    async def alerts() -> list[object]:
        spoken, now = language("en", "sie"), datetime.now(UTC)
        said = widgets.ALL["coupon"].alerts
        assert said is not None
        return await mailing.db.read(lambda conn: list(said(conn, mailing.shop.id, spoken, now)))

    assert await alerts() == []
    await allow(mailing, "read_orders")
    order = mailing.order(customer=mailing.person())
    await mailing.tell()
    assert "coupon.mails" not in await settle(mailing)
    (missing,) = await alerts()
    assert isinstance(missing, widgets.Missing)
    assert missing.scope == "write_orders"
    await allow(mailing)
    assert "coupon.mails" in await settle(mailing)
    assert told(mailing, order) is not None


async def test_what_changes_while_shopify_is_told_stays_due(mailing: Office) -> None:
    order = mailing.order(customer=mailing.person())
    await mailing.tell()
    mark = select(coupon.c.order_ref, coupon.c.mail_due).where(coupon.c.mail_due.is_not(None))
    (seen,) = await mailing.db.read(lambda conn: conn.execute(mark).all())
    mailing.sim.cancel(order)
    await mailing.tell()
    stale = mails.Told(seen.order_ref, order.id, seen.mail_due, "", '{"code":"OLD"}')
    await mailing.db.write(lambda conn: mails.settle(conn, [stale], set()))
    assert await due(mailing) == 1
    await settle(mailing)
    assert told(mailing, order) is None


async def test_an_erased_persons_code_is_deleted_at_shopify_and_leaves_no_trace_here(mailing: Office) -> None:
    anna, bert = (mailing.person() for _ in range(2))
    orders = [mailing.order(customer=one) for one in (anna, bert)]
    await mailing.tell()
    await settle(mailing)
    found = await mailing.db.read(
        lambda conn: widgets.export(conn, mailing.shop, anna.id, language("en", "sie"))
    )
    (copy,) = [one for one in found["data"] if one["recipients"] == ["Shopify, which sends the shop's mails"]]
    assert [one["order"] for one in copy["records"]] == [str(orders[0].id)]
    now, keyring, shop = datetime.now(UTC), mailing.runtime.keyring, mailing.shop
    await mailing.db.write(lambda conn: erasure.erase_customer(conn, keyring, shop, anna.id, (), now))
    assert await mailing.db.read(lambda conn: traces(conn, [anna.id, orders[0].id])) == []
    await mailing.db.write(lambda conn: conn.execute(update(task).values(due_at=now)))
    assert "coupon.recall" in await mailing.work()
    assert told(mailing, orders[0]) is None
    assert told(mailing, orders[1]) is not None
