"""Whether a promise will be broken, and what can be said instead: pure, from the facts and the merchant's own lane.

Silence is no news: of a parcel on its way nothing is concluded before its carrier has scanned it (semantics G 37).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugin.core.earning import midnight
from plugin.core.orders import OrderState
from widgets.delivery.journey import Fate, Leg, undone
from widgets.delivery.planning import dispatch, route
from widgets.delivery.promise import Dispatch, Route
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.tables import CANCELLED, FAILED, LOST, MISSED

NOT_SENT, SENT_LATE, OVERDUE = "not_sent", "sent_late", "overdue"
REASONS = (NOT_SENT, SENT_LATE, OVERDUE, FAILED, LOST)

MORNING_AFTER = timedelta(hours=10)
"""By then it has been reported what was delivered the day before."""

_UNPAID = frozenset({"pending", "authorized", "voided", "expired"})
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Why a promise is at risk or broken, with the days that hold instead; None where none can be named."""

    reason: str
    earliest: date | None = None
    latest: date | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """What an order was promised, and by which settings."""

    hand_over_by: date
    latest: date
    settings: DeliverySettings
    zone: ZoneInfo


def outlook(
    state: OrderState, said: Promised, so_far: Fate, ways: Sequence[Leg], now: datetime
) -> Outlook | None:
    """Return what there is to say; None while the promise may well be kept, or where nobody can tell."""
    if so_far.delivered_on is not None or so_far.outcome not in {None, MISSED} or undone(state) is not None:
        return None
    sent = [leg for leg in ways if leg.ended != CANCELLED]
    ended = [leg.ended for leg in sent if leg.ended in {FAILED, LOST}]
    open_ = [leg for leg in sent if leg.ended is None]
    if ended and not open_:
        return Outlook(FAILED if FAILED in ended else LOST)
    facts = state.facts
    lane = said.settings.lane(facts.country)
    if lane is None or facts.country is None:
        return None
    way = route(lane, facts.country, facts.province)
    today = now.astimezone(said.zone).date()
    if so_far.handed_over_on is None:
        products = (line.product_id for line in facts.lines if line.ships)
        sends = dispatch(said.settings, said.zone, (id for id in products if id is not None))
        return None if facts.status in _UNPAID else _not_sent(said, sends, way, today)
    if not all(leg.tracked for leg in open_):
        return None
    return _on_its_way(said, way, open_, now, today)


def _not_sent(said: Promised, sends: Dispatch, way: Route, today: date) -> Outlook | None:
    if today <= said.hand_over_by + _ONE:
        return None
    soonest = sends.days.from_(today)
    latest = way.latest.after(sends.days.after(soonest, 1), way.most)
    if _is_mild(said, way, latest):
        return None
    return Outlook(NOT_SENT, way.earliest.after(soonest, way.least), latest)


def _on_its_way(
    said: Promised, way: Route, open_: Iterable[Leg], now: datetime, today: date
) -> Outlook | None:
    left = max((leg.handed_over_on for leg in open_), default=said.hand_over_by)
    latest = way.latest.after(left, way.most)
    if left > said.hand_over_by and latest >= today and not _is_mild(said, way, latest):
        return Outlook(SENT_LATE, max(today, way.earliest.after(left, way.least)), latest)
    if now < midnight(said.latest + _ONE, said.zone) + MORNING_AFTER:
        return None
    first, last = max(1, way.least), max(1, way.most)
    return Outlook(OVERDUE, way.earliest.after(today, first), way.latest.after(today, last))


def _is_mild(said: Promised, way: Route, latest: date) -> bool:
    return way.latest.between(said.latest, latest) <= said.settings.mild_days
