"""Working days: on which days a shop hands parcels over and a carrier brings them, holidays by region included.

Holidays come from the library ``holidays``. Where a region is not known, such as a German state in an order's address,
there are two readings: only what is closed in the whole country, or whatever is closed in any part of it. A promise
takes the first for its earliest day and the second for its latest (semantics E 30).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

import holidays

ONE = timedelta(days=1)
LONGEST_PAUSE = 400
"""Days after which a calendar without an open day is given up."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class NeverOpen(ValueError):
    """A calendar has no open day within more than a year."""


@dataclass(frozen=True, slots=True)
class Region:
    """A country (ISO 3166-1) or a part of it (``province`` as ISO 3166-2 has it behind the hyphen)."""

    country: str
    province: str | None = None

    @property
    def is_exact(self) -> bool:
        """Tell whether the holidays of this very part are known."""
        return self.province is not None and self.province in _parts(self.country)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing moves on a day: it is no working weekday, the shop's closure, or a holiday."""

    day: date
    kind: str


WEEKEND, CLOSURE, HOLIDAY = "weekend", "closure", "holiday"


@dataclass(frozen=True, slots=True)
class Days:
    """The working days of a shop or a carrier.

    ``weekdays`` are Python's numbers, Monday 0. ``anywhere``: a holiday in any part of a region that is not exact
    counts as closed.
    """

    weekdays: frozenset[int]
    region: Region | None = None
    closures: frozenset[date] = frozenset()
    anywhere: bool = False

    def closed(self, day: date) -> Closed | None:
        """Return why nothing moves on that day, None on a working day."""
        if day.weekday() not in self.weekdays:
            return Closed(day, WEEKEND)
        if day in self.closures:
            return Closed(day, CLOSURE)
        if self.region is not None and day in holidays_of(self.region, day.year, anywhere=self.anywhere):
            return Closed(day, HOLIDAY)
        return None

    def from_(self, day: date) -> date:
        """Return the first working day on or after ``day``. Raises NeverOpen."""
        return self._working(day, 0)

    def after(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day``; with 0 the first one on or after it. Raises NeverOpen."""
        return self._working(day, 0) if count == 0 else self._working(day + ONE, count - 1)

    def ages(self, day: date, count: int) -> tuple[date, ...]:
        """Return the first so many of ``after(day, 0)``, ``after(day, 1)``, and so on. Raises NeverOpen."""
        ruler = _ruler(self, day.year)
        offset = day.toordinal() - ruler.start
        first, next_ = ruler.before[offset], ruler.before[offset + 1]
        days = (*ruler.working[first : first + 1], *ruler.working[next_ : next_ + count - 1])
        return days if len(days) >= count else tuple(self.after(day, number) for number in range(count))

    def between(self, start: date, end: date) -> int:
        """Return how many working days lie after ``start``, up to and with ``end``; 0 where ``end`` is not later."""
        if end <= start:
            return 0
        first, last = start.toordinal() + 1, end.toordinal() + 1
        counted = 0
        while first < last:
            ruler = _ruler(self, date.fromordinal(first).year)
            stop = min(last, ruler.end)
            counted += ruler.before[stop - ruler.start] - ruler.before[first - ruler.start]
            first = stop
        return counted

    def _working(self, day: date, number: int) -> date:
        """Return the working day that has so many others from ``day`` on before it."""
        ruler = _ruler(self, day.year)
        place = ruler.before[day.toordinal() - ruler.start] + number
        if place < len(ruler.working) and (ruler.working[place] - day).days < LONGEST_PAUSE:
            return ruler.working[place]
        return self._walked(day, number)

    def _walked(self, day: date, number: int) -> date:
        pause = 0
        while number or self.closed(day) is not None:
            pause = 0 if self.closed(day) is None else pause + 1
            number -= not pause
            if pause >= LONGEST_PAUSE:
                raise NeverOpen("There is no working day within a year.")
            day += ONE
        return day

    def passed_over(self, start: date, end: date) -> tuple[Closed, ...]:
        """Return the days from ``start`` up to before ``end`` on which nothing moved."""
        return _passed_over(self, start, end)


@lru_cache(8192)
def _passed_over(days: Days, start: date, end: date) -> tuple[Closed, ...]:
    between = (start + timedelta(days=number) for number in range((end - start).days))
    return tuple(found for day in between if (found := days.closed(day)) is not None)


@dataclass(frozen=True, slots=True)
class _Ruler:
    """The working days of two years, from the ordinal ``start`` up to before ``end``, and how many lie before each."""

    start: int
    end: int
    working: tuple[date, ...]
    before: tuple[int, ...]


@lru_cache(2048)
def _ruler(days: Days, year: int) -> _Ruler:
    start, end = date(year, 1, 1).toordinal(), date(year + 2, 1, 1).toordinal()
    working, before = [], [0]
    for ordinal in range(start, end):
        day = date.fromordinal(ordinal)
        if days.closed(day) is None:
            working.append(day)
        before.append(len(working))
    return _Ruler(start, end, tuple(working), tuple(before))


@lru_cache(1024)
def weekdays(text: str) -> frozenset[int]:
    """Return the weekdays of ``mon-fri``, ``mon-sat`` or ``mon,wed,fri``. Raises ValueError."""
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(f"{part} is no weekday")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found |= {number % 7 for number in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def holiday_name(region: Region, day: date, language: str) -> str | None:
    """Return what the holiday of that day is called there, in German or English where the library knows it."""
    parts = [region.province] if region.is_exact else [None, *sorted(_parts(region.country))]
    names = (_in(region.country, part, day.year, language).get(day) for part in parts)
    return next((name for name in names if name), None) if region.country in _supported() else None


@lru_cache(2048)
def holidays_of(region: Region, year: int, *, anywhere: bool = False) -> frozenset[date]:
    """Return the public holidays of a region in a year; none for a country nobody knows.

    Of a region that is not exact: those of the whole country, or with ``anywhere`` those of any part of it.
    """
    if region.country not in _supported():
        return frozenset()
    if region.is_exact:
        return frozenset(_in(region.country, region.province, year))
    found = set(_in(region.country, None, year))
    if anywhere:
        for part in _parts(region.country):
            found |= set(_in(region.country, part, year))
    return frozenset(found)


@lru_cache(8192)
def _in(country: str, part: str | None, year: int, language: str | None = None) -> Mapping[date, str]:
    spoken = next((one for one in _languages(country) if language and one.startswith(language)), None)
    found = holidays.country_holidays(country, subdiv=part, years=year, language=spoken)
    return MappingProxyType(dict(found.items()))


@lru_cache(512)
def _languages(country: str) -> tuple[str, ...]:
    return tuple(holidays.list_localized_countries(include_aliases=False).get(country, ()))


@lru_cache(1)
def _supported() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@lru_cache(512)
def _parts(country: str) -> frozenset[str]:
    parts = holidays.list_supported_countries(include_aliases=False).get(country, [])
    return frozenset(parts)
