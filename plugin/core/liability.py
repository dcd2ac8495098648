"""Open liability: the points that may still be spent, by the month in which they expire.

Read by replay, like every figure, a portion of accounts at a time, so that any number of them fits into memory.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from plugin.core import positions
from plugin.core.accounts import account

PORTION = 500

_ROOTS = (
    select(account.c.id)
    .where(
        account.c.shop_id == bindparam("shop"),
        account.c.id == account.c.root_id,
        account.c.id > bindparam("after"),
    )
    .order_by(account.c.id)
    .limit(PORTION)
)


@dataclass(frozen=True, slots=True)
class Month:
    """Points that expire within a month of the shop's clock, which its first day names; None: they never do."""

    month: date | None
    available: int
    pending: int

    @property
    def points(self) -> int:
        """All of them."""
        return self.available + self.pending


@dataclass(frozen=True, slots=True)
class Liability:
    """All open points of a shop at one instant, the soonest to expire first.

    ``debt`` is what customers have spent beyond what they kept; it lowers nobody else's points and stands apart.
    """

    months: tuple[Month, ...]
    debt: int

    @property
    def points(self) -> int:
        """All open points."""
        return sum(one.points for one in self.months)


def liability(conn: Connection, shop_id: int, zone: ZoneInfo, now: datetime) -> Liability:
    """Return what is open in this shop at ``now``: spendable and pending lots by the month of their end."""
    available: dict[date | None, int] = defaultdict(int)
    pending: dict[date | None, int] = defaultdict(int)
    debt = 0
    for roots in _portions(conn, shop_id):
        for held in positions.holdings(conn, roots).values():
            position = held.at(now)
            debt += position.debt
            for rest in position.lots:
                end = rest.lot.expires_at
                month = None if end is None else end.astimezone(zone).date().replace(day=1)
                (pending if rest.lot.available_at > now else available)[month] += rest.left
    months = sorted({*available, *pending}, key=lambda month: month or date.max)
    return Liability(tuple(Month(month, available[month], pending[month]) for month in months), debt)


def _portions(conn: Connection, shop_id: int) -> Iterator[list[int]]:
    after = 0
    while roots := list(conn.execute(_ROOTS, {"shop": shop_id, "after": after}).scalars()):
        yield roots
        after = roots[-1]


def worth(points: int, of_one: Fraction) -> int:
    """Return what so many points are worth in whole minor units, rounded down."""
    return points * of_one.numerator // of_one.denominator


def shares(points: Sequence[int], of_one: Fraction) -> list[int]:
    """Return what each part is worth in minor units, so that the parts add up to the worth of all."""
    amounts, before, reached = [], 0, 0
    for part in points:
        reached += part
        after = worth(reached, of_one)
        amounts.append(after - before)
        before = after
    return amounts


def dearest(prices: Iterable[tuple[int, int]]) -> Fraction | None:
    """Return what one point buys at most, given what each reward grants (minor units) and costs (points), if any."""
    return max((Fraction(granted, cost) for granted, cost in prices), default=None)
