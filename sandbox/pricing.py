"""What Shopify keeps of a shop's subscription to the app: offers, the contract, and the events of its life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

Kind = Literal["CREATED", "UPDATED", "CANCELLATION_SCHEDULED", "CANCELED", "FROZEN", "UNFROZEN"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as the Partner Dashboard holds it; ``amount`` a month in euro cents, private ones for chosen stores."""

    handle: str
    name: str
    amount: int
    trial_days: int = 0
    private: bool = False


@dataclass(slots=True)
class Contract:
    """What a merchant approved; in its trial it has no billing cycle yet, frozen it waits for the shop's bills."""

    number: int
    handle: str
    since: datetime
    trial_ends_at: datetime | None = None
    cycle_start: datetime | None = None
    cycle_end: datetime | None = None
    cancel_at_end: bool = False
    pending: str | None = None
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the Partner API's history; ``effective_on`` is the day on which a cancellation takes effect."""

    number: int
    kind: Kind
    at: datetime
    handle: str
    effective_on: date | None = None


@dataclass(slots=True)
class Pricing:
    """One shop's contract, if it has one, and its history, oldest first."""

    contract: Contract | None = None
    history: list[Happening] = field(default_factory=list)
    tried: bool = False
    test_offered: bool = False


@dataclass(slots=True)
class Partner:
    """The organisation that owns the app, and the one client of its Partner API.

    ``asked`` are the moments of the last second's requests, ``calls`` every document it was asked.
    """

    org: str = "4712345"
    token: str = "prtapi_00000000000000000000000000000000"
    asked: list[datetime] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


TEST = "medium-test"
"""The private plan for trying the road without money; its handle is a public one's with ``-test`` behind."""

OFFERS = MappingProxyType(
    {
        one.handle: one
        for one in (
            Offer("free", "Free", 0),
            Offer("small", "Small", 19_00),
            Offer("medium", "Medium", 59_00, trial_days=14),
            Offer("large", "Large", 149_00),
            Offer(TEST, "Medium (test)", 0, private=True),
        )
    }
)
"""What the pocket Shopify sells: the app's own plans, as somebody typed them into the Partner Dashboard."""
