"""What became of promises, counted: by lane and day for the merchant's reports, by stated chance for the calibration."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, case, func, select

from plugin.core.shares import interval
from widgets.delivery.tables import KEPT, MISSED, UNKNOWN, delivery_promise

_P = delivery_promise.c


def _sum(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0)).cast(Integer).label(name)


_COUNTS = (
    _sum(_P.outcome.in_((KEPT, MISSED)), "judged"),
    _sum(_P.outcome == KEPT, "kept"),
    _sum(and_(_P.outcome == KEPT, _P.delivered_on < _P.earliest), "early"),
    _sum(_P.outcome == UNKNOWN, "untold"),
)
_WINDOW = (_P.shop_id == bindparam("shop")) & _P.latest.between(bindparam("since"), bindparam("until"))
_BY_LANE = select(_P.lane, _P.latest, *_COUNTS).where(_WINDOW).group_by(_P.lane, _P.latest)
_STATED = func.round(_P.chance * 100)
_BY_CHANCE = (
    select(_STATED.label("percent"), func.sum(_P.chance).label("stated"), *_COUNTS)
    .where(_WINDOW, _P.chance.is_not(None), _P.outcome.in_((KEPT, MISSED)))
    .group_by(_STATED)
    .order_by(_STATED)
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Promises that are ``judged``, and of them ``kept``, and of those before their first day; ``untold`` were never."""

    judged: int = 0
    kept: int = 0
    early: int = 0
    untold: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(
            self.judged + other.judged,
            self.kept + other.kept,
            self.early + other.early,
            self.untold + other.untold,
        )

    @property
    def share(self) -> Fraction:
        """The share of judged ones that was kept; 0 of none."""
        return Fraction(self.kept, self.judged) if self.judged else Fraction(0)

    @property
    def range(self) -> tuple[Fraction, Fraction]:
        """Between what shares the true one lies."""
        return interval(self.kept, self.judged)


@dataclass(frozen=True, slots=True)
class Told:
    """Promises that were said to be kept with about the same chance; ``stated`` is its mean in percent."""

    stated: float
    tally: Tally


def by_lane(conn: Connection, shop_id: int, since: date, until: date) -> Mapping[tuple[str, date], Tally]:
    """Return the promises of these days by lane and latest day."""
    rows = conn.execute(_BY_LANE, {"shop": shop_id, "since": since, "until": until})
    return {(row.lane, row.latest): _tally(row) for row in rows}


def by_chance(
    conn: Connection, shop_id: int, since: date, until: date, edges: Iterable[int]
) -> Iterator[Told]:
    """Yield promises with a stated chance between each edge (percent) and the next; none where there is none."""
    rows = conn.execute(_BY_CHANCE, {"shop": shop_id, "since": since, "until": until}).all()
    bounds = [*edges, 101]
    for low, high in pairwise(bounds):
        inside = [row for row in rows if low <= row.percent < high]
        tally = together(_tally(row) for row in inside)
        if tally.judged:
            yield Told(100 * sum(row.stated for row in inside) / tally.judged, tally)


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    return reduce(Tally.plus, tallies, Tally())


def _tally(row: Any) -> Tally:
    return Tally(row.judged, row.kept, row.early, row.untold)
