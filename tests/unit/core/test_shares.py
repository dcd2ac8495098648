"""A share's range: as others compute it, and never beyond what can be."""

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.shares import interval


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (45, 50, 0.7864, 0.9565), (930, 1000, 0.9125, 0.9442)],
)
def test_it_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    found = interval(hits, of)
    assert float(found[0]) == pytest.approx(low, abs=5e-5)
    assert float(found[1]) == pytest.approx(high, abs=5e-5)


def test_of_nothing_everything_is_possible() -> None:
    assert interval(0, 0) == (Fraction(0), Fraction(1))


@given(st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_it_holds_the_share_and_agrees_with_the_formula(counted: tuple[int, int]) -> None:
    hits, of = counted
    low, high = interval(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    share, z = hits / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    assert float(low) == pytest.approx(max(0, middle - half), abs=1e-9)
    assert float(high) == pytest.approx(min(1, middle + half), abs=1e-9)
