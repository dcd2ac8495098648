"""How long a stage takes, learned from parcels of which some are still under way and some never arrive.

Ages are whole working days. A quantile over delivered parcels alone would be too short: the slow ones are still open.
So open parcels are censored, lost ones compete (Aalen-Johansen), and a parcel first seen on its way counts only from
the age at which it was seen (Aalen and Johansen 1978; Kalbfleisch and Prentice, The Statistical Analysis of Failure
Time Data, chapter 8).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

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


@dataclass(frozen=True, slots=True)
class Curve:
    """Chance of being done by each age (cumulative, index = age), from ``events`` that ended.

    The last value is the plateau: what is missing to 1 never arrives, or is not known yet.
    """

    chances: tuple[float, ...]
    events: float

    def by(self, age: int) -> float:
        """Return the chance of being done at that age at the latest."""
        if age < 0 or not self.chances:
            return 0.0
        return self.chances[min(age, len(self.chances) - 1)]

    @property
    def plateau(self) -> float:
        """The chance of being done at all."""
        return self.chances[-1] if self.chances else 0.0

    @property
    def shares(self) -> tuple[float, ...]:
        """The chance of being done at exactly each age."""
        return tuple(
            here - before for here, before in zip(self.chances, (0.0, *self.chances[:-1]), strict=True)
        )


def incidence(spells: Iterable[Spell]) -> Curve:
    """Return the cumulative incidence of being done, lost parcels competing.

    Only what ended counts as an event. An age at which nobody is at risk adds nothing.
    """
    entered: Counter[int] = Counter()
    left: Counter[int] = Counter()
    done: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for spell in spells:
        entered[spell.entered] += 1
        left[spell.left] += 1
        done[spell.left] += spell.outcome == DONE
        lost[spell.left] += spell.outcome == LOST
    last = max((age for age, count in (done + lost).items() if count), default=-1)
    at_risk, alive, chance = 0, 1.0, 0.0
    chances: list[float] = []
    for age in range(last + 1):
        at_risk += entered[age]
        if at_risk:
            chance += alive * done[age] / at_risk
            alive *= 1 - (done[age] + lost[age]) / at_risk
        chances.append(chance)
        at_risk -= left[age]
    return Curve(tuple(chances), float(done.total() + lost.total()))


def blended(own: Curve, parent: Curve, pseudo: float = PSEUDO) -> Curve:
    """Return the own curve with the parent's counted as so many observations more; a thin one leans on its parent."""
    length = max(len(own.chances), len(parent.chances))
    weight = own.events + pseudo
    chances = tuple((own.events * own.by(age) + pseudo * parent.by(age)) / weight for age in range(length))
    return Curve(chances, weight)


def pooled(levels: Sequence[Curve]) -> Curve:
    """Return the last of the curves, each blended into the next: from the widest (the prior) to the lane itself."""
    found = levels[0]
    for own in levels[1:]:
        found = blended(own, found) if own.events else found
    return found


def ranked(level: float, events: float) -> float:
    """Return the level with which a quantile of so few events must be taken: rank ceil((n + 1) x level) of n.

    Above 1 there is no such quantile (semantics G 38); the caller pools up.
    """
    return ceil((events + 1) * level - 1e-9) / events if events else float("inf")


def quantile(curve: Curve, level: float) -> int | None:
    """Return the first age by which at least ``level`` is done; None where the plateau stays under it."""
    return next((age for age, chance in enumerate(curve.chances) if chance >= level - 1e-12), None)
