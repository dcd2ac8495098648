"""What can be promised to one destination now: the merchant's lane, the calendars it runs over, the calculus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from widgets.delivery.calendar import Days, Region, weekdays
from widgets.delivery.forecast import Forecast, Sent, forecast
from widgets.delivery.learned import Learned, Start, began
from widgets.delivery.promise import Dispatch, Promise, Route, cutoff, dated, promise, taken_on
from widgets.delivery.settings import DeliverySettings, Lane

LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Asked:
    """A parcel that may be sent: its destination as far as it is known, its products, the moment of the order."""

    now: datetime
    country: str | None
    province: str | None = None
    products: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A promise with the lane it travels on.

    ``chance`` is that of arriving by the latest day, learned from ``events`` parcels like this one at ``estimated_at``,
    from what was known up to ``data_until``; None and 0 where the merchant's own times are all there is.
    """

    lane: Lane
    promise: Promise
    chance: float | None = None
    events: int = 0
    estimated_at: datetime | None = None
    data_until: date | None = None


def plan(
    settings: DeliverySettings, zone: ZoneInfo, asked: Asked, learned: Learned | None = None
) -> Plan | None:
    """Return what is promised, by what was learned where that is enough; None without a lane. Raises NeverOpen."""
    lane = settings.lane(asked.country)
    if lane is None or asked.country is None:
        return None
    sent, way = dispatch(settings, zone, asked.products), route(lane, asked.country, asked.province)
    ready = _ready(settings, asked)
    if learned is None or ready is not None or not learned.is_fresh(asked.now):
        return Plan(lane, promise(sent, way, asked.now, not_before=ready))
    today = asked.now.astimezone(zone).date()
    order = Sent(today, start(sent, asked.now), asked.country, asked.province)
    found = forecast(learned, settings, sent, way, order)
    if found is None:
        return Plan(lane, promise(sent, way, asked.now))
    told = _told(sent, way, asked.now, found)
    told = replace(told, order_by=_order_by(learned, settings, sent, way, asked, told))
    return Plan(lane, told, found.chance, found.events, learned.as_of, learned.data_until)


def _order_by(
    learned: Learned, settings: DeliverySettings, sent: Dispatch, way: Route, asked: Asked, told: Promise
) -> datetime:
    """Return the last moment for which the learned day holds: the next cut-off, or the end of a day before it.

    Which weekday an order comes on, and on which side of the cut-off, is a part of what was learned.
    """
    today, country = asked.now.astimezone(sent.zone).date(), asked.country or ""
    ends = [datetime.combine(day, LAST_MINUTE, sent.zone).astimezone(UTC) for day in _days(today, told.taken)]
    for moment in (told.order_by, *reversed(ends)):
        if moment <= asked.now:
            continue
        order = Sent(moment.astimezone(sent.zone).date(), start(sent, moment), country, asked.province)
        found = forecast(learned, settings, sent, way, order)
        if found is not None and found.latest <= told.latest:
            return moment
    return asked.now


def _days(first: date, end: date) -> Iterator[date]:
    """Yield the days from the first one up to before the end."""
    return (first + timedelta(days=number) for number in range((end - first).days))


def start(dispatch: Dispatch, now: datetime) -> Start:
    """Return when in the shop's week an order comes."""
    today = now.astimezone(dispatch.zone).date()
    return began(dispatch.days, today, late=now > cutoff(dispatch, today))


def _told(sent: Dispatch, way: Route, now: datetime, found: Forecast) -> Promise:
    taken, last = taken_on(sent, now), found.handed_over[1]
    packing, travel = sent.days.between(taken, last), way.latest.between(last, found.latest)
    return dated(
        replace(sent, most=packing),
        replace(way, most=travel),
        now,
        found.handed_over,
        (found.earliest, found.latest),
    )


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


def ordinary(settings: DeliverySettings, zone: ZoneInfo, asked: Asked) -> bool:
    """Tell whether an order is packed at the shop's usual pace: only such ones teach how long packing takes."""
    sent, ready = dispatch(settings, zone, asked.products), _ready(settings, asked)
    waits = ready is not None and ready > asked.now.astimezone(zone).date()
    return (sent.least, sent.most) == settings.handling_days and not waits


def route(lane: Lane, country: str, province: str | None) -> Route:
    """Return how long the lane takes to that destination; without a province, any region's holiday delays the latest."""
    days, region = weekdays(lane.days), Region(country, province)
    return Route(lane.min, lane.max, Days(days, region), Days(days, region, anywhere=True))


def _ready(settings: DeliverySettings, asked: Asked) -> date | None:
    days = [one.available_on for one in settings.slow(asked.products) if one.available_on is not None]
    return max(days, default=None)
