"""Lots by pure replay: what can be spent, what is pending, what has expired, what is owed (semantics B 11, 12).

Allocations are never stored. Facts that arrive late are replayed at their business time, so that no balance
remembers in which order it learned them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that open together: one for each order and account, or one credit such as a bonus.

    ``source`` breaks ties between lots of equal dates: erased orders, orders by their id, credits after them.
    """

    source: tuple[int, int]
    points: int
    available_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Debit:
    """Points taken at an instant: a redemption or a negative adjustment."""

    at: datetime
    points: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class Remainder:
    """A lot with what is left of it."""

    lot: Lot
    left: int


@dataclass(frozen=True, slots=True)
class Position:
    """An account at one instant; available + pending - debt = credits - debits - expired."""

    available: int
    pending: int
    debt: int
    expired: int
    lots: tuple[Remainder, ...]
    """Lots that are pending, or open with points left, the soonest to expire first."""


_Step: TypeAlias = tuple[datetime, int, int, Lot | Debit]
_CLOSE, _OPEN, _TAKE = 0, 1, 2


def replay(lots: Iterable[Lot], debits: Iterable[Debit], now: datetime) -> Position:
    """Return the account's position at ``now``.

    At one instant a lot closes first, then lots open, then debits are taken. A debit takes the lots that are open,
    soonest-expiring first; what they cannot cover is debt, netted by the next lot that opens, in the same turn.
    """
    given = sorted((lot for lot in lots if lot.points > 0), key=_turn)
    left: dict[tuple[int, int], int] = {}
    opened: dict[tuple[int, int], Lot] = {}
    debt = expired = 0
    steps = _steps(given, debits, now)
    while steps:
        _, kind, _, item = heappop(steps)
        if isinstance(item, Debit):
            debt += _take(opened, left, item.points)
        elif kind == _OPEN:
            netted = min(debt, item.points)
            debt -= netted
            opened[item.source] = item
            left[item.source] = item.points - netted
        else:
            opened.pop(item.source, None)
            expired += left.pop(item.source, 0)
    waiting = [lot for lot in given if lot.available_at > now]
    remainders = [Remainder(lot, left[source]) for source, lot in opened.items() if left[source]]
    remainders += [Remainder(lot, lot.points) for lot in waiting]
    return Position(
        available=sum(left.values()),
        pending=sum(lot.points for lot in waiting),
        debt=debt,
        expired=expired,
        lots=tuple(sorted(remainders, key=lambda rest: _turn(rest.lot))),
    )


def _steps(given: list[Lot], debits: Iterable[Debit], now: datetime) -> list[_Step]:
    steps: list[_Step] = []
    for number, lot in enumerate(given):
        if lot.available_at <= now:
            steps.append((lot.available_at, _OPEN, number, lot))
            if lot.expires_at is not None and lot.expires_at <= now:
                steps.append((lot.expires_at, _CLOSE, number, lot))
    steps += [(debit.at, _TAKE, number, debit) for number, debit in enumerate(debits) if debit.at <= now]
    heapify(steps)
    return steps


def _take(opened: dict[tuple[int, int], Lot], left: dict[tuple[int, int], int], points: int) -> int:
    for lot in sorted(opened.values(), key=_turn):
        taken = min(points, left[lot.source])
        left[lot.source] -= taken
        points -= taken
        if points == 0:
            break
    return points


def _turn(lot: Lot) -> tuple[bool, datetime, datetime, tuple[int, int]]:
    return (lot.expires_at is None, lot.expires_at or lot.available_at, lot.available_at, lot.source)
