"""What can be promised to one destination now: the merchant's lane, the calendars it runs over, the calculus."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from widgets.delivery.calendar import Days, Region, weekdays
from widgets.delivery.promise import Dispatch, Promise, Route, promise
from widgets.delivery.settings import DeliverySettings, Lane


@dataclass(frozen=True, slots=True)
class Asked:
    """A parcel that may be sent: its destination as far as it is known, its products, the moment of the order."""

    now: datetime
    country: str | None
    province: str | None = None
    products: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A promise with the lane it travels on; ``chance`` is that of arriving by the latest day, None until learned."""

    lane: Lane
    promise: Promise
    chance: float | None = None
    events: int = 0


def plan(settings: DeliverySettings, zone: ZoneInfo, asked: Asked) -> Plan | None:
    """Return what is promised; None without a lane to the destination. Raises NeverOpen."""
    lane = settings.lane(asked.country)
    if lane is None or asked.country is None:
        return None
    sent = dispatch(settings, zone, asked.products)
    found = promise(
        sent, route(lane, asked.country, asked.province), asked.now, not_before=_ready(settings, asked)
    )
    return Plan(lane, found)


def dispatch(settings: DeliverySettings, zone: ZoneInfo, products: Iterable[int] = ()) -> Dispatch:
    """Return how the shop sends these products together: the slowest of them decides."""
    ranges = [one.handling_days for one in settings.slow(products) if one.handling_days is not None]
    least = max((low for low, _ in ranges), default=settings.handling_days[0])
    most = max((high for _, high in ranges), default=settings.handling_days[1])
    return Dispatch(
        zone,
        settings.cutoff_times,
        settings.dispatch,
        max(least, settings.handling_days[0]),
        max(most, settings.handling_days[1]),
    )


def route(lane: Lane, country: str, province: str | None) -> Route:
    """Return how long the lane takes to that destination; without a province, any region's holiday delays the latest."""
    days, region = weekdays(lane.days), Region(country, province)
    return Route(lane.min, lane.max, Days(days, region), Days(days, region, anywhere=True))


def _ready(settings: DeliverySettings, asked: Asked) -> date | None:
    days = [one.available_on for one in settings.slow(asked.products) if one.available_on is not None]
    return max(days, default=None)
