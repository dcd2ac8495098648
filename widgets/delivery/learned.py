"""What a shop's own parcels have taught: life tables by lane and by weekday, and what follows for one destination.

Only the finest tables are kept, because tables add up: the country is the sum of its carriers, the merchant's lane
that of its countries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, reduce
from operator import add

from widgets.delivery import prior
from widgets.delivery.calendar import Days
from widgets.delivery.same import Same
from widgets.delivery.settings import DeliverySettings, Lane
from widgets.delivery.survival import Curve, Table, pooled

ENOUGH = 30
"""Parcels that have ended, and orders that were handed over, before a learned date takes the merchant's place."""

FIRST_LAG = 2
"""Days until a delivery is reported, while nobody knows better."""

STALE = timedelta(days=14)
"""An estimate that nobody has renewed for so long is no basis of a promise."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a parcel goes and who brings it; the finest that transit is kept by."""

    country: str
    province: str | None
    carrier: str


@dataclass(frozen=True, slots=True)
class Start:
    """When in the week an order comes, Monday 0; ``late``: after the cut-off of a day of dispatch."""

    weekday: int
    late: bool


def began(dispatch: Days, ordered_on: date, *, late: bool) -> Start:
    """Return when an order of that local day, before or after its cut-off, came."""
    return Start(ordered_on.weekday(), late=late and dispatch.closed(ordered_on) is None)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was known at ``as_of`` of a shop's parcels up to ``data_until``.

    ``points``: the correction of the level; ``lag``: days until a delivery is reported; ``untracked``: share of
    parcels that say nothing.
    """

    as_of: datetime
    data_until: date
    handling: Mapping[Start, Table]
    transit: Mapping[Way, Table]
    points: float = 0.0
    lag: int = FIRST_LAG
    untracked: float = 0.0

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether an order of that time may be promised a day by it: not by what was learned after it."""
        return -timedelta(days=1) <= now - self.as_of < STALE


@dataclass(frozen=True, slots=True)
class Stage:
    """A curve, with how many parcels like this one have ended."""

    curve: Curve
    events: int


def handling(learned: Learned, days: tuple[int, int], start: Start) -> Stage | None:
    """Return the days of dispatch until hand-over, counted from the first one on or after an order's day.

    None while too little is known.
    It starts from ``days``, the merchant's own range; then all orders, those of that side of the cut-off, and those of
    that weekday are asked in turn. What is usual a day later after the cut-off may well be sooner: that is learned.
    """
    return _handling(Same(learned), days, start)


def transit(learned: Learned, settings: DeliverySettings, country: str, province: str | None) -> Stage | None:
    """Return the carrier's days from hand-over to delivery; None while too little is known of the destination."""
    return _transit(Same(learned), Same(settings), country, province)


@lru_cache(4096)
def _handling(learned: Same[Learned], days: tuple[int, int], start: Start) -> Stage | None:
    tables = learned.it.handling
    everything = _sum(table.moved(start.late - one.late) for one, table in tables.items())
    if everything.count < ENOUGH:
        return None
    side = _sum(table for one, table in tables.items() if one.late == start.late)
    believed = prior.ranged(days[0] + start.late, days[1] + start.late)
    curve = pooled(believed, (everything, side, tables.get(start, Table())))
    return Stage(curve, everything.count)


@lru_cache(4096)
def _transit(
    learned: Same[Learned], settings: Same[DeliverySettings], country: str, province: str | None
) -> Stage | None:
    lane = settings.it.lane(country)
    if lane is None:
        return None
    tables = learned.it.transit
    shop = _sum(_moved(settings.it, lane, way, table) for way, table in tables.items())
    same_lane = _sum(table for way, table in tables.items() if settings.it.lane(way.country) == lane)
    there = {way: table for way, table in tables.items() if way.country == country}
    by_carrier = {way: table for way, table in there.items() if _named(way.carrier) == _named(lane.carrier)}
    near = _sum(table for way, table in by_carrier.items() if province and way.province == province)
    narrower = (same_lane, _sum(there.values()), _sum(by_carrier.values()), near)
    # "Every other country" is no likeness: such a lane lends its curve to a country, but not its number.
    like = narrower[1:] if "*" in lane.countries else narrower
    events = next((table.count for table in reversed(like) if table.count >= ENOUGH), 0)
    if not events:
        return None
    believed = prior.travelling(settings.it.from_.country, country, lane.min, lane.max)
    return Stage(pooled(believed, (shop, *narrower)), events)


def _moved(settings: DeliverySettings, lane: Lane, way: Way, table: Table) -> Table:
    """Of another lane only how far it keeps what the merchant says of it can be carried over."""
    other = settings.lane(way.country)
    return Table() if other is None else table.moved(lane.max - other.max)


def _sum(tables: Iterable[Table]) -> Table:
    return reduce(add, tables, Table())


def _named(carrier: str) -> str:
    return " ".join(carrier.casefold().split())
