"""The view of a delivery: before an order and after it, for pages, extensions and the preview alike."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Days:
    """A promise's two ends."""

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Change:
    """A promise that took the place of an earlier one, and why; ``text`` says all of it. Without days none can be named."""

    on: date
    reason: str
    earliest: date | None
    latest: date | None
    text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How often the first promise was kept, rounded down, of ``n`` that can be judged."""

    percent: int
    n: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parcel's way: what, when, and whether it is done."""

    name: str
    when: str
    done: bool


@dataclass(frozen=True, slots=True)
class Travelling:
    """One of several parcels."""

    name: str
    text: str
    tracking_url: str | None
    done: bool


@dataclass(frozen=True, slots=True)
class Destination:
    """A country that can be chosen."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Where:
    """The choice of a destination; ``action`` is where a form without script sends it, empty outside the storefront."""

    label: str
    button: str
    chosen: str
    countries: tuple[Destination, ...]
    action: str
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Postal:
    """The postal code that a visitor may type; ``value`` is the one that was taken."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """All texts are finished; ``chance`` is the stated probability in whole percent, rounded down."""

    state: str
    title: str
    text: str
    note: str | None = None
    earliest: date | None = None
    latest: date | None = None
    carrier: str | None = None
    chance: int | None = None
    why_text: str | None = None
    why: tuple[str, ...] = ()
    where: Where | None = None
    postal: Postal | None = None
    first_promise: Days | None = None
    first_text: str | None = None
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    parcels: tuple[Travelling, ...] = ()
    tracking_url: str | None = None
    tracking_text: str | None = None
    help_text: str | None = None
    kept_rate: Kept | None = None
    kept_text: str | None = None
