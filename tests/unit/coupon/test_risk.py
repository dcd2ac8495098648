"""Money at risk: a range that holds, narrows with evidence, and is silent while there is too little of it."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.coupon.risk import ENOUGH, Past, Risk, at_risk

faces = st.integers(0, 10**12)
pasts = st.integers(1, 10**6).flatmap(lambda ended: st.builds(Past, st.integers(0, ended), st.just(ended)))
enough = pasts.filter(lambda past: past.is_enough)


@pytest.mark.parametrize(
    ("used", "ended", "low", "high"),
    [
        (10, 100, 0.0552, 0.1744),
        (0, 30, 0.0, 0.1135),
        (30, 30, 0.8865, 1.0),
        (1, 2, 0.0945, 0.9055),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_range_is_wilsons(used: int, ended: int, low: float, high: float) -> None:
    found = Past(used, ended).range()
    assert [float(one) for one in found] == pytest.approx([low, high], abs=5e-5)


@given(pasts)
def test_the_range_holds_the_share_that_was_seen(past: Past) -> None:
    low, high = past.range()
    assert 0 <= low <= Fraction(past.used, past.ended) <= high <= 1
    assert low < high


@given(pasts)
def test_used_and_unused_are_mirror_images(past: Past) -> None:
    low, high = past.range()
    other_low, other_high = Past(past.ended - past.used, past.ended).range()
    assert (low, high) == (1 - other_high, 1 - other_low)


@given(pasts.filter(lambda past: past.used < past.ended))
def test_one_more_that_was_used_moves_the_range_up(past: Past) -> None:
    (low, high), (more_low, more_high) = past.range(), Past(past.used + 1, past.ended).range()
    assert low < more_low
    assert high < more_high or high == more_high == 1


@given(pasts, st.integers(2, 50))
def test_more_of_the_same_narrows_the_range(past: Past, times: int) -> None:
    low, high = past.range()
    longer_low, longer_high = Past(past.used * times, past.ended * times).range()
    assert longer_high - longer_low < high - low


@given(faces, enough)
def test_what_is_at_risk_is_part_of_the_face_in_order(face: int, past: Past) -> None:
    risk = at_risk(face, past)
    assert risk is not None
    assert 0 <= risk.low <= risk.likely <= risk.high <= face


@given(faces, faces, enough)
def test_more_face_is_never_less_at_risk(face: int, more: int, past: Past) -> None:
    one, other = at_risk(min(face, more), past), at_risk(max(face, more), past)
    assert one is not None
    assert other is not None
    assert (one.low, one.likely, one.high) <= (other.low, other.likely, other.high)
    assert one.high <= other.high


@given(faces, st.integers(0, ENOUGH - 1))
def test_with_too_few_nothing_is_claimed(face: int, ended: int) -> None:
    assert at_risk(face, Past(ended // 2, ended)) is None


def test_before_anything_has_ended_anything_is_possible() -> None:
    assert Past(0, 0).range() == (Fraction(0), Fraction(1))


def test_a_share_worked_out_by_hand() -> None:
    assert at_risk(100_000, Past(10, 100)) == Risk(5522, 10_000, 17_437)
    assert at_risk(1, Past(50, 100)) == Risk(0, 1, 1)
    assert at_risk(0, Past(50, 100)) == Risk(0, 0, 0)


@pytest.mark.parametrize("ended", [ENOUGH, 60, 200])
def test_about_ninety_five_of_a_hundred_ranges_hold_the_truth(ended: int) -> None:
    """Exact: over true shares from 2 to 98 percent, how probable it is that the range holds the share."""
    ranges = [Past(used, ended).range() for used in range(ended + 1)]
    held = []
    for percent in range(2, 99):
        share = Fraction(percent, 100)
        held.append(
            sum(
                comb(ended, used) * float(share) ** used * float(1 - share) ** (ended - used)
                for used, (low, high) in enumerate(ranges)
                if low <= share <= high
            )
        )
    assert sum(held) / len(held) == pytest.approx(0.95, abs=0.01)
    assert min(held) > 0.88
