"""The effective rate is exact, that of the most favourable offer, and says when it cannot be told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import widgets
from plugin.language import language
from plugin.settings import ShopSettings
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.notes import effective_rate, notes
from widgets.loyalty.settings import LoyaltySettings

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
SHOP = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01")
UNTOLD = "What comes back can be told once a reward grants a fixed amount."


def reward(cost: int, value: Any, kind: Any = "amount", **changes: Any) -> Reward:
    return Reward(id=f"r{cost}", title=f"For {cost}", cost=cost, kind=kind, value=value, **changes)


def said(*rewards: Reward, rate: str = "1", currency: str = "EUR", locale: str = "en") -> dict[str, str]:
    settings = LoyaltySettings(points_per_unit=Decimal(rate), rewards=rewards)
    spoken = language(locale, "sie", folder=widgets.ALL["loyalty"].locales)
    return dict(notes(settings, SHOP.model_copy(update={"currency": currency}), spoken, NOW))


def test_the_rate_is_the_amount_for_a_point_times_the_points_for_a_unit() -> None:
    found = said(reward(250, 500), reward(100, 320), rate="1")
    assert found["rewards[0].cost"] == "= 2% back"
    assert found["rewards[1].cost"] == "= 3.2% back"
    assert found["points_per_unit"] == "= 3.2% back, with “For 100”"
    assert (
        said(reward(250, 500), rate="1.5", locale="de")["points_per_unit"]
        == "= 3\N{NO-BREAK SPACE}% zurück, mit „For 250“"
    )


@pytest.mark.parametrize(("currency", "percent"), [("EUR", "5%"), ("JPY", "500%"), ("KWD", "0.5%")])
def test_the_rate_counts_by_the_currencys_places(currency: str, percent: str) -> None:
    assert said(reward(100, 500), currency=currency)["rewards[0].cost"] == f"= {percent} back"


def test_what_cannot_be_written_exactly_is_said_to_be_about_that() -> None:
    assert said(reward(300, 1000))["rewards[0].cost"] == "about 3.33% back"
    assert said(reward(10**7, 1))["rewards[0].cost"] == "about 0% back"


def test_without_a_fixed_amount_on_offer_it_says_so() -> None:
    over = reward(100, 500, ends_on=date(2026, 11, 22))
    for rewards in ((), (reward(100, 10, "percentage"), reward(90, None, "free_shipping")), (over,)):
        assert said(*rewards)["points_per_unit"] == UNTOLD
    assert said(over)["rewards[0].cost"] == "= 5% back"


def test_the_last_day_is_by_the_shops_clock() -> None:
    assert said(reward(100, 500, ends_on=date(2026, 11, 23)))["points_per_unit"].startswith("= 5%")


def test_no_points_give_nothing_back() -> None:
    assert said(reward(100, 500), rate="0")["points_per_unit"] == "= 0% back, with “For 100”"


@given(
    st.decimals(0, 1000, places=3),
    st.integers(1, 10**7),
    st.integers(1, 10**12),
    st.sampled_from(["EUR", "JPY"]),
)
def test_a_customer_who_collects_the_cost_exactly_gets_the_share_back(
    rate: Decimal, cost: int, value: int, currency: str
) -> None:
    share = effective_rate(rate, reward(cost, value), currency)
    places = 100 if currency == "EUR" else 1
    assert share is not None
    assert share * cost * places == Fraction(rate) * value
