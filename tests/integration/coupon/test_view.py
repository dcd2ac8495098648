"""What an order's page reads, in three voices and in every state."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest

from tests.integration.coupon.stage import Stage
from widgets.coupon.settings import CouponSettings
from widgets.coupon.view import CouponView

VOICES = [("de", "sie"), ("de", "du"), ("en", "sie")]


@pytest.mark.parametrize(
    ("locale", "tone", "title", "text", "note"),
    [
        (
            "de",
            "sie",
            "Danke, dass Sie bei uns bestellt haben.",
            "10\xa0% auf Ihre nächste Bestellung, ohne Anmeldung.",
            "Gültig bis 21. Dezember 2026. Einmal einlösbar, auch zum Verschenken.",
        ),
        (
            "de-AT",
            "du",
            "Danke, dass du bei uns bestellt hast.",
            "10\xa0% auf deine nächste Bestellung, ohne Anmeldung.",
            "Gültig bis 21. Dezember 2026. Einmal einlösbar, auch zum Verschenken.",
        ),
        (
            "fr",
            "du",
            "Thank you for your order.",
            "10% off your next order, no sign-up needed.",
            "Valid until 21 December 2026. It works once, and you may pass it on.",
        ),
    ],
)
async def test_a_ready_coupon_says_what_it_is_worth_and_until_when(
    stage: Stage, locale: str, tone: str, title: str, text: str, note: str
) -> None:
    await stage.order(1)
    seen = await stage.seen(1, locale, tone=tone)
    assert (seen.title, seen.text, seen.note) == (title, text, note)
    assert seen.expires_on == date(2026, 12, 21)
    assert seen.apply_url == f"https://example.myshopify.com/discount/{seen.code}?redirect=/"


async def test_an_amount_says_from_which_value_on(stage: Stage) -> None:
    await stage.set(kind="amount", value=500, minimum_subtotal=3000, valid_days=14)
    await stage.fill(1)
    await stage.order(1)
    seen = await stage.seen(1)
    assert seen.value_text == "5\xa0€"
    assert seen.note is not None
    assert "ab 30\xa0€" in seen.note
    assert seen.expires_on == date(2026, 12, 5)


async def states(stage: Stage) -> dict[str, int]:
    """An order in each state, by its id."""
    await stage.tell(*(stage.arrival(id) for id in (1, 2, 3, 4)))
    code = await stage.code(3)
    stage.pass_time(hours=1)
    await stage.order(2, status="refunded")
    await stage.order(4, cancelled_at=stage.now)
    await stage.order(5, codes=(code,))
    await stage.order(6, source="pos")
    await stage.set(value=33)
    await stage.order(7)
    return {"ready": 1, "refunded": 2, "redeemed": 3, "cancelled": 4, "none": 6, "pending": 7}


@pytest.mark.parametrize(("locale", "tone"), VOICES)
async def test_every_state_says_something_finished(stage: Stage, locale: str, tone: str) -> None:
    found = {name: await stage.seen(id, locale, tone=tone) for name, id in (await states(stage)).items()}
    assert [seen.state for seen in found.values()] == ["ready", "void", "redeemed", "void", "none", "pending"]
    for seen in found.values():
        assert seen.title
        assert seen.text
        assert "%(" not in " ".join(str(part) for part in asdict(seen).values())
        assert (seen.code is None) == (seen.state != "ready")
        assert (seen.apply_url is None) == (seen.state != "ready")
    assert found["refunded"].text != found["cancelled"].text
    if locale == "en":
        assert "refunded" in found["refunded"].text
        assert "cancelled" in found["cancelled"].text


async def test_switched_off_a_new_order_says_so_and_is_not_shown(stage: Stage) -> None:
    await stage.set(enabled=False)
    await stage.order(1)
    seen = await stage.seen(1)
    assert (seen.state, seen.shown) == ("none", False)
    assert seen.text == "Zurzeit gibt es keine Gutscheine."


async def test_past_its_date_the_page_says_so_and_offers_nothing(stage: Stage) -> None:
    await stage.order(1)
    stage.pass_time(days=30)
    assert (await stage.seen(1)).apply_url is not None
    stage.now += timedelta(days=1)
    seen: CouponView = await stage.seen(1)
    assert (seen.state, seen.apply_url) == ("ready", None)
    assert seen.text == "Er war bis 21. Dezember 2026 gültig."


async def test_past_its_date_nobody_waits_for_a_code_that_never_was(stage: Stage) -> None:
    await stage.set(value=20)
    await stage.order(1)
    assert (await stage.seen(1)).state == "pending"
    stage.pass_time(days=31)
    seen: CouponView = await stage.seen(1)
    assert (seen.state, seen.code) == ("none", None)
    assert seen.text == "Er war bis 21. Dezember 2026 gültig."


async def test_what_was_promised_stays_when_the_settings_change(stage: Stage) -> None:
    await stage.order(1)
    before = await stage.seen(1)
    await stage.set(kind="amount", value=700, minimum_subtotal=9000, valid_days=3)
    assert await stage.seen(1) == before
    assert CouponSettings().value == 10
