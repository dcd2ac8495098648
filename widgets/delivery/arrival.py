"""The day of arrival as a distribution: handling and transit convolved over real calendars, never quantile on quantile."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from widgets.delivery.calendar import Days
from widgets.delivery.survival import Curve

EARLY = 0.10
"""The quantile that names the earliest day (semantics G 35)."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Days with the chance of having arrived by each of them, rising."""

    days: tuple[date, ...]
    chances: tuple[float, ...]

    def by(self, day: date) -> float:
        """Return the chance of having arrived on that day at the latest."""
        found = 0.0
        for one, chance in zip(self.days, self.chances, strict=True):
            if one > day:
                break
            found = chance
        return found

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
    handed_over = dispatch.from_(taken)
    for number, share in enumerate(handling.shares):
        if number:
            handed_over = dispatch.after(handed_over, 1)
        if share > 0:
            _carry(chances, handed_over, share, carrier, transit)
    days = sorted(chances)
    total, risen = 0.0, []
    for day in days:
        total += chances[day]
        risen.append(min(1.0, total))
    return Arrivals(tuple(days), tuple(risen))


def under_way(handed_over: date, carrier: Days, transit: Curve, today: date) -> Arrivals:
    """Return when a parcel that is still on its way today arrives, given that it has not yet."""
    age = carrier.between(handed_over, today)
    gone = transit.by(age - 1) if age else 0.0
    chances: dict[date, float] = defaultdict(float)
    rest = Curve(tuple(max(0.0, chance - gone) for chance in transit.chances), transit.events)
    _carry(chances, handed_over, 1 / max(1e-9, 1 - gone), carrier, rest)
    days = [day for day in sorted(chances) if day >= today]
    total, risen = 0.0, []
    for day in days:
        total += chances[day]
        risen.append(min(1.0, total))
    return Arrivals(tuple(days), tuple(risen))


def _carry(chances: dict[date, float], start: date, weight: float, carrier: Days, transit: Curve) -> None:
    day = start
    for age, share in enumerate(transit.shares):
        day = carrier.after(day, 1) if age else start
        if share > 0:
            chances[day if age else carrier.from_(start)] += weight * share
