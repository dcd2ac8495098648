"""Days and chances as people say them."""

from datetime import date, timedelta
from fractions import Fraction
from math import floor

from plugin.language import Language
from widgets.delivery.shown import Kept

WEEK = timedelta(days=7)
PARTS = (Fraction(99, 100), Fraction(19, 20), *(Fraction(tenth, 10) for tenth in range(9, 0, -1)))
"""What a chance is rounded down to when it is told; nobody is told of less than one in ten."""


def span(language: Language, earliest: date, latest: date, today: date) -> str:
    """Return one day or two; the month is said once where both share it, the year only where it is not this one.

    ``Di., 24. bis Do., 26. November``; ``Mi., 30. Dezember bis Di., 5. Januar 2027``.
    """
    last = language.spoken(latest, year=latest.year != today.year)
    if earliest == latest:
        return last
    first = language.spoken(
        earliest,
        month=(earliest.year, earliest.month) != (latest.year, latest.month),
        year=earliest.year not in {latest.year, today.year},
    )
    return language.gettext("%(first)s to %(last)s", first=first, last=last)


def by(language: Language, day: date, today: date) -> str:
    """Return a day that is a limit: by its name alone within a week."""
    if timedelta(0) <= day - today < WEEK:
        return language.day_of_week(day)
    return language.spoken(day, year=day.year != today.year)


def odds(language: Language, chance: float) -> tuple[str, str] | None:
    """Return ``9`` of ``10`` for a chance, rounded down; None where that says nothing good."""
    found = next((one for one in PARTS if chance >= one), None)
    if found is None:
        return None
    whole = 10 if 10 % found.denominator == 0 else found.denominator
    return language.number(int(found * whole)), language.number(whole)


def percent(chance: float) -> int:
    """Return a chance in whole percent, rounded down (semantics G 39)."""
    return floor(chance * 100 + 1e-9)


def kept_text(language: Language, rate: Kept | None) -> str | None:
    """Return how many of the last promises were kept; None where too few are known."""
    if rate is None:
        return None
    return language.gettext(
        "Of our last %(n)s promised parcels, %(share)s came in time.",
        n=language.number(rate.n),
        share=language.percent(rate.percent),
    )
