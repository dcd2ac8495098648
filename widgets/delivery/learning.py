"""From what is known of a shop's orders and parcels at a moment to what they teach.

Days are counted in the shop's days of dispatch and the carrier's days of delivery; only what lies within the window
counts, and nothing is concluded from days of which not everything can have been reported yet.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from widgets.delivery.calendar import ONE, Days, Region, weekdays
from widgets.delivery.learned import FIRST_LAG, Learned, Start, Way, began
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.silence import Heard
from widgets.delivery.survival import DONE, LOST, OPEN, Spell, Table, tabled

WINDOW = timedelta(days=90)
HALF_LIFE = 30
"""Days after which a parcel counts half as much: weeks before Christmas are unlike those of autumn."""
SILENCE = timedelta(days=21)
"""A parcel that was not scanned for so long is lost (semantics G 37)."""

_MOST_LAG = 10
_FEW = 30
_DELIVERS = "mon-sat"
"""Where no lane leads to a country any more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Orders alike: taken up on a day, handed over on one, or called off on one; ``count`` of them."""

    start: Start
    taken_on: date
    handed_over_on: date | None = None
    void_on: date | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """Parcels alike: delivered on a day, lost on one, or under way.

    ``seen_on``: since when it was watched, where that was not its hand-over. ``scanned``: a carrier has said that it has
    it; ``at_once``: the first that it said was that it had arrived.
    """

    way: Way
    handed_over_on: date
    delivered_on: date | None = None
    lost_on: date | None = None
    seen_on: date | None = None
    count: int = 1
    scanned: bool = True
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a shop's orders and parcels at ``now``; ``lags``: days until deliveries were reported."""

    now: datetime
    orders: Sequence[Taken]
    parcels: Sequence[Parcel]
    lags: Mapping[int, int]
    untracked: float = 0.0


def learn(settings: DeliverySettings, zone: ZoneInfo, known: Known, points: float = 0.0) -> Learned:
    """Return what is learned of all that, with the shop's correction."""
    lag = reporting_lag(known.lags)
    today = known.now.astimezone(zone).date()
    until = today - timedelta(days=lag + 1)
    since = until - WINDOW
    return Learned(
        as_of=known.now,
        data_until=until,
        handling=_handling(settings.dispatch, known.orders, since, until),
        transit=_transit(settings, known.parcels, since, until),
        points=points,
        lag=lag,
        untracked=known.untracked,
    )


def reporting_lag(lags: Mapping[int, int]) -> int:
    """Return the days within which 99 of 100 deliveries are reported; at first two."""
    total = sum(lags.values())
    if total < _FEW:
        return FIRST_LAG
    rank, reached = ceil(0.99 * total), 0
    for days in sorted(lags):
        reached += lags[days]
        if reached >= rank:
            return min(_MOST_LAG, max(0, days))
    return FIRST_LAG


def _handling(dispatch: Days, orders: Iterable[Taken], since: date, until: date) -> dict[Start, Table]:
    spells: dict[Start, dict[Spell, float]] = defaultdict(lambda: defaultdict(float))
    counts = Counter[Start]()
    spans = _Spans(dispatch, until)
    for one in orders:
        ordered_on = one.taken_on - ONE * ((one.taken_on.weekday() - one.start.weekday) % 7)
        if since < ordered_on <= until:
            spell = spans.spell(dispatch.from_(ordered_on), one.handed_over_on, None, one.void_on)
            start = began(dispatch, ordered_on, late=one.start.late)
            spells[start][spell] += one.count * _weight(until - ordered_on)
            counts[start] += one.count * spell.counts
    return {start: tabled(found, counts[start]) for start, found in spells.items()}


def _transit(
    settings: DeliverySettings, parcels: Sequence[Parcel], since: date, until: date
) -> dict[Way, Table]:
    dispatch = settings.dispatch
    spells: dict[Way, dict[Spell, float]] = defaultdict(lambda: defaultdict(float))
    counts = Counter[Way]()
    spans: dict[Way, _Spans] = {}
    waiting = heard(parcels, since).waiting(until)
    for one in parcels:
        likely = 1.0 if one.scanned else waiting.get((one.way, one.handed_over_on), 0.0)
        if likely and since < one.handed_over_on <= until and (one.seen_on is None or one.seen_on <= until):
            its = spans.get(one.way) or spans.setdefault(one.way, _Spans(_carrier(settings, one.way), until))
            # From the day to which handling counts it, so that both together end on the day of delivery.
            left = dispatch.from_(one.handed_over_on)
            spell = its.spell(left, one.delivered_on, one.lost_on, None, one.seen_on)
            spells[one.way][spell] += likely * one.count * _weight(until - one.handed_over_on)
            counts[one.way] += one.count * spell.counts
    return {way: tabled(found, counts[way]) for way, found in spells.items()}


def heard(parcels: Iterable[Parcel], since: date) -> Heard:
    """Return how many parcels of each day were heard of."""
    found = Heard()
    for one in parcels:
        if one.handed_over_on > since:
            arrived = one.delivered_on is not None
            found.add(
                one.way,
                one.handed_over_on,
                one.count,
                scanned=one.scanned,
                arrived=arrived,
                at_once=arrived and one.at_once,
            )
    return found


def _carrier(settings: DeliverySettings, way: Way) -> Days:
    lane = settings.lane(way.country)
    return Days(weekdays(_DELIVERS if lane is None else lane.days), Region(way.country, way.province))


def _weight(ago: timedelta) -> float:
    return float(0.5 ** (ago.days / HALF_LIFE))


class _Spans:
    """Turns days into ages of one calendar; the same few spans come again and again."""

    def __init__(self, days: Days, until: date) -> None:
        self._days, self._until = days, until
        self._found: dict[tuple[date | None, ...], Spell] = {}

    def spell(
        self,
        start: date,
        done: date | None,
        lost: date | None = None,
        censored: date | None = None,
        seen: date | None = None,
    ) -> Spell:
        key = (start, done, lost, censored, seen)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._spell(start, done, lost, censored, seen)
        return found

    def _spell(
        self, start: date, done: date | None, lost: date | None, censored: date | None, seen: date | None
    ) -> Spell:
        """What happened later than ``until`` is not yet known of all, so that it is not yet known of any.

        Who was found on the way counts from the day after: it may have been found by its very arrival.
        """
        days, until = self._days, self._until
        entered = 0 if seen is None or seen <= start else days.between(start, seen) + 1
        if done is not None and done <= until:
            return Spell(self._age(start, done), DONE, entered)
        if lost is not None and lost <= until:
            return Spell(self._age(start, lost), LOST, entered)
        end = until if censored is None else min(until, censored)
        return Spell(days.between(start, end), OPEN, entered)

    def _age(self, start: date, end: date) -> int:
        """What happens on a day off is counted with the next day: a promise names working days alone."""
        return self._days.between(start, self._days.from_(end)) if end > start else 0
