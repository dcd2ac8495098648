"""How parcels travelled and what became of a promise: functions of an order's facts and of the time, nothing else.

Whatever comes late or twice, the same facts at the same time say the same; nothing is remembered that they would not
say again (semantics G 35, 37).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugin.core.earning import midnight
from plugin.core.orders import OrderState
from plugin.core.parcels import Parcel, Scan
from widgets.delivery.contents import covered, held, is_off, is_void, kept_pieces, undone
from widgets.delivery.tables import CANCELLED, DELIVERED, FAILED, KEPT, LOST, MISSED, UNKNOWN, VOID

SILENCE = timedelta(days=21)
"""A parcel that its carrier has not scanned for so long is lost."""

REPORTED = timedelta(days=2)
"""So long after a day, what the carriers did on it is known."""

ARRIVED = frozenset({"delivered", "picked_up"})
RETURNED = frozenset({"failure", "not_delivered"})
MOVED = (
    ARRIVED
    | RETURNED
    | {
        "carrier_picked_up",
        "in_transit",
        "delayed",
        "ready_for_pickup",
        "out_for_delivery",
        "attempted_delivery",
    }
)
"""What a carrier says of a parcel it has in its hands; a printed label is none of it."""

_DROPPED = frozenset({"cancelled", "error", "failure"})
_TO_BE_PAID = frozenset({"pending", "authorized"})


@dataclass(frozen=True, slots=True)
class Leg:
    """One parcel's way; days on the shop's clock. The fields are the columns of its row."""

    number: int
    carrier: str | None
    handed_over_at: datetime
    handed_over_on: date
    first_scan_at: datetime | None
    last_scan_at: datetime | None
    delivered_at: datetime | None
    delivered_on: date | None
    ended: str | None
    seen_at: datetime | None
    known_at: datetime | None
    tracked: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a promise until now; the fields are the columns of its row."""

    handed_over_on: date | None = None
    delivered_on: date | None = None
    tracked: bool = False
    outcome: str | None = None
    decided_at: datetime | None = None
    review_at: datetime | None = None
    awaited: bool = False


def legs(state: OrderState, zone: ZoneInfo, since: datetime, now: datetime) -> tuple[Leg, ...]:
    """Return the ways of the order's parcels that hold goods; ``since`` is from when on the shop's orders count."""
    goods = {line.id for line in state.facts.lines if line.ships}
    known = {line.id for line in state.facts.lines}
    return tuple(
        _leg(parcel, parcel.created_at, zone, since, now)
        for parcel in state.parcels
        if parcel.created_at is not None and _holds(parcel, goods, known)
    )


def fate(state: OrderState, travelled: Sequence[Leg], latest: date, zone: ZoneInfo, now: datetime) -> Fate:
    """Return what became of the promise that the order arrives by ``latest``; ``travelled`` are its ``legs``."""
    sent = [leg for leg in travelled if leg.ended != CANCELLED]
    living = _living(sent)
    whole = covered(state, _numbers(sent))
    arrived = [leg for leg in living if leg.ended == DELIVERED]
    all_arrived = len(arrived) == len(living) and covered(state, _numbers(arrived))
    handed_over_on = max(leg.handed_over_on for leg in sent) if whole else None
    last = max(arrived, key=_delivery) if all_arrived else None
    tracked = bool(sent) and all(leg.tracked for leg in sent)
    over = midnight(latest + timedelta(days=1), zone)
    outcome, decided_at, review_at = _outcome(_Case(state, latest, over, now, sent, living, whole, last))
    awaited = last is None and outcome in {None, MISSED} and not is_off(state)
    return Fate(
        handed_over_on,
        last.delivered_on if last else None,
        tracked,
        outcome,
        decided_at,
        review_at,
        awaited and (bool(sent) or state.facts.status not in _TO_BE_PAID),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    state: OrderState
    latest: date
    over: datetime
    """When that day ends."""
    now: datetime
    sent: Sequence[Leg]
    living: Sequence[Leg]
    """Those that arrived or still may."""
    whole: bool
    """All that the order holds was handed over."""
    last: Leg | None
    """The parcel that arrived last, once all have."""


def _outcome(case: _Case) -> tuple[str | None, datetime | None, datetime | None]:
    state, last, now = case.state, case.last, case.now
    if is_void(state):
        return VOID, state.facts.updated_at, None
    gone = undone(state)
    if gone is not None and (last is None or _delivery(last) > gone):
        return (VOID if gone < case.over else UNKNOWN if _may_have_come(case) else MISSED), gone, None
    if last is not None and last.delivered_on is not None:
        return (KEPT if last.delivered_on <= case.latest else MISSED), _delivery(last), None
    if case.whole and not covered(state, _numbers(case.living)):
        return MISSED, max(leg.known_at or now for leg in case.sent if leg not in case.living), None
    reported = case.over + REPORTED
    if late := _too_late(case):
        return MISSED, min(*late, reported), None
    if case.whole and _silent(case.living):
        return _untold(case)
    if not case.sent and state.facts.status in _TO_BE_PAID:
        given_up = case.over + SILENCE
        return (UNKNOWN, given_up, None) if now >= given_up else (None, None, given_up)
    return (MISSED, reported, None) if now >= reported else (None, None, reported)


def _silent(living: Sequence[Leg]) -> bool:
    """Tell whether no carrier says when the last parcel comes; one that is tracked and under way says it will be later."""
    return any(not leg.tracked for leg in living) and not any(is_carried(leg) for leg in living)


def _too_late(case: _Case) -> list[datetime]:
    """Return when each parcel left or came that did so after the day: no word of any other parcel helps that."""
    return [
        leg.handed_over_at if leg.handed_over_on > case.latest else _delivery(leg)
        for leg in case.living
        if (leg.delivered_on or leg.handed_over_on) > case.latest
    ]


def _may_have_come(case: _Case) -> bool:
    """Tell whether all that was kept on the day, of what was called off later, left in time and nobody knows the rest."""
    return (
        _silent(case.living)
        and not _too_late(case)
        and covered(case.state, _numbers(case.living), before=case.over)
    )


def _untold(case: _Case) -> tuple[str | None, datetime | None, datetime | None]:
    """Where no carrier says anything, nobody knows; with a tracking number one may still begin to."""
    silent = [leg for leg in case.living if not leg.tracked]
    numbers = {parcel.id for parcel in case.state.parcels if parcel.number or parcel.url}
    hopeless = [leg.handed_over_at for leg in silent if leg.number not in numbers]
    if hopeless:
        return UNKNOWN, max(hopeless), None
    given_up = min(leg.handed_over_at for leg in silent) + SILENCE
    return (UNKNOWN, given_up, None) if case.now >= given_up else (None, None, given_up)


def is_carried(leg: Leg) -> bool:
    """Tell whether the parcel is under way and its carrier has said so."""
    return leg.ended is None and leg.tracked


def left_behind(state: OrderState, ways: Iterable[Leg]) -> bool:
    """Tell whether something that was handed over, and is kept, is in no parcel that arrived or still may."""
    sent = [leg for leg in ways if leg.ended != CANCELLED]
    had, has = (held(state, _numbers(some)) for some in (sent, _living(sent)))
    return any(min(had[line], pieces) > has[line] for line, pieces in kept_pieces(state).items())


def _numbers(parcels: Iterable[Leg]) -> list[int]:
    return [leg.number for leg in parcels]


def _living(sent: Iterable[Leg]) -> list[Leg]:
    return [leg for leg in sent if leg.ended not in {FAILED, LOST}]


def _holds(parcel: Parcel, goods: set[int], known: set[int]) -> bool:
    """A gift card is handed over as well, and travels nowhere; of a line that is gone nobody knows."""
    if parcel.items is None:
        return True
    return any(line in goods or line not in known for line, _ in parcel.items)


def _leg(parcel: Parcel, handed_over: datetime, zone: ZoneInfo, since: datetime, now: datetime) -> Leg:
    scans = _scans(parcel)
    first = min((scan.at for scan in scans), default=None)
    last = max(scans, key=lambda scan: (scan.at, scan.id), default=None)
    home = min(
        (scan for scan in scans if scan.status in ARRIVED), key=lambda scan: (scan.at, scan.id), default=None
    )
    ended, known_at = _end(parcel, home, last, now)
    return Leg(
        number=parcel.id,
        carrier=parcel.carrier[:80] if parcel.carrier else None,
        handed_over_at=handed_over,
        handed_over_on=handed_over.astimezone(zone).date(),
        first_scan_at=first,
        last_scan_at=last.at if last else None,
        delivered_at=home.at if home else None,
        delivered_on=home.at.astimezone(zone).date() if home else None,
        ended=ended,
        seen_at=_seen(parcel, handed_over, scans, since),
        known_at=known_at,
        tracked=bool(scans),
    )


def _end(
    parcel: Parcel, home: Scan | None, last: Scan | None, now: datetime
) -> tuple[str | None, datetime | None]:
    if home is not None:
        return DELIVERED, home.known_at
    if parcel.status in _DROPPED:
        return CANCELLED, parcel.updated_at
    if last is None:
        return None, None
    if last.status in RETURNED:
        return FAILED, last.known_at
    silent_since = last.at + SILENCE
    return (LOST, silent_since) if now >= silent_since else (None, None)


def _scans(parcel: Parcel) -> list[Scan]:
    """Return what the carrier said; where only the parcel was told to be somewhere, that stands for a scan."""
    scans = [scan for scan in parcel.scans if scan.status in MOVED]
    told = {scan.status for scan in scans}
    return scans + [
        Scan(0, stage.status, stage.at, stage.at)
        for stage in parcel.stages
        if stage.status in MOVED and stage.status not in told
    ]


def _seen(parcel: Parcel, handed_over: datetime, scans: Sequence[Scan], since: datetime) -> datetime | None:
    if parcel.announced or handed_over >= since:
        return handed_over
    return min((scan.known_at for scan in scans if scan.known_at >= since), default=None)


def _delivery(leg: Leg) -> datetime:
    return leg.delivered_at or leg.handed_over_at
