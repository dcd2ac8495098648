"""How long a stage takes, learned from parcels of which some are still under way and some never arrive.

Ages are whole working days. A quantile over delivered parcels alone would be too short: the slow ones are still open.
So open parcels are censored, lost ones compete (Aalen-Johansen), and a parcel first seen on its way counts only from
the age at which it was seen (Aalen and Johansen 1978; Kalbfleisch and Prentice, The Statistical Analysis of Failure
Time Data, chapter 8).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

DONE, LOST, OPEN = "done", "lost", "open"

PSEUDO = 20
"""Observations that the parent's curve counts for when it is blended into a thin one (semantics G 38)."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One parcel in one stage: seen from age ``entered``, last known at age ``left`` with that outcome.

    An open one is known not to be done up to and with ``left``.
    """

    left: int
    outcome: str
    entered: int = 0

    @property
    def counts(self) -> bool:
        """Whether it ended while under observation."""
        return self.outcome != OPEN and self.left >= self.entered


@dataclass(frozen=True, slots=True)
class Table:
    """A life table: of those under observation at each age (index = age), how many were done and lost at it.

    Parcels may count for less than one each; ``count`` is how many ended. Tables of different parcels add up.
    """

    at_risk: tuple[float, ...] = ()
    done: tuple[float, ...] = ()
    lost: tuple[float, ...] = ()
    count: int = 0

    def __add__(self, other: "Table") -> "Table":
        """Return the table of both sets of parcels."""
        return Table(
            _added(self.at_risk, other.at_risk),
            _added(self.done, other.done),
            _added(self.lost, other.lost),
            self.count + other.count,
        )

    @property
    def events(self) -> float:
        """How much those that ended count for."""
        return sum(self.done) + sum(self.lost)

    def moved(self, by: int) -> "Table":
        """Return it as if each stage had taken so many days more, or fewer, but never less than none."""
        if not self.at_risk:
            return self
        if by >= 0:
            nothing = (0.0,) * by
            at_risk = self.at_risk[:1] * by + self.at_risk
            return Table(at_risk, nothing + self.done, nothing + self.lost, self.count)
        cut = 1 - by
        return Table(
            (max(self.at_risk[:cut], default=0.0), *self.at_risk[cut:]),
            (sum(self.done[:cut]), *self.done[cut:]),
            (sum(self.lost[:cut]), *self.lost[cut:]),
            self.count,
        )


@dataclass(frozen=True, slots=True)
class Curve:
    """Chance of being done, and of being lost, by each age (cumulative, index = age), from ``events`` that ended.

    What is missing to 1 at the last age never arrives, or is not known yet.
    """

    chances: tuple[float, ...]
    events: float
    lost: tuple[float, ...] = ()

    def by(self, age: int) -> float:
        """Return the chance of being done at that age at the latest."""
        if age < 0 or not self.chances:
            return 0.0
        return self.chances[min(age, len(self.chances) - 1)]

    def age(self, level: float) -> int:
        """Return the first age by which at least ``level`` is done; the last one where so many never are."""
        ages = (age for age, chance in enumerate(self.chances) if chance >= level - 1e-12)
        return next(ages, max(0, len(self.chances) - 1))

    def lost_by(self, age: int) -> float:
        """Return the chance of being lost by that age."""
        return self.lost[min(age, len(self.lost) - 1)] if age >= 0 and self.lost else 0.0

    @property
    def plateau(self) -> float:
        """The chance of being done at all."""
        return self.chances[-1] if self.chances else 0.0

    @property
    def shares(self) -> tuple[float, ...]:
        """The chance of being done at exactly each age."""
        return _steps(self.chances)

    @property
    def worth(self) -> float:
        """What a chance of it is worth: n / (n + 1).

        The k-th smallest of n bounds the next one with the chance k / (n + 1), not k / n; so a level is reached at
        rank ceil((n + 1) x level) (semantics G 38).
        """
        return self.events / (self.events + 1)


def tabled(spells: Mapping[Spell, float], count: int = 0) -> Table:
    """Return the life table of so many parcels of each kind, as far as one of them ended; ``count`` of them did."""
    last = max((one.left for one in spells if one.outcome != OPEN), default=-1)
    at_risk, done, lost = ([0.0] * (last + 2) for _ in range(3))
    for one, many in spells.items():
        if one.left < one.entered:
            continue
        at_risk[min(one.entered, last + 1)] += many
        at_risk[min(one.left, last) + 1] -= many
        if one.outcome == DONE:
            done[one.left] += many
        elif one.outcome == LOST:
            lost[one.left] += many
    for age in range(1, last + 1):
        at_risk[age] += at_risk[age - 1]
    return Table(tuple(at_risk[:-1]), tuple(done[:-1]), tuple(lost[:-1]), count)


def incidence(table: Table) -> Curve:
    """Return the cumulative incidence of being done, lost parcels competing (Aalen-Johansen).

    An age at which nobody is under observation adds nothing.
    """
    alive, chance, gone = 1.0, 0.0, 0.0
    chances, losses = [], []
    for at_risk, done, lost in zip(table.at_risk, table.done, table.lost, strict=True):
        if at_risk > 0:
            chance += alive * done / at_risk
            gone += alive * lost / at_risk
            alive *= max(0.0, 1 - (done + lost) / at_risk)
        chances.append(chance)
        losses.append(gone)
    return Curve(tuple(chances), table.events, tuple(losses))


def blended(own: Table, parent: Curve, pseudo: float = PSEUDO) -> Curve:
    """Return the curve of the own table with so many observations more that go as the parent's curve says.

    They are added as lives, not as shares of the result: where few of the own parcels are left under observation,
    the parent has the greater say.
    """
    chances, lost = _steps(parent.chances), _steps(parent.lost)
    left, at_risk = pseudo, []
    for done, gone in zip_longest(chances, lost, fillvalue=0.0):
        at_risk.append(left)
        left = max(0.0, left - pseudo * (done + gone))
    length = len(at_risk)
    more = Table(tuple(at_risk), _scaled(chances, pseudo, length), _scaled(lost, pseudo, length))
    found = incidence(own + more)
    return Curve(found.chances, own.events + pseudo, found.lost)


def pooled(prior: Curve, tables: Iterable[Table]) -> Curve:
    """Return the curve of the last table, each blended with the one before it: from the widest to the lane itself."""
    found = prior
    for own in tables:
        found = blended(own, found) if own.events else found
    return found


def _steps(rising: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(here - before for here, before in zip(rising, (0.0, *rising)[:-1], strict=True))


def _scaled(values: tuple[float, ...], factor: float, length: int) -> tuple[float, ...]:
    return tuple(factor * one for one in values) + (0.0,) * (length - len(values))


def _added(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip_longest(one, other, fillvalue=0.0))
