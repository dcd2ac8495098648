"""The online correction: it moves towards what happened, stops at ten points, and does not swing."""

import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.delivery.correction import GAIN, MOST, Matured, fed, ratio, stated, unstated

LEVELS = st.sampled_from([0.8, 0.9, 0.95])
POINTS = st.floats(-MOST, MOST)


def test_a_miss_moves_it_down_and_a_promise_kept_up_by_what_was_expected() -> None:
    assert fed(0.0, 0.9, [Matured(0.95, kept=False)]) == pytest.approx(GAIN * (0.05 - 1))
    assert fed(0.0, 0.9, [Matured(0.95, kept=True)]) == pytest.approx(GAIN * 0.05)


@given(LEVELS, st.lists(st.booleans(), max_size=3000))
def test_it_never_leaves_ten_points(level: float, kept: list[bool]) -> None:
    assert -MOST <= fed(0.0, level, [Matured(level, kept=one) for one in kept]) <= MOST


@given(LEVELS, POINTS, st.floats(0.8, 1))
def test_what_is_stated_leads_back_to_the_curves(level: float, points: float, chance: float) -> None:
    by = ratio(level, points)
    assert unstated(stated(chance, by), by) == pytest.approx(chance) or stated(chance, by) == 0


@given(LEVELS, POINTS)
def test_without_a_correction_the_curves_are_believed(level: float, points: float) -> None:
    assert ratio(level, 0.0) == pytest.approx(1)
    assert (ratio(level, points) - 1) * points <= 1e-9


@pytest.mark.parametrize("bias", [-0.06, 0.0, 0.06])
@pytest.mark.parametrize(("each_day", "delay"), [(5, 3), (60, 6), (1000, 12)])
def test_it_finds_the_bias_of_the_curves_however_late_it_hears(
    bias: float, each_day: int, delay: int
) -> None:
    chance, level = random.Random(7), 0.9
    points, told, seen = 0.0, deque[list[Matured]](), []
    stated_all, kept_all = 0.0, 0
    for day in range(max(60, 8000 // each_day)):
        by = ratio(level, points)
        raw = unstated(level, by)
        promises = [Matured(raw, kept=chance.random() < raw + bias) for _ in range(each_day)]
        told.append(promises)
        if len(told) > delay:
            points = fed(points, level, told.popleft())
        if day >= max(20, 1500 // each_day):
            seen.append(points)
            stated_all += each_day * stated(raw, by)
            kept_all += sum(one.kept for one in promises)
    count = len(seen) * each_day
    assert sum(seen) / len(seen) == pytest.approx(bias, abs=0.025)
    assert abs(stated_all - kept_all) / count <= 0.02
    assert max(seen) - min(seen) < 2 * MOST
