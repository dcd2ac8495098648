"""What open coupons may still cost: counted where they can be used, weighed by what became of those before."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from plugin import settings
from plugin.language import language
from plugin.settings import ShopSettings
from tests.integration.coupon.stage import LOCALES, Stage
from tests.integration.coupon.test_privacy import person
from widgets.coupon.deciding import MODELS
from widgets.coupon.exposure import AT_RISK, exposure
from widgets.coupon.jobs import expire
from widgets.coupon.privacy import erase
from widgets.coupon.risk import Past
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon_code
from widgets.reports import Fact, Reading, Sheet


async def report(stage: Stage, locale: str = "en") -> Sheet:
    def work(conn: Connection) -> Sheet:
        found = settings.versions(conn, [stage.shop.id], MODELS)
        shop = found.current(stage.shop.id, ShopSettings).value
        coupons = found.current(stage.shop.id, CouponSettings).value
        spoken = language(locale, "sie", folder=LOCALES)
        return AT_RISK.read(conn, Reading(stage.shop.id, coupons, found, shop, spoken, stage.now))

    return await stage.db.read(work)


async def open_now(stage: Stage) -> tuple[int, int]:
    """How many coupons are open, and their face value."""

    def work(conn: Connection) -> tuple[int, int]:
        shop = settings.current(conn, stage.shop.id, ShopSettings)
        found = exposure(conn, stage.shop.id, shop, None, stage.now)
        return found.codes, found.face

    return await stage.db.read(work)


async def past(stage: Stage) -> Past:
    shop = await stage.db.read(lambda conn: settings.current(conn, stage.shop.id, ShopSettings))
    found = await stage.db.read(lambda conn: exposure(conn, stage.shop.id, shop, None, stage.now))
    return found.past


async def give(stage: Stage, *order_ids: int, **changes: Any) -> None:
    await stage.tell(*(stage.arrival(id, **changes) for id in order_ids))
    stage.pass_time(minutes=1)


async def end(stage: Stage, *, days: int = 31) -> None:
    """Let the days pass and the night's work be done."""
    stage.pass_time(days=days)
    await stage.db.write(lambda conn: expire(conn, None, stage.now))


async def test_what_can_be_used_is_open_at_the_mean_orders_share(stage: Stage) -> None:
    await give(stage, 1, 2, 3)  # 10 % of 49.90 each
    assert await open_now(stage) == (3, 3 * 499)
    await stage.order(4, codes=(await stage.code(1),), source="pos")
    assert await open_now(stage) == (2, 2 * 499)
    stage.pass_time(hours=1)
    await stage.order(2, status="refunded")
    assert (await open_now(stage))[0] == 1
    subject = await person(stage, 3)
    await stage.db.write(lambda conn: erase(conn, subject, stage.now))
    assert (await open_now(stage))[0] == 1  # whoever keeps the code may use it


async def test_a_fixed_amount_is_worth_itself_and_ends_with_its_day(stage: Stage) -> None:
    await stage.set(kind="amount", value=500, minimum_subtotal=2000)
    await stage.fill(10)
    await give(stage, 1, 2)
    assert await open_now(stage) == (2, 1000)
    stage.pass_time(days=31)
    assert await open_now(stage) == (0, 0)


async def test_only_coupons_whose_day_has_passed_tell_the_share(stage: Stage) -> None:
    await give(stage, 1, 2, 3, 4)
    await stage.order(5, codes=(await stage.code(1),), source="pos")
    assert await past(stage) == Past(0, 0)  # the quickest to be used say nothing yet
    await end(stage)
    assert await past(stage) == Past(1, 4)
    stage.pass_time(days=340)
    assert await past(stage) == Past(0, 0)


async def test_with_too_few_ended_the_whole_face_is_shown_and_why(stage: Stage) -> None:
    assert (await report(stage)).facts[1].note.startswith("No coupon has passed its date yet.")
    await give(stage, 1, 2)
    await end(stage)
    await give(stage, 3)
    found = await report(stage)
    assert found.facts[:2] == (
        Fact("Given and not used yet", "1"),
        Fact(
            "They take off at most",
            "€4.99",
            "Only 2 coupons have passed their date so far."
            " That is all of it, to be safe; from 30 on, the share that was used counts.",
        ),
    )
    assert not found.notes


async def test_with_enough_the_share_weighs_the_face_and_its_range_is_told(stage: Stage) -> None:
    await give(stage, *range(1, 101))
    for number in range(10):
        await stage.order(200 + number, codes=(await stage.code(1 + number),), source="pos")
    await end(stage)
    await stage.set(kind="amount", value=500, minimum_subtotal=2000)
    await stage.fill(100)
    await give(stage, *range(301, 321))
    found = await report(stage)
    assert found.facts[0] == Fact("Given and not used yet", "20", "Worth €100 if every one is used.")
    assert found.facts[1] == Fact(
        "They will probably take off",
        "€10",
        "Between €5.52 and €17.44: of the 100 coupons of the last twelve months whose date has passed, 10 were used.",
    )


async def test_the_cap_stands_beside_it_with_what_the_month_gave(stage: Stage) -> None:
    assert (await report(stage)).facts[2].text == "none"
    await stage.set(monthly_cap=10_000)
    await give(stage, 1, 2)
    cap = (await report(stage)).facts[2]
    assert (cap.title, cap.text) == ("Given this month", "€10")
    assert cap.note.startswith("Of at most €100: face value")


@pytest.mark.parametrize(("currency", "face"), [("JPY", "JP¥499"), ("KWD", "KWD0.499")])
async def test_amounts_have_the_places_of_the_currency_and_old_ones_are_told_apart(
    stage: Stage, currency: str, face: str
) -> None:
    await give(stage, 1)
    stage.pass_time(hours=1)
    await stage.db.write(
        lambda conn: settings.change(conn, stage.shop.id, ShopSettings, {"currency": currency}, stage.now)
    )
    await stage.fill(5)
    stage.pass_time(hours=1)
    await give(stage, 2, currency=currency)
    found = await report(stage)
    assert found.facts[0].text == "1"
    assert found.facts[1].text.replace("\N{NO-BREAK SPACE}", "") == face
    assert found.notes == (
        "1 more open coupon is in the currency the shop had before, and is not counted here.",
    )


async def test_another_shops_coupons_are_not_counted(stage: Stage) -> None:
    await give(stage, 1)
    move = update(coupon_code).values(assigned_at=stage.now - timedelta(days=1))
    await stage.db.write(lambda conn: conn.execute(move))
    shop = await stage.db.read(lambda conn: settings.current(conn, stage.shop.id, ShopSettings))
    other = await stage.db.read(lambda conn: exposure(conn, stage.shop.id + 1, shop, None, stage.now))
    assert (other.codes, other.face, other.past) == (0, 0, Past(0, 0))
