"""The code that waits: a signed-in customer's own, unused and not past its date, on pages about no order."""

import re
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, text

from plugin.core import accounts, privacy
from plugin.core.accounts import account
from plugin.core.order_book import order
from tests.integration.coupon.stage import Stage, install
from widgets.base import Subject, Surface
from widgets.coupon.privacy import erase
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import GIVEN, coupon, coupon_code, coupon_node

ANNA, BEN, KEPT = 7_001, 7_002, 7_003


async def code_of(stage: Stage, customer: int | None, **asked: Any) -> str | None:
    """The code of which somebody is reminded."""
    seen = await stage.page_without_order(customer, **asked)
    return None if seen is None else seen.code


@pytest.mark.parametrize(
    ("locale", "tone", "title", "text", "note"),
    [
        (
            "de",
            "sie",
            "Ihr Code wartet.",
            "10\xa0% auf Ihre nächste Bestellung.",
            "Gültig bis 21. Dezember 2026, ab 30\xa0€.",
        ),
        (
            "de-AT",
            "du",
            "Dein Code wartet.",
            "10\xa0% auf deine nächste Bestellung.",
            "Gültig bis 21. Dezember 2026, ab 30\xa0€.",
        ),
        (
            "fr",
            "du",
            "Your code is waiting.",
            "10% off your next order.",
            "Valid until 21 December 2026, from €30.",
        ),
    ],
)
async def test_it_says_what_it_is_worth_until_when_and_from_which_value_on(
    stage: Stage, locale: str, tone: str, title: str, text: str, note: str
) -> None:
    await stage.set(minimum_subtotal=3000)
    await stage.fill(1)
    await stage.order(1, customer_id=ANNA)
    seen = await stage.page_without_order(ANNA, locale=locale, tone=tone)
    assert seen is not None
    assert (seen.state, seen.title, seen.text, seen.note) == ("ready", title, text, note)
    assert seen.code == await stage.code(1)
    assert seen.expires_on == date(2026, 12, 21)
    assert "%(" not in " ".join(str(part) for part in asdict(seen).values())


async def test_in_the_shop_the_link_stays_on_its_domain_and_elsewhere_it_names_it(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    path = f"/discount/{await stage.code(1)}?redirect=/"
    in_shop, in_account = (
        await stage.page_without_order(ANNA),
        await stage.page_without_order(ANNA, surface=Surface.ACCOUNT),
    )
    assert in_shop is not None
    assert in_shop.apply_url == path
    assert in_account is not None
    assert in_account.apply_url == f"https://example.myshopify.com{path}"


async def test_nobody_is_reminded_of_what_is_not_theirs(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.now, CouponSettings()))
    await stage.order(1, customer_id=ANNA)
    await stage.order(2)
    assert await stage.page_without_order(None) is None
    assert await stage.page_without_order(BEN) is None
    assert await stage.page_without_order(ANNA, shop=other) is None
    assert await code_of(stage, ANNA) == await stage.code(1)


async def test_the_one_that_ends_first_comes_first_and_used_it_makes_way(stage: Stage) -> None:
    await stage.set(kind="amount", value=5000, minimum_subtotal=6000, valid_days=60)
    await stage.fill(1)
    await stage.order(1, customer_id=ANNA, subtotal=9900)
    await stage.set(kind="percentage", value=10, minimum_subtotal=0, valid_days=30)
    stage.pass_time(days=2)
    await stage.order(2, customer_id=ANNA)
    first, second = await stage.code(2), await stage.code(1)
    assert await code_of(stage, ANNA) == first
    await stage.order(3, customer_id=BEN, codes=(first.lower(),))
    assert await code_of(stage, ANNA) == second
    await stage.order(4, customer_id=ANNA, codes=(second,))
    assert await code_of(stage, ANNA) == await stage.code(4)


async def test_of_two_that_end_together_the_older_one_comes_first(stage: Stage) -> None:
    await stage.tell(*(stage.arrival(id, customer_id=ANNA) for id in (5, 4)))
    assert await code_of(stage, ANNA) == await stage.code(4)


async def test_an_undone_order_takes_its_reminder_along_and_brings_it_back(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    stage.pass_time(hours=1)
    await stage.order(1, customer_id=ANNA, status="refunded")
    assert await stage.page_without_order(ANNA) is None
    stage.pass_time(hours=1)
    await stage.order(1, customer_id=ANNA, status="paid")
    assert await code_of(stage, ANNA) == await stage.code(1)


async def test_its_last_day_is_the_shops(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    stage.now = stage.now.replace(day=21, month=12, hour=22, minute=59)
    assert await stage.page_without_order(ANNA) is not None
    stage.pass_time(minutes=1)
    assert await stage.page_without_order(ANNA) is None, "midnight in Berlin"


async def test_a_code_that_is_still_to_be_made_reminds_nobody(stage: Stage) -> None:
    await stage.set(value=33)
    await stage.order(1, customer_id=ANNA)
    assert await stage.states([1]) == ["pending"]
    assert await stage.page_without_order(ANNA) is None


async def test_switched_off_what_was_given_is_still_remembered(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    await stage.set(enabled=False)
    await stage.order(2, customer_id=ANNA)
    assert await code_of(stage, ANNA) == await stage.code(1)


async def test_merged_customers_are_one_person(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    assert await stage.page_without_order(KEPT) is None
    await stage.db.write(lambda conn: accounts.merge(conn, stage.shop.id, ANNA, KEPT))
    await stage.db.write(lambda conn: accounts.merge(conn, stage.shop.id, KEPT, BEN))
    assert {await code_of(stage, customer) for customer in (ANNA, KEPT, BEN)} == {await stage.code(1)}


async def test_an_order_that_became_somebody_elses_reminds_them_instead(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    stage.pass_time(hours=1)
    await stage.order(1, customer_id=BEN)
    assert await stage.page_without_order(ANNA) is None
    assert await code_of(stage, BEN) == await stage.code(1)


async def test_a_forgotten_customer_is_reminded_of_nothing(stage: Stage) -> None:
    await stage.order(1, customer_id=ANNA)
    await stage.order(2, customer_id=BEN)
    await stage.db.write(lambda conn: accounts.merge(conn, stage.shop.id, ANNA, KEPT))

    def forget(conn: Connection) -> None:
        person = privacy.find(conn, stage.shop.id, KEPT)
        erase(conn, Subject(stage.shop.id, person.customer_ids, tuple(person.orders)), stage.now)
        privacy.seal(conn, person.orders)
        privacy.detach(conn, stage.shop.id, person.customer_ids)

    await stage.db.write(forget)
    assert [await stage.page_without_order(customer) for customer in (ANNA, KEPT)] == [None, None]
    assert await code_of(stage, BEN) == await stage.code(2)


@pytest.mark.parametrize("stamp_every", [0, 10])
async def test_by_index_alone_it_is_found_even_beside_a_stamp_card(stage: Stage, stamp_every: int) -> None:
    await stage.db.write(lambda conn: crowd(conn, stage, 5_000))
    await stage.set(stamp_every=stamp_every)
    sent: list[tuple[str, Any]] = []

    def remember(*about: Any) -> None:
        sent.append((about[2], about[3]))

    event.listen(Engine, "before_cursor_execute", remember)
    try:
        seen = await stage.page_without_order(ANNA + 4_321)
    finally:
        event.remove(Engine, "before_cursor_execute", remember)
    assert seen is not None
    assert seen.code == "CROWD-4321"
    of_view = [one for one in sent if "FROM setting" not in one[0]]
    assert len(of_view) == (2 if stamp_every else 1), "the budget of a fragment is two statements"
    for told in of_view:
        plan = await stage.db.read(lambda conn, told=told: explained(conn, *told))  # type: ignore[misc]
        assert any("ix_order_shop_id_customer_id" in line for line in plan)
        assert [line for line in plan if READ_THROUGH.search(line)] == []


READ_THROUGH = re.compile(
    r"SCAN (order|coupon|coupon_code|asker|member)\b|Seq Scan on \W?(order|coupon|coupon_code|account)\b"
)


def explained(conn: Connection, statement: str, parameters: Any) -> list[str]:
    """How the database finds what a statement asks for."""
    explain = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
    return [" ".join(map(str, row)) for row in conn.exec_driver_sql(f"{explain} {statement}", parameters)]


def crowd(conn: Connection, stage: Stage, people: int) -> None:
    """Give everybody of a crowd an account, an order and a code, and let the database learn how many there are."""
    numbers, shared = range(people), {"shop_id": stage.shop.id}
    node_id = conn.execute(select(coupon_node.c.id)).scalars().first()
    day = stage.now.date() + timedelta(days=9)
    first = 1_000_000
    people_of = [{"id": first + n, "root_id": first + n, "customer_id": ANNA + n} for n in numbers]
    conn.execute(insert(account), [shared | row for row in people_of])
    orders = [{"id": first + n, "order_id": first + n, "customer_id": ANNA + n} for n in numbers]
    conn.execute(insert(order), [shared | row for row in orders])
    owed = {"node_id": node_id, "expires_on": day}
    coupons = [owed | {"order_ref": first + n, "judged_at": stage.now} for n in numbers]
    conn.execute(insert(coupon), [shared | row for row in coupons])
    given = [owed | {"order_ref": first + n, "code": f"CROWD-{n}", "state": GIVEN} for n in numbers]
    conn.execute(insert(coupon_code), [shared | row for row in given])
    conn.execute(text("ANALYZE"))
