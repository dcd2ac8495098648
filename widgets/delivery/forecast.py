"""A learned date: the first day by which as many parcels arrive as the shop wants to keep, and the chance of it."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from widgets.delivery import learned as tables
from widgets.delivery.arrival import EARLY, arrivals
from widgets.delivery.calendar import Days
from widgets.delivery.correction import ratio, stated, unstated
from widgets.delivery.learned import Learned, Start
from widgets.delivery.promise import Dispatch, Route
from widgets.delivery.same import Same
from widgets.delivery.settings import DeliverySettings

_CLOSE = 0.005
"""Where the level is out of reach, waiting for the last half point would put the day off for weeks."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days of arrival with the ``chance`` of the latest, learned from ``events`` parcels like this one.

    ``raw`` is that chance before the shop's correction; ``handed_over`` the days of hand-over that go with them.
    """

    handed_over: tuple[date, date]
    earliest: date
    latest: date
    chance: float
    raw: float
    events: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An order of a local day, by when in the week it came, on its way to a destination."""

    ordered_on: date
    start: Start
    country: str
    province: str | None


def forecast(
    learned: Learned, settings: DeliverySettings, dispatch: Dispatch, route: Route, sent: Sent
) -> Forecast | None:
    """Return the learned days; None while too little is known, or for products that take another time."""
    if (dispatch.least, dispatch.most) != settings.handling_days:
        return None
    return _forecast(Same(learned), Same(settings), dispatch.days, route, sent)


@lru_cache(8192)
def _forecast(
    learned: Same[Learned], settings: Same[DeliverySettings], dispatch: Days, route: Route, sent: Sent
) -> Forecast | None:
    packing = tables.handling(learned.it, settings.it.handling_days, sent.start)
    travel = tables.transit(learned.it, settings.it, sent.country, sent.province)
    if packing is None or travel is None:
        return None
    slow = arrivals(sent.ordered_on, dispatch, route.latest, packing.curve, travel.curve)
    quick = arrivals(sent.ordered_on, dispatch, route.earliest, packing.curve, travel.curve)
    worth = min(packing.curve.worth, travel.curve.worth)
    by = ratio(settings.it.level / 100, learned.it.points)
    wanted = unstated(settings.it.level / 100, by) / worth
    latest = slow.day(wanted if wanted <= slow.plateau else slow.plateau - _CLOSE)
    if latest is None:
        return None
    raw = worth * slow.by(latest)
    earliest = min(latest, quick.day(EARLY) or latest)
    left = [dispatch.after(sent.ordered_on, packing.curve.age(level)) for level in (EARLY, wanted)]
    handed_over = (min(left[0], latest), min(left[1], latest))
    return Forecast(handed_over, earliest, latest, stated(raw, by), raw, travel.events)
