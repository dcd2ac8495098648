"""How much is measured: enough for a figure, or just enough to see that everything still runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Amounts and seconds of every benchmark."""

    warm_seconds: float
    turn_seconds: float
    turns: int
    orders: int
    orders_a_second: int
    few_entries: int
    many_entries: int
    events: int


FULL = Size(
    warm_seconds=0.7,
    turn_seconds=2,
    turns=4,
    orders=1_250,
    orders_a_second=50,
    few_entries=10_000,
    many_entries=1_000_000,
    events=16_000,
)
QUICK = Size(
    warm_seconds=0.2,
    turn_seconds=0.5,
    turns=1,
    orders=40,
    orders_a_second=40,
    few_entries=500,
    many_entries=2_000,
    events=800,
)
