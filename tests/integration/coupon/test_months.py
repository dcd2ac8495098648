"""What coupons brought and cost: every month and campaign once, by the shop's clock, in few statements."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event, update

from plugin import settings
from plugin.core.orders import Line, Refund, RefundLine
from plugin.language import language
from plugin.settings import ShopSettings
from tests.integration.coupon.stage import LOCALES, Stage, install, mint
from tests.integration.coupon.test_privacy import person
from widgets.coupon import invariants
from widgets.coupon.deciding import MODELS
from widgets.coupon.months import MONTHLY, begins
from widgets.coupon.privacy import erase
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon_use
from widgets.reports import Reading, Sheet

SPRING = {"id": "spring", "title": "Spring", "kind": "percentage", "value": 20, "countries": ("AT",)}


async def report(stage: Stage, locale: str = "en", shop_id: int | None = None) -> Sheet:
    def work(conn: Connection) -> Sheet:
        owner = shop_id or stage.shop.id
        found = settings.versions(conn, [owner], MODELS)
        spoken = language(locale, "sie", folder=LOCALES)
        coupons, shop = found.current(owner, CouponSettings).value, found.current(owner, ShopSettings).value
        return MONTHLY.read(conn, Reading(owner, coupons, found, shop, spoken, stage.now))

    return await stage.db.read(work)


async def table(stage: Stage) -> list[list[str]]:
    """The rows as a person reads them."""
    return [[cell.text for cell in row] for row in (await report(stage)).rows]


def used(code: str, off: int, subtotal: int = 8000, **changes: Any) -> dict[str, Any]:
    """An order of two pieces that used the code, which took so much off."""
    line = Line(1, 2, 2, 2, gift_card=False, ships=True, price=(subtotal + off) // 2, allocations=((0, off),))
    own = {"codes": (code,), "applications": ((0, code),), "lines": (line,), "subtotal": subtotal}
    return {"source": "pos", **own, **changes}


async def test_a_shop_without_coupons_reads_what_will_stand_there(stage: Stage) -> None:
    found = await report(stage)
    assert (*found.rows, *found.total, *found.notes) == ()
    assert found.empty.startswith("Once an order has brought a coupon")


async def test_given_used_revenue_and_cost_of_a_month(stage: Stage) -> None:
    await stage.tell(*(stage.arrival(id) for id in (1, 2, 3)))
    await stage.order(4, **used(await stage.code(1), 800))
    await stage.order(5, **used(await stage.code(2), 100, 1000))
    found = await report(stage)
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["November 2026", "Ordinary coupon", "3", "2", "€90", "€9"]
    ]
    assert [cell.value for cell in found.rows[0][:2]] == ["2026-11", "Ordinary coupon"]
    assert found.total == ()


async def test_months_are_the_shops_and_the_newest_comes_first(stage: Stage) -> None:
    stage.now = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    await stage.order(1)
    stage.now = datetime(2026, 11, 30, 23, 1, tzinfo=UTC)  # 1 December in Berlin
    await stage.order(2)
    await stage.order(3, **used(await stage.code(1), 500))
    assert await table(stage) == [
        ["December 2026", "Ordinary coupon", "1", "1", "€80", "€5"],
        ["November 2026", "Ordinary coupon", "1", "0", "€0", "€0"],
    ]
    total = (await report(stage)).total
    assert [cell.text for cell in total] == ["All", "", "2", "1", "€80", "€5"]


async def test_each_campaign_has_a_row_under_its_newest_title_even_when_it_is_gone(stage: Stage) -> None:
    await stage.set(campaigns=(SPRING,), stamp_every=5)
    await stage.fill(20)
    await stage.order(1, country="AT")
    await stage.order(2)
    await stage.set(campaigns=({**SPRING, "title": "Easter"},))
    await stage.set(campaigns=())
    await stage.order(3, **used(await stage.code(1), 1600))
    assert await table(stage) == [
        ["November 2026", "Ordinary coupon", "1", "0", "€0", "€0"],
        ["November 2026", "Easter", "1", "1", "€80", "€16"],
    ]


async def test_what_was_given_back_later_is_neither_revenue_nor_cost(stage: Stage) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    sold = used(await stage.code(1), 800)
    await stage.order(3, **sold)
    back = Refund(77, stage.now, (RefundLine(1, 1, 4000, 0),))
    stage.pass_time(hours=1)
    await stage.order(3, **sold, status="partially_refunded", refunds=(back,))
    kept = {**sold, "lines": (Line(1, 2, 2, 1, False, True, 4400, ((0, 800),)),), "subtotal": 4000}
    stage.pass_time(hours=1)
    await stage.order(3, **kept, status="partially_refunded", refunds=(back,))
    assert await table(stage) == [["November 2026", "Ordinary coupon", "2", "1", "€40", "€4"]]
    stage.pass_time(hours=1)
    await stage.order(3, **kept, status="refunded", refunds=(back,))
    assert await table(stage) == [["November 2026", "Ordinary coupon", "2", "1", "€0", "€0"]]


async def test_coupons_that_are_refused_open_or_taken_back_were_not_given(stage: Stage) -> None:
    await stage.order(1, subtotal=0)
    await stage.order(2, cancelled_at=stage.now)
    await stage.order(3)
    code = await stage.code(3)
    await stage.order(4, **used(code, 500))
    stage.pass_time(hours=1)
    await stage.order(3, status="refunded")
    assert await table(stage) == [["November 2026", "Ordinary coupon", "1", "1", "€80", "€5"]]
    await stage.set(first_order_only=True)
    await stage.order(5, customer_id=7)
    assert await table(stage) == [["November 2026", "Ordinary coupon", "1", "1", "€80", "€5"]]


async def test_what_an_erased_customer_used_stays_summed_and_what_they_were_given_does_not(
    stage: Stage,
) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    sold = used(await stage.code(1), 800)
    await stage.order(3, **sold)
    subject = await person(stage, 1)
    await stage.db.write(lambda conn: erase(conn, subject, stage.now))
    expected = [["November 2026", "Ordinary coupon", "1", "1", "€80", "€8"]]
    assert await table(stage) == expected
    stage.pass_time(hours=1)
    await stage.order(3, **sold)
    assert await table(stage) == expected


async def test_a_shop_that_changed_its_currency_reads_each_in_its_own_and_no_false_sum(stage: Stage) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    await stage.order(3, **used(await stage.code(1), 500))
    await stage.db.write(
        lambda conn: settings.change(conn, stage.shop.id, ShopSettings, {"currency": "JPY"}, stage.now)
    )
    stage.pass_time(hours=1)
    await stage.order(4, **used(await stage.code(2), 500, currency="JPY"))
    found = await report(stage)
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["November 2026", "Ordinary coupon", "2", "1", "JP¥8,000", "JP¥500", "JPY"],
        ["November 2026", "Ordinary coupon", "0", "1", "€80", "€5", "EUR"],
    ]
    assert found.total == ()
    assert {column.unit for column in found.columns} == {""}


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "JP¥8,000"), ("KWD", "KWD8"), ("EUR", "€80")])
async def test_amounts_have_the_places_of_their_currency(stage: Stage, currency: str, shown: str) -> None:
    await stage.db.write(
        lambda conn: settings.change(conn, stage.shop.id, ShopSettings, {"currency": currency}, stage.now)
    )
    await stage.fill(5)
    stage.pass_time(hours=1)
    await stage.order(1, currency=currency)
    await stage.order(2, **used(await stage.code(1), 500, currency=currency))
    ((*_, revenue, cost),) = (await report(stage)).rows
    assert revenue.text.replace("\N{NO-BREAK SPACE}", "") == shown
    assert str(cost.value) == {"JPY": "500", "KWD": "0.500", "EUR": "5.00"}[currency]


async def test_only_this_shops_last_thirteen_months_count(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.now, CouponSettings()))
    await stage.db.write(lambda conn: mint(conn, other.id, 5, stage.now))
    await stage.tell(stage.arrival(9, other))
    assert (await report(stage)).rows == ()
    await stage.order(1)
    stage.pass_time(days=395)
    assert await table(stage) == []
    stage.now = datetime(2027, 11, 30, 12, tzinfo=UTC)
    assert await table(stage) == [["November 2026", "Ordinary coupon", "1", "0", "€0", "€0"]]


def test_months_begin_with_this_one_and_end_with_the_same_of_last_year() -> None:
    found = begins(datetime(2026, 2, 28, tzinfo=UTC).date())
    assert [f"{day:%Y-%m-%d}" for day in found[:3]] == ["2026-02-01", "2026-01-01", "2025-12-01"]
    assert f"{found[-1]:%Y-%m}" == "2025-02"


async def test_any_number_of_months_and_campaigns_takes_two_statements(stage: Stage) -> None:
    await stage.set(campaigns=(SPRING,))
    await stage.fill(20)
    for number in range(6):
        await stage.order(10 + number, country="AT" if number % 2 else "DE")
        stage.pass_time(days=31)
    seen: list[str] = []

    def work(conn: Connection) -> Sheet:
        found = settings.versions(conn, [stage.shop.id], MODELS)
        shop = found.current(stage.shop.id, ShopSettings).value
        spoken = language("en", "sie", folder=LOCALES)
        event.listen(conn, "before_cursor_execute", lambda *given: seen.append(str(given[2])))
        return MONTHLY.read(conn, Reading(stage.shop.id, CouponSettings(), found, shop, spoken, stage.now))

    assert len((await stage.db.read(work)).rows) == 6
    assert len(seen) == 2


async def test_telling_an_order_again_writes_nothing_of_its_use(stage: Stage) -> None:
    await stage.order(1)
    sold = used(await stage.code(1), 800)
    await stage.order(2, **sold)
    before = await stage.rows(coupon_use)
    for _ in range(2):
        stage.pass_time(hours=1)
        await stage.order(2, **sold)
    assert await stage.rows(coupon_use) == before
    await stage.order(2, **{**sold, "codes": (), "applications": (), "updated_at": stage.now})
    stage.pass_time(hours=1)
    await stage.order(2, **{**sold, "codes": (), "applications": ()})
    assert await stage.rows(coupon_use) == []


async def test_a_use_that_does_not_follow_its_order_is_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariants, "PORTION", 2)
    await stage.tell(*(stage.arrival(id) for id in range(1, 6)))
    codes = [await stage.code(number) for number in range(1, 6)]
    for number, code in enumerate(codes, 11):
        await stage.order(number, **used(code, 800))
    stage.pass_time(hours=1)
    await stage.order(11, **used(codes[0], 800), cancelled_at=stage.now)
    assert await stage.breaches() == []
    wrong = update(coupon_use).where(coupon_use.c.revenue > 0).values(discount=799)
    await stage.db.write(lambda conn: conn.execute(wrong))
    found = [text for text in await stage.breaches() if "does not follow its facts" in text]
    assert len(found) == 4
