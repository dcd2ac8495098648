"""What a benchmark yields, and how it is printed and judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound of the median over all runs; ``at_least`` False means at most."""

    bound: float
    at_least: bool = True

    def holds(self, value: float) -> bool:
        """Tell whether the value is within the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        """Return the bound as the table prints it."""
        return f"{'>=' if self.at_least else '<='} {_number(self.bound)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; with a budget it is judged, without one it only explains."""

    benchmark: str
    home: str
    what: str
    value: float
    unit: str = ""
    budget: Budget | None = None
    spread: tuple[float, float] | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a budget that does not hold."""
        return self.budget is not None and not self.budget.holds(self.value)


def at_least(bound: float) -> Budget:
    """Return the budget of a value that should be large."""
    return Budget(bound)


def at_most(bound: float) -> Budget:
    """Return the budget of a value that should be small."""
    return Budget(bound, at_least=False)


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Return each figure's median over the runs, with its smallest and largest value."""
    found = []
    for same in zip(*runs, strict=True):
        values = [one.value for one in same]
        found.append(replace(same[0], value=median(values), spread=(min(values), max(values))))
    return found


def quantile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


HEAD = "| benchmark | database | figure | median | of all runs | budget | |\n|---|---|---|---|---|---|---|"


def row(figure: Figure) -> str:
    """Return the figure as a row of a Markdown table that begins with ``HEAD``."""
    low, high = figure.spread or (figure.value, figure.value)
    cells = (
        figure.benchmark,
        figure.home,
        figure.what,
        f"{_number(figure.value)} {figure.unit}".strip(),
        f"{_number(low)} to {_number(high)}",
        str(figure.budget or ""),
        "" if figure.budget is None else "missed" if figure.missed else "met",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
