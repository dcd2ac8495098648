"""A shop's tiers: from which value on each is reached, and what it brings."""

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """What is counted in the window."""

    POINTS = "points"
    SPEND = "spend"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Tier:
    """A level from ``threshold`` on (points, minor units or orders); ``multiplier`` in thousandths."""

    id: str
    title: str
    threshold: int
    multiplier: int = 1000
    entry_points: int = 0
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """A shop's tiers, the lowest threshold first, and how they are counted: over so many months before an instant."""

    tiers: tuple[Tier, ...] = ()
    basis: Basis = Basis.POINTS
    months: int = 12

    def tier(self, value: int) -> Tier | None:
        """Return the highest tier that the value reaches."""
        return next((one for one in reversed(self.tiers) if one.threshold <= value), None)

    def named(self, id: str | None) -> Tier | None:
        """Return the tier of that id, None where there is none."""
        return next((one for one in self.tiers if one.id == id), None)

    def above(self, value: int) -> Tier | None:
        """Return the lowest tier that the value does not reach."""
        return next((one for one in self.tiers if one.threshold > value), None)


NO_TIERS = Ladder()
