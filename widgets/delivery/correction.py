"""How a shop's stated chances are kept honest: by what became of its own promises.

Curves look back and take handling and transit for independent; both can be wrong for months, in December for one. So
the level with which the latest day is looked up moves a little with every promise that has matured (adaptive conformal
inference, Gibbs and Candès 2021), and the chance that is stated moves with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

GAIN = 0.01
MOST = 0.10
"""Ten points: how far the level is moved at most."""
_RATIO = 10.0
"""How many times the misses of a curve are believed at most; a level of 1 would be the day of the slowest parcel ever."""


@dataclass(frozen=True, slots=True)
class Matured:
    """A promise whose latest day is over: its chance by the curves alone, and whether it was kept.

    ``weight`` is below 1 where nobody said what became of it and that is only likely.
    """

    chance: float
    kept: bool
    weight: float = 1.0


def ratio(level: float, points: float) -> float:
    """Return how many times the misses of the curves are believed to come.

    ``points`` is the correction of the shop: below 0 the curves promised too much.
    """
    return min(_RATIO, (1 - level) / max(1e-9, 1 - level + points))


def stated(chance: float, by: float) -> float:
    """Return the chance that is stated, of the curves' chance and the ratio of misses."""
    return max(0.0, 1 - by * (1 - chance))


def unstated(chance: float, by: float) -> float:
    """Return the curves' chance of a stated one."""
    return 1 - (1 - chance) / by


def fed(points: float, level: float, matured: Iterable[Matured]) -> float:
    """Return the correction after these promises, in the order of their latest days.

    Each is judged by what would be stated of it now, not by what was: an answer to a correction that comes days later
    would swing ever wider in a shop with many orders a day. It is judged by its own chance, not the level: whole days
    mostly keep more than the level, and that is no error.
    """
    for one in matured:
        expected = 1 - stated(one.chance, ratio(level, points))
        points += one.weight * GAIN * (expected - (not one.kept))
        points = max(-MOST, min(MOST, points))
    return points
