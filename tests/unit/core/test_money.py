"""Money is whole minor units by ISO 4217, or refused."""

from decimal import Decimal

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.money import exponent, major, minor

ROUNDED_IN_SHOPS = set("AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER".split())
"""Money in use whose coins went out of use: CLDR writes it without the minor unit that ISO 4217 still has."""


def in_use() -> set[str]:
    """The currencies that are legal tender somewhere today."""
    spans = [span for territory in get_global("territory_currencies").values() for span in territory]
    return {code for code, _, ended, tender in spans if ended is None and tender}


def test_exponents_are_cldrs_but_for_the_coins_that_only_iso_still_knows() -> None:
    current = in_use()
    assert len(current) > 140
    differing = {code for code in current if exponent(code) != get_currency_precision(code)}
    assert differing == ROUNDED_IN_SHOPS
    assert {code: exponent(code) for code in ROUNDED_IN_SHOPS} == {
        code: 3 if code == "IQD" else 2 for code in ROUNDED_IN_SHOPS
    }


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("19.99", "EUR", 1999),
        ("1999", "JPY", 1999),
        ("1999.00", "JPY", 1999),
        ("1.234", "KWD", 1234),
        ("1.2340", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("0", "EUR", 0),
        ("-5.10", "EUR", -510),
        ("1E+2", "EUR", 10_000),
        (Decimal("0.10"), "EUR", 10),
        (7, "EUR", 700),
        ("46116860184273879.03", "EUR", 2**62 - 1),
    ],
)
def test_an_amount_is_read_exactly(amount: str | int | Decimal, currency: str, expected: int) -> None:
    assert minor(amount, currency) == expected


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("19.999", "EUR"),
        ("19.5", "JPY"),
        ("1.23456", "KWD"),
        ("1.0000000000000000000000000000000000000000000001", "EUR"),
        ("46116860184273879.04", "EUR"),
        ("-46116860184273879.04", "EUR"),
        ("1E+999999", "EUR"),
        ("1E-999999", "EUR"),
        ("9" * 5000, "EUR"),
        ("NaN", "EUR"),
        ("sNaN", "EUR"),
        ("-Infinity", "EUR"),
        ("", "EUR"),
        ("twelve", "EUR"),
        ("12,50", "EUR"),
    ],
)
def test_what_is_not_a_whole_number_of_minor_units_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError):
        minor(amount, currency)


@given(amount=st.integers(-(2**61), 2**61), currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_minor_and_major_are_each_others_way_back(amount: int, currency: str) -> None:
    assert minor(major(amount, currency), currency) == amount
    assert minor(str(major(amount, currency)), currency) == amount
