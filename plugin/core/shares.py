"""Shares: how far one that was counted can be from the true one."""

from fractions import Fraction
from math import isqrt

_Z = Fraction(49, 25)
"""1.96 standard deviations: 95 of 100 such ranges hold the true share."""

_DIGITS = 10**12


def interval(hits: int, of: int) -> tuple[Fraction, Fraction]:
    """Return between what shares the true one lies (Wilson's score interval, 95 %); all of it where nothing was counted."""
    if of == 0:
        return Fraction(0), Fraction(1)
    square = _Z * _Z
    spread = _Z * _root(square + Fraction(4 * hits * (of - hits), of))
    whole = 2 * (of + square)
    low, high = (2 * hits + square - spread) / whole, (2 * hits + square + spread) / whole
    return max(Fraction(0), low), min(Fraction(1), high)


def _root(value: Fraction) -> Fraction:
    """Return the square root, rounded up in the last of twelve digits."""
    scaled = value.numerator * _DIGITS * _DIGITS
    root = isqrt(scaled // value.denominator)
    return Fraction(root + (root * root * value.denominator < scaled), _DIGITS)
