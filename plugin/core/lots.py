"""Lots by pure replay: what can be spent, what is pending, what has expired, what is owed (semantics B 11, 12, 17).

Allocations are never stored. Facts that arrive late are replayed at their business time, so that no balance
remembers in which order it learned them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import TypeAlias

GRACE = timedelta(days=30)
"""How long points live at least once they were given back."""


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
class Return:
    """Points of a debit that were given back at an instant."""

    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Debit:
    """Points taken at an instant: a redemption, with what came back of it, or a negative adjustment.

    ``source`` breaks ties between debits of one instant.
    """

    at: datetime
    points: int
    source: tuple[int, int] = (0, 0)
    returns: tuple[Return, ...] = ()


@dataclass(frozen=True, slots=True)
class Remainder:
    """A lot with what is left of it; points given back may live longer than the lot they were taken from."""

    lot: Lot
    left: int


@dataclass(frozen=True, slots=True)
class Position:
    """An account at one instant; available + pending - debt = credits - debits + returns - expired."""

    available: int
    pending: int
    debt: int
    expired: int
    lots: tuple[Remainder, ...]
    """Lots that are pending, or open with points left, the soonest to expire first."""
    closed_at: datetime | None = None
    """When a lot closed last, whatever was left of it."""


_Step: TypeAlias = tuple[datetime, int, int, Lot | Debit | Return]
_CLOSE, _OPEN, _TAKE, _GIVE_BACK = 0, 1, 2, 3


def replay(lots: Iterable[Lot], debits: Iterable[Debit], now: datetime) -> Position:
    """Return the account's position at ``now``.

    At one instant a lot closes first, then lots open, then debits are taken, then points are given back. A debit takes
    the lots that are open, soonest-expiring first; what they cannot cover is debt, netted by the next lot that opens,
    in the same turn. What is given back lessens the debit's own debt, then goes to the lots it was taken from, the
    latest-expiring first, and lives for ``GRACE`` at least; whatever its date, what is known to be back is back.
    """
    given = sorted((lot for lot in lots if lot.points > 0), key=_turn)
    taken = sorted(debits, key=lambda debit: (debit.at, debit.source))
    book = _Book(now, _steps(given, taken, now))
    while book.steps:
        at, kind, number, item = heappop(book.steps)
        if isinstance(item, Debit):
            book.take(number, item)
        elif isinstance(item, Return):
            book.give_back(number, item.points, at)
        elif kind == _OPEN:
            book.open(item, item.points)
        else:
            book.close(item, at)
    waiting = [lot for lot in given if lot.available_at > now]
    remainders = [Remainder(lot, left) for lot, left in book.left.items() if left]
    remainders += [Remainder(lot, lot.points) for lot in waiting]
    return Position(
        available=sum(book.left.values()),
        pending=sum(lot.points for lot in waiting),
        debt=sum(book.owed.values()),
        expired=book.expired,
        lots=tuple(sorted(remainders, key=lambda rest: _turn(rest.lot))),
        closed_at=book.closed_at,
    )


@dataclass(slots=True)
class _Book:
    """The account while it is being replayed; debits are known by their number."""

    now: datetime
    steps: list[_Step]
    left: dict[Lot, int] = field(default_factory=dict)
    """Open lots, with what is left of them."""
    owed: dict[int, int] = field(default_factory=dict)
    """What no lot has covered yet of each debit, the oldest first."""
    taken: defaultdict[int, dict[Lot, int]] = field(default_factory=lambda: defaultdict(dict))
    """What each debit took from which lot and still has."""
    revived: int = 0
    """How many lots live on as others, since what was given back lives longer."""
    expired: int = 0
    closed_at: datetime | None = None

    def open(self, lot: Lot, points: int) -> None:
        """Pay what is owed out of these points; the rest can be spent until the lot closes."""
        for number, owed in list(self.owed.items()):
            paid = min(owed, points)
            self._note(number, lot, paid)
            points -= paid
            self.owed[number] -= paid
            if not self.owed[number]:
                del self.owed[number]
        self.left[lot] = self.left.get(lot, 0) + points

    def close(self, lot: Lot, at: datetime) -> None:
        """End what is left of a lot."""
        self.expired += self.left.pop(lot, 0)
        self.closed_at = at

    def take(self, number: int, debit: Debit) -> None:
        """Take the debit from the open lots, as far as they go."""
        points = debit.points
        for lot in sorted(self.left, key=_turn):
            took = min(points, self.left[lot])
            self.left[lot] -= took
            self._note(number, lot, took)
            points -= took
            if points == 0:
                return
        if points:
            self.owed[number] = points

    def give_back(self, number: int, points: int, at: datetime) -> None:
        """Undo so much of a debit, never more than it still has."""
        if number in self.owed:
            spared = min(points, self.owed[number])
            points -= spared
            self.owed[number] -= spared
            if not self.owed[number]:
                del self.owed[number]
        for lot in sorted(self.taken[number], key=_turn, reverse=True):
            back = min(points, self.taken[number][lot])
            if back:
                self.taken[number][lot] -= back
                points -= back
                self._reopen(lot, back, at)

    def _reopen(self, lot: Lot, points: int, at: datetime) -> None:
        if lot.expires_at is not None and lot.expires_at < at + GRACE:
            lot = replace(lot, expires_at=at + GRACE)
            if lot not in self.left and at + GRACE <= self.now:
                self.revived += 1
                heappush(self.steps, (at + GRACE, _CLOSE, -self.revived, lot))
        self.open(lot, points)

    def _note(self, number: int, lot: Lot, points: int) -> None:
        if points:
            self.taken[number][lot] = self.taken[number].get(lot, 0) + points


def _steps(given: Sequence[Lot], taken: Sequence[Debit], now: datetime) -> list[_Step]:
    steps: list[_Step] = []
    for number, lot in enumerate(given):
        if lot.available_at <= now:
            steps.append((lot.available_at, _OPEN, number, lot))
            if lot.expires_at is not None and lot.expires_at <= now:
                steps.append((lot.expires_at, _CLOSE, number, lot))
    for number, debit in enumerate(taken):
        if debit.at <= now:
            steps.append((debit.at, _TAKE, number, debit))
            back: defaultdict[datetime, int] = defaultdict(int)
            for one in debit.returns:
                back[min(max(one.at, debit.at), now)] += one.points
            steps += [(at, _GIVE_BACK, number, Return(at, points)) for at, points in back.items()]
    heapify(steps)
    return steps


def _turn(lot: Lot) -> tuple[bool, datetime, datetime, tuple[int, int]]:
    return (lot.expires_at is None, lot.expires_at or lot.available_at, lot.available_at, lot.source)
