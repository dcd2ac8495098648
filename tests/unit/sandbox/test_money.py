"""Amounts in the spellings of Shopify."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.ids import Ids
from sandbox.money import decimal, exponent, graph_decimal, minor, money_set, of_set, spread


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (4990, "EUR", "49.90"),
        (0, "EUR", "0.00"),
        (-500, "EUR", "-5.00"),
        (1000, "JPY", "1000"),
        (1500, "KWD", "1.500"),
    ],
)
def test_webhooks_write_the_currencys_places(amount: int, currency: str, text: str) -> None:
    assert decimal(amount, currency) == text
    assert minor(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "graph"),
    [("49.90", "49.9"), ("5.00", "5.0"), ("1000", "1000.0"), ("0.00", "0.0"), ("-1.25", "-1.25")],
)
def test_the_api_drops_superfluous_zeros(text: str, graph: str) -> None:
    assert graph_decimal(text) == graph


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "HUF"]))
def test_both_spellings_read_back_to_the_same_amount(amount: int, currency: str) -> None:
    text = decimal(amount, currency)
    assert minor(text, currency) == amount
    assert minor(graph_decimal(text), currency) == amount
    assert of_set(money_set(amount, currency)) == amount
    assert Decimal(text).as_tuple().exponent == -exponent(currency)


def test_a_fraction_of_a_minor_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number"):
        minor("1.005", "EUR")


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.data())
def test_shares_sum_to_the_whole_and_stay_within_their_line(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    parts = spread(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_ids_are_unique_and_some_are_beyond_a_javascript_number() -> None:
    ids = Ids()
    made = [ids.next() for _ in range(300)]
    assert len(set(made)) == 300
    large = [one for one in made if one > 2**53]
    assert len(large) == 100
    assert any(int(float(one)) != one for one in large)
    assert max(made) < 2**63
