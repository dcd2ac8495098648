"""Settings with the contract's defaults, and no coupon that pays for a whole order."""

import pytest

from plugin.errors import Invalid
from plugin.settings import validated
from widgets.coupon.settings import CouponSettings


def changed(**patch: object) -> CouponSettings:
    return validated(CouponSettings, CouponSettings(), patch)


def test_defaults_are_ten_percent_for_thirty_days_on_every_order() -> None:
    made = CouponSettings()
    assert (made.enabled, made.kind, made.value, made.valid_days, made.minimum_subtotal) == (
        True,
        "percentage",
        10,
        30,
        0,
    )


def test_values_are_read_from_a_command_line() -> None:
    made = changed(kind="amount", value="500", minimum_subtotal="3000", valid_days="14", enabled="false")
    assert made == CouponSettings(
        enabled=False, kind="amount", value=500, minimum_subtotal=3000, valid_days=14
    )


@pytest.mark.parametrize("value", ["0", "101", "ten", "10.5", "-1"])
def test_a_percentage_is_a_whole_number_from_1_to_100(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        changed(value=value)
    assert set(refused.value.fields) == {"value"}


def test_a_hundred_percent_is_the_most() -> None:
    assert changed(value="100").value == 100


@pytest.mark.parametrize("minimum", [0, 499, 500])
def test_a_fixed_amount_needs_a_minimum_above_it(minimum: int) -> None:
    with pytest.raises(Invalid) as refused:
        changed(kind="amount", value=500, minimum_subtotal=minimum)
    assert set(refused.value.fields) == {"minimum_subtotal"}
    assert changed(kind="amount", value=500, minimum_subtotal=501).value == 500


def test_a_full_card_makes_no_free_orders_either() -> None:
    made = changed(stamp_every="5", stamp_kind="amount", stamp_value="1500", stamp_minimum="6000")
    assert (made.stamp_every, made.stamp_value, made.stamp_minimum) == (5, 1500, 6000)
    for patch, field in (
        ({"stamp_kind": "amount", "stamp_value": 500, "stamp_minimum": 500}, "stamp_minimum"),
        ({"stamp_value": 101}, "stamp_value"),
        ({"stamp_every": -1}, "stamp_every"),
        ({"stamp_every": 101}, "stamp_every"),
    ):
        with pytest.raises(Invalid) as refused:
            changed(**patch)
        assert set(refused.value.fields) == {field}


def test_a_cap_is_an_amount_and_nothing_means_none() -> None:
    assert CouponSettings().monthly_cap == 0
    assert changed(monthly_cap="50000").monthly_cap == 50000
    with pytest.raises(Invalid) as refused:
        changed(monthly_cap="-1")
    assert set(refused.value.fields) == {"monthly_cap"}


@pytest.mark.parametrize("key", ["excluded_products", "unknown"])
def test_a_setting_without_an_effect_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        changed(**{key: "1"})
    assert set(refused.value.fields) == {key}


@pytest.mark.parametrize("days", [0, 1096])
def test_a_coupon_is_valid_for_a_day_to_three_years(days: int) -> None:
    with pytest.raises(Invalid):
        changed(valid_days=days)


def test_campaigns_say_what_is_wrong_with_which_of_them() -> None:
    fine = {"id": "a", "title": "A", "value": 15}
    assert changed(campaigns=[fine]).campaigns[0].priority == 50
    for wrong, place in (
        ({"value": 101}, "value"),
        ({"kind": "amount", "value": 500, "minimum_subtotal": 500}, "minimum_subtotal"),
        ({"starts_on": "2026-12-24", "ends_on": "2026-12-23"}, "ends_on"),
        ({"starts_on": "24.12.2026"}, "starts_on"),
        ({"countries": ["Germany"]}, "countries"),
        ({"only_products": ["5"]}, "only_products"),
        ({"only_products": ["gid://shopify/Product/9223372036854775808"]}, "only_products"),
        ({"only_collections": ["gid://shopify/Product/5"]}, "only_collections"),
        (
            {
                "only_products": ["gid://shopify/Product/5"],
                "only_collections": ["gid://shopify/Collection/5"],
            },
            "only_collections",
        ),
        ({"customer_tags": [" "]}, "customer_tags"),
        ({"priority": 0}, "priority"),
        ({"id": "has space"}, "id"),
    ):
        with pytest.raises(Invalid) as refused:
            changed(campaigns=[fine | wrong])
        assert "campaigns" in next(iter(refused.value.fields))
        assert place in refused.value.message


@pytest.mark.parametrize("ids", [("a", "a"), ("stamp",)])
def test_campaigns_are_told_apart_from_each_other_and_from_the_stamp_card(ids: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        changed(campaigns=[{"id": id, "title": id, "value": 15} for id in ids])
    assert set(refused.value.fields) == {"campaigns"}


def test_a_prefix_is_written_large_and_refused_with_what_looks_alike() -> None:
    assert changed(prefix=" merci ").prefix == "MERCI"
    with pytest.raises(Invalid) as refused:
        changed(prefix="CODE10")
    assert set(refused.value.fields) == {"prefix"}
