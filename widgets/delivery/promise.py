"""The promise calculus: from the moment of an order to the days on which it arrives.

``order -> cut-off on the shop's clock -> handling in dispatch days -> hand-over -> transit in carrier days``. Pure: the
moment is an argument, and every day is one of a stated calendar.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from widgets.delivery.calendar import ONE, Closed, Days


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How a shop sends: cut-offs by weekday (Monday first) on its clock, working days, handling in dispatch days.

    An order up to and at the cut-off of a dispatch day is taken that day, a later one on the next dispatch day;
    handling of 0 hands it over on the day it was taken, of 1 on the next dispatch day.
    """

    zone: ZoneInfo
    cutoffs: tuple[time, ...]
    days: Days
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Route:
    """How long a carrier takes, in its own days; ``earliest`` and ``latest`` read the destination's holidays."""

    least: int
    most: int
    earliest: Days
    latest: Days


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that makes the latest day what it is: ``kind`` with its day or number of days."""

    kind: str
    day: date | None = None
    count: int = 0


CUTOFF, PREORDER, HANDLING, TRANSIT = "cutoff", "preorder", "handling", "transit"
DISPATCH_CLOSED, CARRIER_CLOSED = "dispatch", "carrier"


@dataclass(frozen=True, slots=True)
class Promise:
    """Both ends of each step, as local days; ``order_by`` (UTC) is the last moment for which all of it holds."""

    taken: date
    handed_over: tuple[date, date]
    earliest: date
    latest: date
    order_by: datetime
    reasons: tuple[Reason, ...]


def promise(dispatch: Dispatch, route: Route, now: datetime, *, not_before: date | None = None) -> Promise:
    """Return when an order of this moment arrives; a pre-order is not taken before its day. Raises NeverOpen."""
    taken = taken_on(dispatch, now, not_before)
    first = dispatch.days.after(taken, dispatch.least)
    last = dispatch.days.after(taken, dispatch.most)
    earliest = route.earliest.after(first, route.least)
    latest = max(earliest, route.latest.after(last, route.most))
    return dated(dispatch, route, now, (first, last), (earliest, latest), not_before=not_before)


def dated(
    dispatch: Dispatch,
    route: Route,
    now: datetime,
    handed_over: tuple[date, date],
    arrives: tuple[date, date],
    *,
    not_before: date | None = None,
) -> Promise:
    """Return the promise of these days of hand-over and arrival, wherever they come from, with its reasons."""
    taken, (earliest, latest) = taken_on(dispatch, now, not_before), arrives
    return Promise(
        taken=taken,
        handed_over=handed_over,
        earliest=earliest,
        latest=latest,
        order_by=cutoff(dispatch, taken),
        reasons=_reasons(dispatch, route, now, taken, handed_over[1], latest, not_before),
    )


def taken_on(dispatch: Dispatch, now: datetime, not_before: date | None = None) -> date:
    """Return the dispatch day on which an order of this moment is taken up."""
    today = now.astimezone(dispatch.zone).date()
    if not_before is not None and not_before > today:
        return dispatch.days.from_(not_before)
    return dispatch.days.from_(today if now <= cutoff(dispatch, today) else today + ONE)


def cutoff(dispatch: Dispatch, day: date) -> datetime:
    """Return that day's cut-off in UTC.

    A time that the clock skips is as long after midnight as it would have been; of one that comes twice, the first.
    """
    return datetime.combine(day, dispatch.cutoffs[day.weekday()], dispatch.zone).astimezone(UTC)


def _reasons(
    dispatch: Dispatch,
    route: Route,
    now: datetime,
    taken: date,
    handed_over: date,
    latest: date,
    not_before: date | None,
) -> tuple[Reason, ...]:
    today = now.astimezone(dispatch.zone).date()
    found: list[Reason] = []
    start = today
    if not_before is not None and not_before > today:
        found.append(Reason(PREORDER, not_before))
        start = not_before
    elif now > cutoff(dispatch, today) and dispatch.days.closed(today) is None:
        found.append(Reason(CUTOFF, today))
        start = today + ONE
    found += _closed(DISPATCH_CLOSED, dispatch.days.passed_over(start, handed_over))
    if dispatch.most:
        found.append(Reason(HANDLING, count=dispatch.most))
    found += _closed(CARRIER_CLOSED, route.latest.passed_over(handed_over + ONE, latest))
    if route.most:
        found.append(Reason(TRANSIT, count=route.most))
    return tuple(found)


def _closed(kind: str, days: tuple[Closed, ...]) -> list[Reason]:
    return [Reason(f"{kind}_{one.kind}", one.day) for one in days]
