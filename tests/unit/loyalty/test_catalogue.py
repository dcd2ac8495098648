"""The list of rewards takes what the contract names, and refuses the rest with a field and a sentence."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from plugin.errors import Invalid
from plugin.settings import validated
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.settings import LoyaltySettings

FIVER = {"id": "five", "title": "5 €", "cost": 200, "kind": "amount", "value": 500}
VARIANT = "gid://shopify/ProductVariant/45"


def listed(*rewards: Any) -> tuple[Reward, ...]:
    """The catalogue as the command line makes it."""
    return validated(LoyaltySettings, LoyaltySettings(), {"rewards": json.dumps(rewards)}).rewards


def refusal(*rewards: Any) -> tuple[str, str]:
    """Where the list is wrong, and what is said of it."""
    with pytest.raises(Invalid) as refused:
        listed(*rewards)
    place, _, text = refused.value.message.partition(": ")
    assert refused.value.fields[place] == text
    return place, text


def test_there_are_none_at_first() -> None:
    assert LoyaltySettings().rewards == ()


def test_every_kind_is_read_with_the_contracts_names_and_defaults() -> None:
    whole = {**FIVER, "minimum_subtotal": 2500, "valid_days": 30}
    found = listed(
        whole,
        {"id": "tenth", "title": "10 %", "cost": 300, "kind": "percentage", "value": 10},
        {"id": "ship", "title": "Versand", "cost": 90, "kind": "free_shipping"},
        {"id": "cup", "title": "Becher", "cost": 400, "kind": "free_product", "value": VARIANT},
    )
    assert [reward.value for reward in found] == [500, 10, None, VARIANT]
    assert found[0].model_dump(mode="json") == {**whole, "starts_on": None, "ends_on": None}
    assert (found[1].minimum_subtotal, found[1].valid_days) == (0, 90)


def test_a_form_sends_texts_and_leaves_fields_empty() -> None:
    (found,) = listed({**FIVER, "cost": "200", "value": " 500 ", "starts_on": "", "ends_on": "2026-12-24"})
    assert (found.cost, found.value, found.starts_on, found.ends_on) == (200, 500, None, date(2026, 12, 24))


def test_free_shipping_forgets_a_value_that_was_left_in_the_form() -> None:
    (found,) = listed({**FIVER, "kind": "free_shipping"})
    assert found.value is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cost": 0}, "cost"),
        ({"cost": -5}, "cost"),
        ({"cost": 10**8}, "cost"),
        ({"cost": 1.5}, "cost"),
        ({"value": 0}, "value"),
        ({"value": -500}, "value"),
        ({"value": 10**13}, "value"),
        ({"value": True}, "value"),
        ({"value": "much"}, "value"),
        ({"value": None}, "value"),
        ({"kind": "percentage", "value": 101}, "value"),
        ({"kind": "percentage", "value": 0}, "value"),
        ({"kind": "free_product", "value": 45}, "value"),
        ({"kind": "free_product", "value": "gid://shopify/Product/45"}, "value"),
        ({"kind": "free_product", "value": None}, "value"),
        ({"kind": "money"}, "kind"),
        ({"minimum_subtotal": -1}, "minimum_subtotal"),
        ({"valid_days": 0}, "valid_days"),
        ({"valid_days": 100_000}, "valid_days"),
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"title": ""}, "title"),
        ({"title": "x" * 200}, "title"),
        ({"starts_on": "2026-12-24", "ends_on": "2026-12-23"}, "ends_on"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"prize": 1}, "prize"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(change: dict[str, Any], field: str) -> None:
    place, text = refusal({**FIVER, "id": "first"}, {**FIVER, **change})
    assert place == f"rewards[1].{field}"
    assert text.endswith(".")


def test_a_missing_value_is_no_value() -> None:
    assert refusal({key: FIVER[key] for key in ("id", "title", "cost", "kind")})[0] == "rewards[0].value"


def test_two_rewards_of_one_name_are_refused() -> None:
    assert refusal(FIVER, {**FIVER, "title": "Another"}) == (
        "rewards",
        "Two rewards have the same short name.",
    )


def test_what_is_no_list_of_rewards_is_refused() -> None:
    for text in ('{"id": 1}', "[1]", "five", "[", '"x"'):
        with pytest.raises(Invalid) as refused:
            validated(LoyaltySettings, LoyaltySettings(), {"rewards": text})
        assert all(place.startswith("rewards") for place in refused.value.fields)


def test_a_reward_is_offered_on_the_days_between_and_on_both_ends() -> None:
    day = date(2026, 12, 1)
    always = Reward.model_validate(FIVER)
    window = always.model_copy(update={"starts_on": day, "ends_on": day + timedelta(days=1)})
    assert [window.is_offered(day + timedelta(days=n)) for n in (-1, 0, 1, 2)] == [False, True, True, False]
    assert always.is_offered(day)
