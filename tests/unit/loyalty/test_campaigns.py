"""Bonus campaigns take what makes sense, and refuse the rest with a field and a sentence."""

import json
from datetime import date
from typing import Any

import pytest

from plugin.errors import Invalid
from plugin.settings import validated
from widgets.loyalty.campaigns import MOST_CAMPAIGNS, Campaign, rule_of
from widgets.loyalty.settings import LoyaltySettings

DOUBLE = {
    "id": "double",
    "title": "Doppelte Punkte",
    "multiplier": "2",
    "starts_on": "2026-12-01",
    "ends_on": "2026-12-24",
}
SHELF = "gid://shopify/Collection/45"


def listed(*campaigns: Any) -> tuple[Campaign, ...]:
    """The campaigns as the command line makes them."""
    return validated(LoyaltySettings, LoyaltySettings(), {"campaigns": json.dumps(campaigns)}).campaigns


def refusal(*campaigns: Any) -> tuple[str, str]:
    """Where the list is wrong, and what is said of it."""
    with pytest.raises(Invalid) as refused:
        listed(*campaigns)
    place, _, text = refused.value.message.partition(": ")
    assert list(refused.value.fields.values()) == [text]
    return place, text


def test_there_are_none_at_first() -> None:
    assert LoyaltySettings().campaigns == ()


def test_a_campaign_is_for_all_products_for_a_collection_or_for_a_tag() -> None:
    everything, shelf, tag = listed(
        {**DOUBLE, "collection": "", "tag": " "},
        {**DOUBLE, "id": "shelf", "multiplier": 1.125, "collection": SHELF},
        {**DOUBLE, "id": "tag", "multiplier": 10, "tag": "Neu "},
    )
    assert (everything.collection, everything.tag) == (None, None)
    assert rule_of(everything).for_all
    assert (rule_of(shelf).collection, rule_of(shelf).multiplier) == (45, 1_125)
    assert (rule_of(tag).tag, rule_of(tag).multiplier) == ("neu", 10_000)
    assert (everything.starts_on, everything.ends_on) == (date(2026, 12, 1), date(2026, 12, 24))


def test_what_is_stored_is_read_again() -> None:
    made = listed({**DOUBLE, "collection": SHELF})
    kept = LoyaltySettings(campaigns=made).model_dump(mode="json")
    assert LoyaltySettings.model_validate(json.loads(json.dumps(kept))).campaigns == made


def test_a_day_is_enough() -> None:
    (found,) = listed({**DOUBLE, "ends_on": DOUBLE["starts_on"]})
    assert found.starts_on == found.ends_on


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 41}, "id"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"multiplier": 1}, "multiplier"),
        ({"multiplier": "0.5"}, "multiplier"),
        ({"multiplier": -2}, "multiplier"),
        ({"multiplier": "10.001"}, "multiplier"),
        ({"multiplier": "1.0001"}, "multiplier"),
        ({"multiplier": "NaN"}, "multiplier"),
        ({"multiplier": "Infinity"}, "multiplier"),
        ({"multiplier": "zwei"}, "multiplier"),
        ({"multiplier": 1e300}, "multiplier"),
        ({"starts_on": "24.12.2026"}, "starts_on"),
        ({"starts_on": 20261224}, "starts_on"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"starts_on": None}, "starts_on"),
        ({"starts_on": "1999-12-31"}, "starts_on"),
        ({"ends_on": "2026-11-30"}, "ends_on"),
        ({"ends_on": "2200-01-01"}, "ends_on"),
        ({"ends_on": "2026-12-24T00:00:00"}, "ends_on"),
        ({"collection": "45"}, "collection"),
        ({"collection": "gid://shopify/Product/45"}, "collection"),
        ({"collection": f"gid://shopify/Collection/{2**63}"}, "collection"),
        ({"collection": 45}, "collection"),
        ({"tag": "x" * 256}, "tag"),
        ({"tag": 7}, "tag"),
        ({"collection": SHELF, "tag": "neu"}, "tag"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(change: dict[str, Any], field: str) -> None:
    place, text = refusal({**DOUBLE, "id": "fine"}, {**DOUBLE, **change})
    assert place == f"campaigns[1].{field}"
    assert text.endswith(".")


@pytest.mark.parametrize("missing", list(DOUBLE))
def test_nothing_may_be_missing(missing: str) -> None:
    place, _ = refusal({key: value for key, value in DOUBLE.items() if key != missing})
    assert place == f"campaigns[0].{missing}"


def test_two_of_one_name_are_refused() -> None:
    assert refusal(DOUBLE, {**DOUBLE, "title": "Noch einmal"}) == (
        "campaigns",
        "Two campaigns have the same short name.",
    )


def test_too_many_are_refused() -> None:
    listed(*({**DOUBLE, "id": f"c{n}"} for n in range(MOST_CAMPAIGNS)))
    assert refusal(*({**DOUBLE, "id": f"c{n}"} for n in range(MOST_CAMPAIGNS + 1)))[0] == "campaigns"


@pytest.mark.parametrize("text", ["[", "{}", '["double"]', "[null]", "[[]]", "7"])
def test_what_is_no_list_of_campaigns_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated(LoyaltySettings, LoyaltySettings(), {"campaigns": text})
    assert refused.value.message.startswith("campaigns")
