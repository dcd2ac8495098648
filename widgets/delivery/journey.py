"""How parcels travelled and what became of a promise: functions of an order's facts and of the time, nothing else.

Whatever comes late or twice, the same facts at the same time say the same; nothing is remembered that they would not
say again (semantics G 35, 37).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugin.core.earning import midnight
from plugin.core.orders import OrderState
from plugin.core.parcels import Parcel, Scan
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
_UNPAID = frozenset({"voided", "expired"})


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
    items = {parcel.id: parcel.items for parcel in state.parcels}
    sent = [leg for leg in travelled if leg.ended != CANCELLED]
    living = [leg for leg in sent if leg.ended not in {FAILED, LOST}]
    whole = _covered(state, sent, items)
    arrived = [leg for leg in living if leg.ended == DELIVERED]
    all_arrived = len(arrived) == len(living) and _covered(state, arrived, items)
    handed_over_on = max(leg.handed_over_on for leg in sent) if whole else None
    last = max(arrived, key=_delivery) if all_arrived else None
    tracked = bool(sent) and all(leg.tracked for leg in sent)
    outcome, decided_at, review_at = _outcome(
        _Case(state, latest, zone, now, sent, living, whole, _covered(state, living, items), last)
    )
    return Fate(handed_over_on, last.delivered_on if last else None, tracked, outcome, decided_at, review_at)


@dataclass(frozen=True, slots=True)
class _Case:
    state: OrderState
    latest: date
    zone: ZoneInfo
    now: datetime
    sent: Sequence[Leg]
    living: Sequence[Leg]
    whole: bool
    """All that the order holds was handed over."""
    alive: bool
    """All of it is in parcels that arrived or still may."""
    last: Leg | None
    """The parcel that arrived last, once all have."""


def _outcome(case: _Case) -> tuple[str | None, datetime | None, datetime | None]:
    state, last, now = case.state, case.last, case.now
    if state.deleted or state.facts.status in _UNPAID:
        return VOID, state.facts.updated_at, None
    gone = undone(state)
    if gone is not None and (last is None or _delivery(last) > gone):
        on_time = gone.astimezone(case.zone).date() <= case.latest
        return (VOID if on_time else MISSED), gone, None
    if last is not None and last.delivered_on is not None:
        return (KEPT if last.delivered_on <= case.latest else MISSED), _delivery(last), None
    if case.whole and not case.alive:
        return MISSED, max(leg.known_at or now for leg in case.sent if leg not in case.living), None
    silent = [leg for leg in case.living if not leg.tracked]
    if case.whole and silent:
        return _untold(case, silent)
    over = midnight(case.latest + timedelta(days=1), case.zone)
    if not case.sent:
        given_up = over + SILENCE
        return (UNKNOWN, given_up, None) if now >= given_up else (None, None, given_up)
    reported = over + REPORTED
    return (MISSED, reported, None) if now >= reported else (None, None, reported)


def _untold(case: _Case, silent: Iterable[Leg]) -> tuple[str | None, datetime | None, datetime | None]:
    """Where no carrier says anything, nobody knows; with a tracking number one may still begin to."""
    numbers = {parcel.id for parcel in case.state.parcels if parcel.number or parcel.url}
    hopeless = [leg.handed_over_at for leg in silent if leg.number not in numbers]
    if hopeless:
        return UNKNOWN, max(hopeless), None
    given_up = min(leg.handed_over_at for leg in silent) + SILENCE
    return (UNKNOWN, given_up, None) if case.now >= given_up else (None, None, given_up)


def undone(state: OrderState) -> datetime | None:
    """Return when the order was cancelled or given back as a whole; None while something of it is kept."""
    facts = state.facts
    if facts.cancelled_at is not None:
        return facts.cancelled_at
    goods = [line for line in facts.lines if line.ships]
    if facts.status == "refunded" or (goods and not _kept_pieces(state)):
        return max((refund.at for refund in state.refunds), default=facts.updated_at)
    return None


def is_carried(leg: Leg) -> bool:
    """Tell whether the parcel is under way and its carrier has said so."""
    return leg.ended is None and leg.tracked


def _kept_pieces(state: OrderState) -> Counter[int]:
    """Count what is kept of each line that ships, with refunds that the snapshot does not show yet."""
    kept = Counter({line.id: line.current for line in state.facts.lines if line.ships})
    shown = {refund.id for refund in state.facts.refunds}
    for refund in state.refunds:
        for line in (refund.lines or ()) if refund.id not in shown else ():
            if line.line_id in kept:
                kept[line.line_id] -= line.quantity
    return +kept


def _covered(
    state: OrderState, parcels: Sequence[Leg], items: dict[int, tuple[tuple[int, int], ...] | None]
) -> bool:
    """Tell whether the parcels hold all that is kept; one of which nobody knows what is in it holds everything."""
    if not parcels:
        return False
    held: Counter[int] = Counter()
    lines = {line.id for line in state.facts.lines}
    for leg in parcels:
        inside = items[leg.number]
        if inside is None or not any(line in lines for line, _ in inside):
            return True
        for line, pieces in inside:
            held[line] += pieces
    return all(held[line] >= pieces for line, pieces in _kept_pieces(state).items())


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
