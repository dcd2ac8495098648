"""Whether a promise will be broken, and what can be said instead: pure, from the facts and what was learned.

Where nothing was, the merchant's own lane says how long the rest of the way takes.

Silence is no news: of a parcel on its way nothing is concluded before its carrier has scanned it (semantics G 37).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugin.core.earning import midnight
from plugin.core.orders import OrderState
from widgets.delivery.arrival import EARLY, under_way
from widgets.delivery.contents import undone
from widgets.delivery.journey import SILENCE, Fate, Leg, is_carried, left_behind
from widgets.delivery.planning import dispatch, route
from widgets.delivery.promise import Dispatch, Route
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.survival import Curve
from widgets.delivery.tables import CANCELLED, FAILED, LOST, MISSED

NOT_SENT, SENT_LATE, CARRIER, OVERDUE = "not_sent", "sent_late", "carrier", "overdue"
REASONS = (NOT_SENT, SENT_LATE, CARRIER, OVERDUE, FAILED, LOST)

MORNING_AFTER = timedelta(hours=10)
"""By then it has been reported what was delivered the day before."""

_LIKELY = 0.5 - 1e-9
"""No day is named by which a parcel more probably never arrives."""

_UNPAID = frozenset({"pending", "authorized", "voided", "expired"})
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Why a promise is at risk or broken, with the days that hold instead; None where none can be named."""

    reason: str
    earliest: date | None = None
    latest: date | None = None
    chance: float | None = None
    """Of arriving by ``latest``; None where nothing was learned."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What an order was promised, and by which settings; ``travel`` is how long parcels like it take, once learned."""

    hand_over_by: date
    latest: date
    settings: DeliverySettings
    zone: ZoneInfo
    travel: Curve | None = None

    @property
    def alarm(self) -> float:
        """The chance of arriving in time under which a promise is at risk."""
        return self.settings.alarm_below / 100

    @property
    def level(self) -> float:
        """How often the days that are named shall be kept."""
        return self.settings.level / 100


def outlook(
    state: OrderState, said: Promised, so_far: Fate, ways: Sequence[Leg], now: datetime
) -> Outlook | None:
    """Return what there is to say; None while the promise may well be kept, or where nobody can tell."""
    if so_far.delivered_on is not None or so_far.outcome not in {None, MISSED} or undone(state) is not None:
        return None
    sent = [leg for leg in ways if leg.ended != CANCELLED]
    ended = [leg.ended for leg in sent if leg.ended in {FAILED, LOST}]
    if ended and left_behind(state, ways):
        return Outlook(FAILED if FAILED in ended else LOST)
    facts = state.facts
    lane = said.settings.lane(facts.country)
    if lane is None or facts.country is None:
        return None
    way = route(lane, facts.country, facts.province)
    today = now.astimezone(said.zone).date()
    if so_far.handed_over_on is None:
        if now >= midnight(said.latest + _ONE, said.zone) + SILENCE:
            return None
        products = (line.product_id for line in facts.lines if line.ships)
        sends = dispatch(said.settings, said.zone, (id for id in products if id is not None))
        return None if facts.status in _UNPAID else _not_sent(said, sends, way, today)
    carried = [leg for leg in sent if is_carried(leg)]
    return _on_its_way(said, way, carried, now, today) if carried else None


def _not_sent(said: Promised, sends: Dispatch, way: Route, today: date) -> Outlook | None:
    if today <= said.hand_over_by + _ONE:
        return None
    soonest = sends.days.from_(today)
    then, travel = sends.days.after(soonest, 1), said.travel
    if travel is None:
        latest = way.latest.after(then, way.most)
        return (
            None
            if _is_mild(said, way, latest)
            else Outlook(NOT_SENT, way.earliest.after(soonest, way.least), latest)
        )
    ages = way.latest.between(soonest, _mildest(said, way))
    if travel.by(ages) >= said.alarm:
        return None
    wanted = min(said.level, travel.plateau)
    earliest = way.earliest.after(soonest, travel.age(EARLY * travel.plateau))
    return Outlook(NOT_SENT, earliest, way.latest.after(then, travel.age(wanted)), wanted)


def _on_its_way(
    said: Promised, way: Route, carried: Iterable[Leg], now: datetime, today: date
) -> Outlook | None:
    left = max(leg.handed_over_on for leg in carried)
    late = left > said.hand_over_by
    over = now >= midnight(_mildest(said, way) + _ONE, said.zone) + MORNING_AFTER
    if said.travel is not None:
        return _learned(said, way, left, now, OVERDUE if over else SENT_LATE if late else CARRIER)
    latest = way.latest.after(left, way.most)
    if late and latest >= today and not _is_mild(said, way, latest):
        return Outlook(SENT_LATE, max(today, way.earliest.after(left, way.least)), latest)
    if not over:
        return None
    first, last = max(1, way.least), max(1, way.most)
    return Outlook(OVERDUE, way.earliest.after(today, first), way.latest.after(today, last))


def _learned(said: Promised, way: Route, left: date, now: datetime, reason: str) -> Outlook | None:
    """Judge by how parcels like it travel, given that it has not arrived before the day that is being reported."""
    if said.travel is None:
        return None
    today, reported = (moment.astimezone(said.zone).date() for moment in (now, now - MORNING_AFTER))
    found = under_way(left, way.latest, said.travel, way.latest.from_(reported))
    if reason != OVERDUE and found.by(_mildest(said, way)) >= said.alarm:
        return None
    wanted = min(said.level, found.plateau)
    earliest, latest = found.day(EARLY * found.plateau), found.day(wanted)
    if found.plateau < _LIKELY or earliest is None or latest is None:
        return Outlook(reason)
    return Outlook(reason, max(today, earliest), max(today, latest), wanted)


def _mildest(said: Promised, way: Route) -> date:
    return way.latest.after(said.latest, said.settings.mild_days)


def _is_mild(said: Promised, way: Route, latest: date) -> bool:
    return way.latest.between(said.latest, latest) <= said.settings.mild_days
