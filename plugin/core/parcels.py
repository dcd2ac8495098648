"""What is known of one parcel of an order, and how two tellings of it become one.

Webhooks of the parcel, of its scans and a fetch of the order each tell a part. Merging keeps the newest words about the
parcel itself, every scan once, and when each stage was first told; it is commutative, associative and idempotent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

STATUSES = ("pending", "open", "success", "cancelled", "error", "failure")
"""What Shopify says of a parcel itself; of two tellings of one second the later in this row holds."""

STAGES = frozenset(
    {
        "label_printed",
        "label_purchased",
        "confirmed",
        "carrier_picked_up",
        "in_transit",
        "delayed",
        "ready_for_pickup",
        "picked_up",
        "out_for_delivery",
        "attempted_delivery",
        "delivered",
        "failure",
        "not_delivered",
    }
)
"""Where a parcel can be, in the words of webhooks; what a fetch says beside these is no stage."""

LONGEST_LINK = 500
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scan:
    """One report of the carrier: when it happened, and when Shopify knew."""

    id: int
    status: str
    at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage the parcel was told to be in, and the earliest time of such a telling."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that was told of one parcel (a fulfilment); times in UTC.

    ``created_at`` is its hand-over; None while only scans were told. ``items`` are (line, pieces), None where they were
    not told. ``announced``: it was told as it was made, so that it has been watched from its hand-over on.
    """

    id: int
    created_at: datetime | None = None
    updated_at: datetime | None = None
    status: str = STATUSES[0]
    carrier: str | None = None
    number: str | None = None
    url: str | None = None
    items: tuple[tuple[int, int], ...] | None = None
    stages: tuple[Stage, ...] = ()
    scans: tuple[Scan, ...] = ()
    announced: bool = False

    def weight(self) -> tuple[datetime, int, str]:
        """Return the place of this telling of the parcel itself among others; the greatest holds."""
        words = (self.created_at, self.carrier, self.number, self.url, self.items)
        return (self.updated_at or _NEVER, STATUSES.index(self.status), repr(words))


def joined(one: Parcel, other: Parcel) -> Parcel:
    """Return what both tellings of one parcel say together."""
    newest = max(one, other, key=Parcel.weight)
    return replace(
        newest,
        stages=_first_told((*one.stages, *other.stages)),
        scans=_once((*one.scans, *other.scans)),
        announced=one.announced or other.announced,
    )


def united(one: tuple[Parcel, ...], other: tuple[Parcel, ...]) -> tuple[Parcel, ...]:
    """Return the parcels of both, by id, each joined."""
    if not other:
        return one
    found = {parcel.id: parcel for parcel in one}
    for parcel in other:
        mine = found.get(parcel.id)
        found[parcel.id] = parcel if mine is None else joined(mine, parcel)
    return tuple(found[id] for id in sorted(found))


def half_told(parcels: Iterable[Parcel]) -> bool:
    """Tell whether a parcel is known by its scans alone."""
    return any(parcel.created_at is None for parcel in parcels)


def link(text: str | None) -> str | None:
    """Return the address of a tracking page where a browser may follow it, else None."""
    usable = text is not None and text.startswith(("https://", "http://")) and len(text) <= LONGEST_LINK
    return text if usable else None


def _first_told(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    first: dict[str, datetime] = {}
    for stage in stages:
        first[stage.status] = min(stage.at, first.get(stage.status, stage.at))
    return tuple(Stage(status, first[status]) for status in sorted(first))


def _once(scans: tuple[Scan, ...]) -> tuple[Scan, ...]:
    found: dict[int, Scan] = {}
    for scan in scans:
        mine = found.get(scan.id)
        if mine is None or repr(scan) > repr(mine):
            found[scan.id] = scan
    return tuple(found[id] for id in sorted(found))
