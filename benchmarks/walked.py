"""Promises made day by day over the past, as they would have been made then, and what became of them.

At each moment only what was known by then is used: a delivery counts from when it was reported, a lost parcel from
when it was found lost, and the shop's correction from when a promise had matured.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from widgets.delivery.correction import Matured, fed, ratio, unstated
from widgets.delivery.learned import Way
from widgets.delivery.learning import WINDOW, Known, Parcel, Taken, learn
from widgets.delivery.planning import Asked, Plan, dispatch, plan, route, start
from widgets.delivery.promise import taken_on
from widgets.delivery.settings import DeliverySettings

ONE = timedelta(days=1)
LONGEST = timedelta(days=15)
"""Beyond the window, for what is reported late."""
LONGEST_REST = 15
"""Days within which every carrier delivers."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One order and its parcel as it all happened; ``known_at`` is when its end was reported.

    ``lost_at``: when it was given up; ``cancelled_at``: when the order was called off.
    """

    ordered_at: datetime
    way: Way
    handed_over_at: datetime | None
    delivered_at: datetime | None = None
    known_at: datetime | None = None
    lost_at: datetime | None = None
    cancelled_at: datetime | None = None
    tracked: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """A promise with what became of it; ``sooner``: whether one delivery day less would have been kept as well."""

    on: date
    country: str
    latest: date
    days: int
    chance: float
    kept: bool
    sooner: bool
    early: bool


@dataclass(frozen=True, slots=True)
class Walked:
    """A journey's local days and its rows.

    The order's row while it is ``waiting`` and once it was ``taken``; its parcel's while under way and once it ended,
    None where nobody can tell.
    """

    journey: Journey
    on: date
    delivered: date | None
    cancelled: date | None
    waiting: Taken
    taken: Taken
    parcels: tuple[Parcel, Parcel] | None


@dataclass(frozen=True, slots=True)
class _Open:
    """A promise that has not matured, with the ratio under which it was stated."""

    walked: Walked
    made: Plan
    by: float


class Walk:
    """A shop's past, walked through day by day."""

    def __init__(self, settings: DeliverySettings, zone: ZoneInfo, journeys: Iterable[Journey]) -> None:
        """Sort the journeys by the time of their orders."""
        self.settings, self.zone = settings, zone
        ordered = sorted(journeys, key=lambda one: one.ordered_at)
        self.walked = [self._walked(one) for one in ordered]
        self.days = [one.on for one in self.walked]

    def promises(self, levels: Sequence[int]) -> dict[int, list[Judged]]:
        """Return, by level, every promise that was made with a chance and can be judged."""
        shops = {level: self.settings.model_copy(update={"level": level}) for level in levels}
        points = dict.fromkeys(levels, 0.0)
        waiting: dict[int, list[_Open]] = {level: [] for level in levels}
        found: dict[int, list[Judged]] = {level: [] for level in levels}
        for day in self._every_day():
            now = datetime.combine(day, time(3), self.zone).astimezone(UTC)
            learned = learn(self.settings, self.zone, self.known(now))
            for level, shop in shops.items():
                points[level] = self._feed(points[level], level, waiting[level], learned.data_until, now)
                current = replace(learned, points=points[level])
                by = ratio(level / 100, points[level])
                for one in self._of(day):
                    asked = Asked(one.journey.ordered_at, one.journey.way.country, one.journey.way.province)
                    made = plan(shop, self.zone, asked, current)
                    if made is None or made.chance is None:
                        continue
                    waiting[level].append(_Open(one, made, by))
                    if (judged := self._judged(one, made)) is not None:
                        found[level].append(judged)
        return found

    def known(self, now: datetime) -> Known:
        """Return what was known of orders and parcels at that moment."""
        today = now.astimezone(self.zone).date()
        first = bisect_left(self.days, today - WINDOW - LONGEST - 2 * ONE)
        orders, parcels, lags = [], [], Counter[int]()
        untracked = sent = 0
        for one in self.walked[first : bisect_left(self.days, today)]:
            journey = one.journey
            if journey.cancelled_at is not None and journey.cancelled_at <= now:
                orders.append(one.taken)
                continue
            if journey.handed_over_at is None or journey.handed_over_at > now:
                orders.append(one.waiting)
                continue
            orders.append(one.taken)
            sent, untracked = sent + 1, untracked + (not journey.tracked)
            if one.parcels is not None:
                ended = journey.known_at is not None and journey.known_at <= now
                parcels.append(one.parcels[ended])
                if ended and journey.delivered_at is not None and journey.known_at is not None:
                    lags[-(-(journey.known_at - journey.delivered_at) // ONE)] += 1
        return Known(now, orders, parcels, lags, untracked / sent if sent else 0.0)

    def _feed(self, points: float, level: int, waiting: list[_Open], until: date, now: datetime) -> float:
        matured = sorted(
            (one for one in waiting if one.made.promise.latest <= until),
            key=lambda one: one.made.promise.latest,
        )
        waiting[:] = [one for one in waiting if one.made.promise.latest > until]
        told = [
            Matured(unstated(one.made.chance or 0.0, one.by), kept)
            for one in matured
            if (kept := _kept(one.walked, one.made.promise.latest, now)) is not None
        ]
        return fed(points, level / 100, told)

    def _judged(self, one: Walked, made: Plan) -> Judged | None:
        promise, way = made.promise, one.journey.way
        kept = _kept(one, promise.latest, None)
        if kept is None:
            return None
        carrier = route(made.lane, way.country, way.province).latest
        before = (promise.latest - back * ONE for back in range(1, LONGEST_REST))
        sooner = next(day for day in before if carrier.closed(day) is None)
        return Judged(
            one.on,
            way.country,
            promise.latest,
            (promise.latest - one.on).days,
            made.chance or 0.0,
            kept=kept,
            sooner=one.delivered is not None and one.delivered <= sooner,
            early=one.delivered is not None and one.delivered < promise.earliest,
        )

    def _every_day(self) -> Iterator[date]:
        return (self.days[0] + number * ONE for number in range((self.days[-1] - self.days[0]).days + 1))

    def _of(self, day: date) -> list[Walked]:
        return self.walked[bisect_left(self.days, day) : bisect_left(self.days, day + ONE)]

    def _walked(self, journey: Journey) -> Walked:
        shop = dispatch(self.settings, self.zone)
        begins = start(shop, journey.ordered_at)
        taken = Taken(begins, taken_on(shop, journey.ordered_at))
        on, over = self._local(journey.handed_over_at), self._local(journey.cancelled_at)
        return Walked(
            journey,
            journey.ordered_at.astimezone(self.zone).date(),
            delivered=self._local(journey.delivered_at),
            cancelled=over,
            waiting=taken,
            taken=replace(taken, handed_over_on=on, void_on=None if on else over),
            parcels=self._parcels(journey) if journey.tracked else None,
        )

    def _parcels(self, journey: Journey) -> tuple[Parcel, Parcel] | None:
        on = self._local(journey.handed_over_at)
        if on is None:
            return None
        under_way = Parcel(journey.way, on)
        delivered, lost = self._local(journey.delivered_at), self._local(journey.lost_at)
        return under_way, replace(under_way, delivered_on=delivered, lost_on=lost)

    def _local(self, at: datetime | None) -> date | None:
        return None if at is None else at.astimezone(self.zone).date()


def _kept(one: Walked, latest: date, now: datetime | None) -> bool | None:
    """Tell whether a promise was kept, as known at ``now`` or in the end; None where nobody can tell, or it was void."""
    if not one.journey.tracked or (one.cancelled is not None and one.cancelled <= latest):
        return None
    if one.delivered is None or one.journey.known_at is None:
        return False
    return one.delivered <= latest and (now is None or one.journey.known_at <= now)
