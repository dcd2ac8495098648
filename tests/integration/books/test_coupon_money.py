"""Coupons in any currency, from the webhook to what Shopify is told: a shop's own, and the one it changes to."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.integration.books.office import NewOffice, Office
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon, coupon_budget


async def shop_in(new_office: NewOffice, currency: str) -> Office:
    """A shop of that currency, which gives two coupons of 500 minor units in a month and shows them in mails."""
    five = {"kind": "amount", "value": 500, "minimum_subtotal": 3000, "monthly_cap": 1000, "in_mails": True}
    office = await new_office(CouponSettings.model_validate(five))
    office.sim.grant_scopes((*office.sim.state.config.scopes, "write_orders"), shop=office.handle)
    office.sim.update_shop(office.handle, currency=currency)
    await work(office)
    return office


async def work(office: Office) -> None:
    """Let all arrive and be done."""
    await office.tell()
    await office.work()
    await office.tick("coupon.mails")
    await office.work()


def buy(office: Office, price: str) -> Any:
    """Have a German buy a moment from now: Shopify's stamps have whole seconds, and a rule begins with its commit."""
    soon = datetime.now(UTC) + timedelta(seconds=2)
    return office.order(price, customer=office.person(), locale="de-DE", at=soon)


def told(office: Office, order: Any) -> str | None:
    """The value in the order's metafield."""
    place = (order.gid, f"app--{office.sim.state.app_id}", "coupon")
    held = office.sim.state.shops[office.handle].metafields.get(place)
    return None if held is None else str(json.loads(held.value)["value"])


async def outcome(office: Office) -> list[tuple[str | None, int | None]]:
    """Of each order, oldest first: why there is no coupon, and what it counts for."""
    rows = select(coupon.c.refusal, coupon.c.face).order_by(coupon.c.order_ref)
    return await office.db.read(lambda conn: [(row[0], row[1]) for row in conn.execute(rows)])


@pytest.mark.parametrize(
    ("currency", "price", "amount", "shown"),
    [("JPY", "5000", "500", "500\xa0¥"), ("KWD", "5.000", "0.5", "0,500\xa0KWD")],
)
async def test_a_currency_without_minor_units_and_one_of_three_places(
    new_office: NewOffice, currency: str, price: str, amount: str, shown: str
) -> None:
    office = await shop_in(new_office, currency)
    orders = [buy(office, price) for _ in range(3)]
    await work(office)
    assert Counter(told(office, one) for one in orders) == {shown: 2, None: 1}
    assert Counter(await outcome(office)) == {(None, 500): 2, ("cap", None): 1}
    made = list(office.sim.state.shops[office.handle].discounts.values())
    grants = [one.input["customerGets"]["value"]["discountAmount"]["amount"] for one in made]
    assert Decimal(amount) in [Decimal(one) for one in grants]


async def test_a_shop_that_changes_its_currency_keeps_its_promises(new_office: NewOffice) -> None:
    office = await shop_in(new_office, "EUR")
    before = [buy(office, "49.90") for _ in range(2)]
    await work(office)
    office.sim.update_shop(office.handle, currency="JPY")
    await work(office)
    after = buy(office, "5000")
    await work(office)
    assert [told(office, one) for one in (*before, after)] == ["5\xa0€", "5\xa0€", "500\xa0¥"]
    issued = select(coupon_budget.c.issued)
    assert await office.db.read(lambda conn: conn.execute(issued).scalars().all()) == [500]
    assert await outcome(office) == [(None, None), (None, None), (None, 500)]
