"""The day of arrival as a distribution: handling and transit convolved over real calendars, never quantile on quantile."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from widgets.delivery.calendar import Days
from widgets.delivery.survival import Curve

EARLY = 0.10
"""The quantile that names the earliest day (semantics G 35)."""

_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Days with the chance of having arrived by each of them, rising."""

    days: tuple[date, ...]
    chances: tuple[float, ...]

    def by(self, day: date) -> float:
        """Return the chance of having arrived on that day at the latest."""
        place = bisect_right(self.days, day)
        return self.chances[place - 1] if place else 0.0

    @property
    def plateau(self) -> float:
        """The chance of arriving at all."""
        return self.chances[-1] if self.chances else 0.0

    def day(self, level: float) -> date | None:
        """Return the first day by which at least ``level`` have arrived; None where so many never do."""
        pairs = zip(self.days, self.chances, strict=True)
        return next((one for one, chance in pairs if chance >= level - 1e-12), None)


def arrivals(taken: date, dispatch: Days, carrier: Days, handling: Curve, transit: Curve) -> Arrivals:
    """Return when an order taken up on that dispatch day arrives.

    Ages of handling are dispatch days after ``taken``, ages of transit the carrier's days after the hand-over.
    """
    chances: dict[date, float] = defaultdict(float)
    days = dispatch.ages(taken, len(handling.chances))
    for handed_over, share in zip(days, handling.shares, strict=True):
        if share > _NOTHING:
            _carry(chances, handed_over, share, carrier, transit.shares)
    return _risen(chances)


def under_way(handed_over: date, carrier: Days, transit: Curve, today: date) -> Arrivals:
    """Return when a parcel that is still on its way today arrives, given that it has neither arrived nor is lost."""
    age = carrier.between(handed_over, today)
    gone = transit.by(age - 1)
    left = 1 - gone - transit.lost_by(age - 1)
    chances: dict[date, float] = defaultdict(float)
    rest = Curve(tuple(max(0.0, chance - gone) for chance in transit.chances), transit.events)
    _carry(chances, handed_over, 1 / max(_NOTHING, left), carrier, rest.shares)
    return _risen({day: share for day, share in chances.items() if day >= today})


def _carry(
    chances: dict[date, float], start: date, weight: float, carrier: Days, shares: tuple[float, ...]
) -> None:
    for day, share in zip(carrier.ages(start, len(shares)), shares, strict=True):
        if share > 0:
            chances[day] += weight * share


def _risen(chances: Mapping[date, float]) -> Arrivals:
    days = sorted(chances)
    total, risen = 0.0, []
    for day in days:
        total += chances[day]
        risen.append(min(1.0, total))
    return Arrivals(tuple(days), tuple(risen))
