"""The monthly cap: a hard limit on face value, whoever issues, and what it leaves."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from plugin import settings
from plugin.core.order_book import order
from plugin.language import language
from plugin.settings import ShopSettings
from tests.integration.coupon.stage import LOCALES, Stage
from widgets.base import Subject
from widgets.coupon.alerts import alerts
from widgets.coupon.preparing import on_shop_change
from widgets.coupon.privacy import erase
from widgets.coupon.tables import coupon, coupon_budget

FIVE = {"kind": "amount", "value": 500, "minimum_subtotal": 3000}


@pytest.fixture
async def capped(stage: Stage) -> Stage:
    """The shop gives three coupons of 5 EUR in a month."""
    await stage.set(**FIVE, monthly_cap=1500)
    await stage.fill(300)
    return stage


async def issued(stage: Stage) -> tuple[str, int]:
    ((month, amount),) = await stage.rows(coupon_budget, "month", "issued")
    return month, amount


async def told(stage: Stage, locale: str = "en") -> list[str]:
    spoken = language(locale, "sie", folder=LOCALES)
    return await stage.db.read(
        lambda conn: [str(one) for one in alerts(conn, stage.shop.id, spoken, stage.now)]
    )


async def test_what_would_pass_the_cap_is_refused_and_the_merchant_is_told(capped: Stage) -> None:
    for id in (1, 2, 3):
        await capped.order(id)
    assert await told(capped) == []
    await capped.order(4)
    assert await capped.states([1, 2, 3, 4]) == ["ready", "ready", "ready", "none"]
    assert (await capped.seen(4)).text == "Die Gutscheine dieses Monats sind alle vergeben."
    assert await issued(capped) == ("2026-11", 1500)
    assert await told(capped) == [
        "This month's coupons are given out: €15 of €15. The next ones come on 1 December."
    ]
    assert await capped.breaches() == []


async def test_one_batch_cannot_pass_it_either(capped: Stage) -> None:
    await capped.tell(*(capped.arrival(id) for id in range(1, 11)))
    assert (await capped.states(range(1, 11))).count("ready") == 3
    assert await issued(capped) == ("2026-11", 1500)


async def test_four_workers_cannot_pass_it_together(capped: Stage) -> None:
    """Forty batches, four at a time, of one order each: the month's row is locked until each has committed."""
    await capped.set(monthly_cap=7 * 500)
    turns = asyncio.Semaphore(4)

    async def work(number: int) -> None:
        async with turns:
            await capped.tell(capped.arrival(number))

    await asyncio.gather(*(work(number) for number in range(1, 41)))
    assert (await capped.states(range(1, 41))).count("ready") == 7
    assert await issued(capped) == ("2026-11", 3500)
    assert await capped.breaches() == []


async def test_the_next_month_by_the_shops_clock_begins_anew(capped: Stage) -> None:
    capped.now = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    await capped.tell(*(capped.arrival(id) for id in (1, 2, 3, 4)))
    capped.pass_time(hours=1)
    assert await told(capped) == []
    await capped.order(5)
    assert await capped.states([4, 5]) == ["none", "ready"]
    assert await issued(capped) == ("2026-12", 500)
    assert await capped.breaches() == []


async def test_an_undone_order_gives_back_unless_its_coupon_was_used(capped: Stage) -> None:
    await capped.tell(*(capped.arrival(id) for id in (1, 2, 3)))
    await capped.order(9, codes=(await capped.code(2),), source="pos")
    capped.pass_time(hours=1)
    await capped.order(2, status="refunded")
    assert await issued(capped) == ("2026-11", 1500)
    await capped.order(4)
    await capped.order(1, status="refunded")
    assert await issued(capped) == ("2026-11", 1000)
    assert await told(capped) == []
    await capped.order(5)
    assert await capped.states([1, 2, 3, 4, 5]) == ["void", "redeemed", "ready", "none", "ready"]
    assert await capped.breaches() == []


async def test_what_was_promised_comes_back_although_the_month_is_full(capped: Stage) -> None:
    await capped.tell(*(capped.arrival(id) for id in (1, 2, 3)))
    capped.pass_time(hours=1)
    await capped.order(1, status="voided")
    await capped.order(4)
    capped.pass_time(hours=1)
    await capped.order(1)
    assert await capped.states([1, 4]) == ["ready", "ready"]
    assert await issued(capped) == ("2026-11", 2000)
    await capped.order(5)
    assert await capped.states([5]) == ["none"]
    assert await capped.breaches() == []


async def test_a_late_use_of_a_void_coupon_counts(capped: Stage) -> None:
    await capped.order(1)
    code = await capped.code(1)
    capped.pass_time(hours=1)
    await capped.order(1, status="refunded")
    assert await issued(capped) == ("2026-11", 0)
    await capped.order(2, codes=(code,), source="pos")
    assert await issued(capped) == ("2026-11", 500)
    assert await capped.breaches() == []


async def test_an_order_that_was_undone_before_it_was_known_takes_nothing(capped: Stage) -> None:
    await capped.order(1, cancelled_at=capped.now)
    assert await issued(capped) == ("2026-11", 0)
    capped.pass_time(hours=1)
    await capped.order(1)
    assert await issued(capped) == ("2026-11", 500)
    assert await capped.breaches() == []


async def test_a_share_counts_as_that_of_a_mean_order_of_ninety_days(stage: Stage) -> None:
    await stage.tell(stage.arrival(1, subtotal=10_000), stage.arrival(2, subtotal=20_001))
    await stage.order(3, subtotal=0, lines=())
    await stage.tell(stage.arrival(4, processed_at=datetime(2026, 8, 1, tzinfo=UTC), subtotal=90_000))
    stage.pass_time(hours=1)
    await stage.set(monthly_cap=10**9)
    assert await issued(stage) == ("2026-11", 2 * 1500), "10 % of 150.005, to the nearest cent"
    await stage.order(5, subtotal=99_999)
    assert (await issued(stage))[1] == 3 * 1500, "the order itself is not of the past"
    stage.pass_time(hours=1)
    await stage.order(6)
    assert (await issued(stage))[1] == 3 * 1500 + 4333
    assert await stage.breaches() == []


@pytest.mark.parametrize(("currency", "face"), [("EUR", 500), ("JPY", 5), ("KWD", 5000)])
async def test_without_any_order_a_share_counts_as_that_of_fifty(
    stage: Stage, currency: str, face: int
) -> None:
    await stage.db.write(
        lambda conn: settings.change(
            conn, stage.shop.id, ShopSettings, {"currency": currency}, stage.now, hooks=[on_shop_change]
        )
    )
    await stage.set(monthly_cap=10**9)
    await stage.order(1, currency=currency)
    assert (await issued(stage))[1] == face


async def test_without_any_order_a_share_counts_as_that_of_the_minimum(stage: Stage) -> None:
    await stage.set(monthly_cap=10**9, minimum_subtotal=2000)
    await stage.order(1)
    assert (await issued(stage))[1] == 200


async def test_a_cap_that_is_switched_on_counts_what_the_month_has_issued(stage: Stage) -> None:
    await stage.set(**FIVE)
    await stage.fill(300)
    stage.now = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)  # 23:00 in Berlin
    await stage.order(1)
    stage.now = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
    await stage.tell(*(stage.arrival(id) for id in (2, 3, 4)))
    await stage.order(5, source="pos")
    stage.pass_time(hours=1)
    await stage.order(2, status="refunded")
    await stage.set(monthly_cap=1500)
    assert await issued(stage) == ("2026-11", 1000)
    await stage.tell(*(stage.arrival(id) for id in (6, 7)))
    assert await stage.states([6, 7]) == ["ready", "none"]
    assert await stage.breaches() == []


async def test_raised_it_goes_on_and_switched_off_it_limits_nothing(capped: Stage) -> None:
    await capped.tell(*(capped.arrival(id) for id in (1, 2, 3, 4)))
    await capped.set(monthly_cap=2000)
    assert await told(capped) == []
    await capped.tell(*(capped.arrival(id) for id in (5, 6)))
    assert await capped.states([4, 5, 6]) == ["none", "ready", "none"]
    await capped.set(monthly_cap=0)
    await capped.order(7)
    assert await capped.states([7]) == ["ready"]
    assert await told(capped) == []
    await capped.set(monthly_cap=3000)
    assert await issued(capped) == ("2026-11", 2500)
    assert await capped.breaches() == []


async def test_an_erased_persons_coupons_stay_counted(capped: Stage) -> None:
    await capped.tell(*(capped.arrival(id) for id in (1, 2, 3)))
    refs = await capped.db.read(
        lambda conn: tuple(conn.execute(select(order.c.id).where(order.c.order_id.in_((1, 2)))).scalars())
    )
    await capped.db.write(lambda conn: erase(conn, Subject(capped.shop.id, (), refs), capped.now))
    assert await issued(capped) == ("2026-11", 1500)
    assert await capped.breaches() == []
    await capped.order(4)
    assert await capped.states([4]) == ["none"]


async def test_a_stamp_cards_coupon_counts_for_what_it_is_worth(capped: Stage) -> None:
    await capped.set(stamp_every=2, stamp_kind="amount", stamp_value=1200, stamp_minimum=3000)
    await capped.fill(10)
    await capped.order(1, customer_id=7)
    assert await issued(capped) == ("2026-11", 0)
    await capped.answer(7, 2)
    assert await capped.states([1]) == ["ready"]
    assert await issued(capped) == ("2026-11", 1200)
    await capped.order(2, customer_id=8)
    await capped.answer(8, 1)
    assert await capped.states([2]) == ["none"]
    assert await capped.breaches() == []


def season(id: str, value: int, priority: int = 50, **more: object) -> dict[str, object]:
    """A campaign with a fixed amount."""
    fixed = {"kind": "amount", "value": value, "minimum_subtotal": 3000}
    return {"id": id, "title": id, "priority": priority, **fixed, **more}


async def test_what_is_too_dear_for_the_month_leaves_the_order_a_cheaper_coupon(capped: Stage) -> None:
    dear, small = season("dear", 1200), season("small", 200, priority=1)
    await capped.set(campaigns=[dear, small])
    await capped.fill(10)
    assert await told(capped) == []
    for id in (1, 2, 3):
        await capped.order(id)
        capped.pass_time(minutes=1)
    seen = [(await capped.seen(id, "en")).value_text for id in (1, 2, 3)]
    assert seen == ["€12", "€2", None]
    assert await issued(capped) == ("2026-11", 1400)
    assert await told(capped) == [
        "This month's coupons are given out: €14 of €15. The next ones come on 1 December."
    ]
    assert await capped.breaches() == []


async def test_while_a_cheaper_coupon_fits_only_the_dear_ones_are_said_to_be_given_out(capped: Stage) -> None:
    later = season("later", 2000, 99, starts_on="2026-11-28")
    await capped.set(campaigns=[season("dear", 1200), later], monthly_cap=2300)
    await capped.fill(10)
    partly = (
        "This month's most valuable coupons are given out: €17 of €23. Others still are;"
        " all of them again from 1 December on."
    )
    said = []
    for id in (1, 2, 3):
        await capped.order(id)
        said.append(await told(capped))
    assert [(await capped.seen(id, "en")).value_text for id in (1, 2, 3)] == ["€12", "€5", "€5"]
    assert said == [
        [],
        [partly],
        ["This month's coupons are given out: €22 of €23. The next ones come on 1 December."],
    ]


async def test_a_doubtful_order_gets_what_still_fits_when_the_answer_comes(capped: Stage) -> None:
    await capped.set(campaigns=[season("vip", 1200, first_order_only=True)])
    await capped.fill(10)
    await capped.order(1, customer_id=7)
    await capped.order(2)
    await capped.answer(7, 1)
    assert [(await capped.seen(id, "en")).value_text for id in (1, 2)] == ["€5", "€5"]
    assert await issued(capped) == ("2026-11", 1000)
    assert await capped.breaches() == []


@pytest.mark.parametrize("wrong", [{"issued": 1}, {"erased": 1}])
async def test_a_month_that_is_miscounted_is_noticed(capped: Stage, wrong: dict[str, int]) -> None:
    await capped.order(1)
    await capped.db.write(lambda conn: conn.execute(update(coupon_budget).values(**wrong)))
    assert any("miscounted" in text for text in await capped.breaches())


async def test_a_coupon_that_counts_for_no_reason_is_noticed(capped: Stage) -> None:
    await capped.order(1)
    await capped.db.write(lambda conn: conn.execute(update(coupon).values(counted=False)))
    assert any("does not count" in text for text in await capped.breaches())
