"""Tiers take what makes sense, and refuse the rest with a field and a sentence."""

import json
from typing import Any

import pytest

from plugin.core.ladder import Basis
from plugin.errors import Invalid
from plugin.language import language
from plugin.setting_forms import blank_row, form
from plugin.setting_patches import patch_of
from plugin.settings import validated
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import MOST_TIERS, Tier, ladder_of

ENGLISH = language("en", "sie")
SILVER = {"id": "silver", "title": "Silber", "threshold": 100, "multiplier": "1.5"}
GOLD = {"id": "gold", "title": "Gold", "threshold": 300, "multiplier": 2, "entry_points": 50}


def listed(*tiers: Any) -> tuple[Tier, ...]:
    """The tiers as the command line makes them."""
    return validated(LoyaltySettings, LoyaltySettings(), {"tiers": json.dumps(tiers)}).tiers


def refusal(*tiers: Any, **others: str) -> tuple[str, str]:
    """Where the section is wrong, and what is said of it."""
    with pytest.raises(Invalid) as refused:
        validated(LoyaltySettings, LoyaltySettings(), {"tiers": json.dumps(tiers), **others})
    place, _, text = refused.value.message.partition(": ")
    return place, text


def test_there_are_none_at_first_and_they_look_back_a_year() -> None:
    plain = LoyaltySettings()
    assert (plain.tiers, plain.tier_basis, plain.tier_months) == ((), "points", 12)


def test_they_are_counted_as_entered() -> None:
    found = ladder_of(listed(SILVER, {**GOLD, "customer_tag": " Gold "}), "spend", 6)
    assert (found.basis, found.months) == (Basis.SPEND, 6)
    assert [(tier.threshold, tier.multiplier, tier.entry_points, tier.tag) for tier in found.tiers] == [
        (100, 1_500, 0, None),
        (300, 2_000, 50, "Gold"),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"title": " "}, "title"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": -5}, "threshold"),
        ({"threshold": 10**12 + 1}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "viel"}, "threshold"),
        ({"threshold": 100}, "threshold"),
        ({"threshold": 99}, "threshold"),
        ({"multiplier": "0.9"}, "multiplier"),
        ({"multiplier": -1}, "multiplier"),
        ({"multiplier": 11}, "multiplier"),
        ({"multiplier": "1.0001"}, "multiplier"),
        ({"multiplier": "NaN"}, "multiplier"),
        ({"entry_points": -1}, "entry_points"),
        ({"entry_points": 10**6 + 1}, "entry_points"),
        ({"entry_points": 0.5}, "entry_points"),
        ({"customer_tag": "gold, vip"}, "customer_tag"),
        ({"customer_tag": "x" * 101}, "customer_tag"),
        ({"customer_tag": 7}, "customer_tag"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(change: dict[str, Any], field: str) -> None:
    place, text = refusal(SILVER, {**GOLD, **change})
    assert place == f"tiers[1].{field}"
    assert text.endswith(".")


@pytest.mark.parametrize("missing", ["id", "title", "threshold"])
def test_what_makes_a_tier_may_not_be_missing(missing: str) -> None:
    assert refusal({key: value for key, value in GOLD.items() if key != missing})[0] == f"tiers[0].{missing}"


def test_two_of_one_name_are_refused() -> None:
    assert refusal(SILVER, {**GOLD, "id": "silver"}) == ("tiers", "Two tiers have the same short name.")


def test_thresholds_rise() -> None:
    text = "Enter more than at the tier before: tiers go from the lowest to the highest."
    assert refusal(GOLD, SILVER) == ("tiers[1].threshold", text)


def test_too_many_are_refused() -> None:
    many = [{**SILVER, "id": f"t{n}", "threshold": n + 1} for n in range(MOST_TIERS + 1)]
    listed(*many[:-1])
    assert refusal(*many)[0] == "tiers"


@pytest.mark.parametrize(
    ("key", "value"),
    [("tier_months", "0"), ("tier_months", "-1"), ("tier_months", "121"), ("tier_basis", "visits")],
)
def test_how_they_are_counted_is_refused_when_absurd(key: str, value: str) -> None:
    assert refusal(SILVER, **{key: value})[0] == key


@pytest.mark.parametrize(
    ("basis", "kind", "shown", "typed", "stored"),
    [
        ("points", "number", "12050", "300", 300),
        ("orders", "number", "12050", "3", 3),
        ("spend", "money", "120.50", "199,90", 19_990),
    ],
)
def test_what_a_tier_takes_is_typed_in_the_unit_of_what_tiers_count(
    basis: str, kind: str, shown: str, typed: str, stored: int
) -> None:
    section = LoyaltySettings.model_validate(
        {"tiers": [{**SILVER, "threshold": 12_050}], "tier_basis": basis}
    )
    tiers = next(field for field in form(section, ENGLISH, "EUR") if field.name == "tiers")
    ways = [field for field in tiers.rows[0].fields if field.name == "tiers.0.threshold"]
    assert {way.when for way in ways} == {("tier_basis", one) for one in ("points", "spend", "orders")}
    asked = [(way.kind, way.value, way.when) for way in ways if not way.off]
    assert asked == [(kind, shown, ("tier_basis", basis))]
    sent = {"tier_basis": basis, "tiers": "0", "tiers.0.id": "silver", "tiers.0.title": "Silber"}
    sent |= {"tiers.0.threshold": typed, "tiers.0.multiplier": "1", "tiers.0.entry_points": "0"}
    found = validated(LoyaltySettings, section, patch_of(LoyaltySettings, sent, "EUR", ENGLISH))
    assert [tier.threshold for tier in found.tiers] == [stored]


def test_another_choice_of_what_tiers_count_asks_for_their_thresholds_anew() -> None:
    section = LoyaltySettings.model_validate({"tiers": [SILVER]})
    tiers = next(
        field
        for field in form(section, ENGLISH, "EUR", typed={"tier_basis": "spend", "tiers": "0"})
        if field.name == "tiers"
    )
    asked = [field for field in tiers.rows[0].fields if field.name == "tiers.0.threshold" and not field.off]
    assert [(field.kind, field.least) for field in asked] == [("money", "0.01")]
    made = blank_row(LoyaltySettings, "tiers", "abc", ENGLISH, "EUR")
    assert made is not None
    fresh = [field.kind for field in made.fields if field.name == "tiers.abc.threshold" and not field.off]
    assert fresh == ["number"]
