"""What a visitor is told before an order, at a moment of the test's own."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shops import Shop
from widgets import ALL, Context, Surface
from widgets.delivery import planning, quote
from widgets.delivery.learned import ENOUGH
from widgets.delivery.settings import DeliverySettings

LANE = {"countries": ["DE"], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sat"}
SETTINGS = DeliverySettings.model_validate({"lanes": [LANE]})


def context(moment: str, tone: str = "sie", **params: str) -> Context:
    """Somebody on a product's page."""
    installed = datetime(2026, 1, 1, tzinfo=UTC)
    domain = "a.myshopify.com"
    return Context(
        shop=Shop(1, "a", domain, "A", True, False, "a.example", "DE", installed, False, b""),
        settings=ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01"),
        language=language("de", tone, folder=ALL["delivery"].locales),
        surface=Surface.PRODUCT,
        now=datetime.fromisoformat(moment),
        params=params,
    )


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-23T09:00+01:00", "Mit DHL, wenn Sie heute bis 14:00 Uhr bestellen."),
        ("2026-11-23T14:00:01+01:00", "Mit DHL, wenn Sie bis morgen, 14:00 Uhr, bestellen."),
        ("2026-11-27T15:00+01:00", "Mit DHL, wenn Sie bis Mo., 30. November, 14:00 Uhr, bestellen."),
        ("2026-12-31T15:00+01:00", "Mit DHL, wenn Sie bis Mo., 4. Januar 2027, 14:00 Uhr, bestellen."),
    ],
)
def test_until_when_to_order_is_a_time_that_stands_still(moment: str, said: str) -> None:
    found = quote.quote(context(moment), SETTINGS)
    assert found is not None
    assert found.text == said


def test_the_day_changes_in_the_shops_zone_and_not_in_utc() -> None:
    before, after = (
        quote.quote(context(moment), SETTINGS)
        for moment in ("2026-11-23T22:59+00:00", "2026-11-23T23:00+00:00")
    )
    assert before is not None
    assert after is not None
    assert before.text == "Mit DHL, wenn Sie bis morgen, 14:00 Uhr, bestellen."
    assert after.text == "Mit DHL, wenn Sie heute bis 14:00 Uhr bestellen."
    assert before.latest == after.latest


@pytest.mark.parametrize(
    ("chance", "events", "note", "whole"),
    [
        (None, 0, None, None),
        (0.93, ENOUGH - 1, None, None),
        (0.93, ENOUGH, "9 von 10 solchen Paketen sind bis Donnerstag da.", 93),
        (0.05, 500, None, 5),
    ],
)
def test_a_share_is_told_only_of_enough_parcels(
    monkeypatch: pytest.MonkeyPatch, chance: float | None, events: int, note: str | None, whole: int | None
) -> None:
    def learned(*known: object) -> planning.Plan | None:
        found = planning.plan(*known)  # type: ignore[arg-type]
        return found and replace(found, chance=chance, events=events)

    monkeypatch.setattr(quote, "plan", learned)
    found = quote.quote(context("2026-11-23T09:00+01:00"), SETTINGS)
    assert found is not None
    assert (found.note, found.chance) == (note, whole)


def test_du_is_spoken_to_as_du() -> None:
    found = quote.quote(context("2026-11-23T09:00+01:00", tone="du"), SETTINGS)
    assert found is not None
    assert found.title == "Bei dir: Mi., 25. bis Do., 26. November"
    assert found.text == "Mit DHL, wenn du heute bis 14:00 Uhr bestellst."


@pytest.mark.parametrize(
    ("typed", "latest", "shown"),
    [("", 2, ""), ("20095", 1, "20095"), ("50667", 2, "50667"), ("01945", 2, "01945"), ("2009", 2, "")],
)
def test_a_postal_code_says_which_holidays_count(typed: str, latest: int, shown: str) -> None:
    """The second carrier day after a Friday is 1 November 2027, a Monday: All Saints, but none in Hamburg."""
    settings = SETTINGS.model_copy(update={"handling_days": (0, 0), "origin": "DE-HH"})
    found = quote.quote(context("2027-10-29T10:00+02:00", zip=typed, country="DE"), settings)
    assert found is not None
    assert found.latest == date(2027, 11, latest)
    assert found.postal is not None
    assert found.postal.value == shown
