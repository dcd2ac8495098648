"""Money at risk: what open coupons will probably take off, by the share of earlier ones that were used, with its range.

For display only; what stops issuing is the cap on face value (semantics C 22). Pure: numbers in, numbers out.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from plugin.core.shares import interval

ENOUGH = 30
"""Coupons that must have ended before the share of used ones says anything."""


@dataclass(frozen=True, slots=True)
class Past:
    """Of ``ended`` coupons, whose last day has passed, so many were ``used``."""

    used: int
    ended: int

    @property
    def is_enough(self) -> bool:
        """Tell whether a share may be told from them."""
        return self.ended >= ENOUGH

    def range(self) -> tuple[Fraction, Fraction]:
        """Return between what shares the true one lies; the whole of it while none has ended."""
        return interval(self.used, self.ended)


@dataclass(frozen=True, slots=True)
class Risk:
    """What will be taken off, in minor units: probably ``likely``, and between ``low`` and ``high``."""

    low: int
    likely: int
    high: int


def at_risk(face: int, past: Past) -> Risk | None:
    """Return the part of a face value that will be used; None while too few have ended, and all of it must be feared.

    The range is rounded outwards. That some coupons have been open for long, and are used less often than fresh ones,
    is left out: the figure is rather too high.
    """
    if not past.is_enough:
        return None
    low, high = past.range()
    return Risk(
        low=int(face * low),
        likely=int(Fraction(face * past.used, past.ended) + Fraction(1, 2)),
        high=ceil(face * high),
    )
