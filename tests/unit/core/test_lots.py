"""What can be spent, what waits, what is gone and what is owed, by replay alone (semantics B 11, 12)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.lots import GRACE, Debit, Lot, Position, Return, replay

START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = None


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def lot(id: int, points: int, opens: int, ends: int | None = NEVER, kind: int = 0) -> Lot:
    return Lot((kind, id), points, day(opens), None if ends is None else day(ends))


def at(number: int, lots: list[Lot], debits: list[Debit]) -> Position:
    return replay(lots, debits, day(number))


def figures(found: Position) -> tuple[int, int, int, int]:
    return found.available, found.pending, found.debt, found.expired


def left(found: Position) -> dict[int, int]:
    return {rest.lot.source[1]: rest.left for rest in found.lots}


def test_points_wait_until_they_open_and_are_gone_when_they_close() -> None:
    one = [lot(1, 50, 10, 20)]
    assert figures(at(9, one, [])) == (0, 50, 0, 0)
    assert figures(at(10, one, [])) == (50, 0, 0, 0)
    assert figures(replay(one, [], day(20) - timedelta(microseconds=1))) == (50, 0, 0, 0)
    assert figures(at(20, one, [])) == (0, 0, 0, 50)


def test_the_soonest_to_expire_goes_first_and_what_never_expires_last() -> None:
    lots = [lot(1, 10, 0), lot(2, 10, 2, 90), lot(3, 10, 1, 60), lot(4, 10, 0, 90)]
    assert left(at(5, lots, [Debit(day(5), 5)])) == {1: 10, 2: 10, 3: 5, 4: 10}
    assert left(at(5, lots, [Debit(day(5), 15)])) == {1: 10, 2: 10, 4: 5}
    assert left(at(5, lots, [Debit(day(5), 25)])) == {1: 10, 2: 5}
    assert left(at(5, lots, [Debit(day(5), 35)])) == {1: 5}


def test_of_equal_ends_the_older_goes_first_then_the_lower_order() -> None:
    lots = [lot(3, 10, 1, 90), lot(2, 10, 1, 90), lot(9, 10, 0, 90), lot(1, 10, 1, 90, kind=1)]
    assert [rest.lot.source for rest in at(5, lots, []).lots] == [(0, 9), (0, 2), (0, 3), (1, 1)]
    assert left(at(5, lots, [Debit(day(5), 12)])) == {1: 10, 2: 8, 3: 10}


def test_a_debit_takes_only_what_is_open_at_its_time() -> None:
    lots = [lot(1, 10, 0, 5), lot(2, 10, 8)]
    early = at(9, lots, [Debit(day(4), 10)])
    assert figures(early) == (10, 0, 0, 0)
    between = at(7, lots, [Debit(day(6), 10)])
    assert figures(between) == (0, 10, 10, 10)
    assert figures(at(9, lots, [Debit(day(6), 10)])) == (0, 0, 0, 10)


def test_what_lots_cannot_cover_is_debt_and_the_next_lot_pays_it() -> None:
    lots = [lot(1, 30, 0), lot(2, 50, 10)]
    debits = [Debit(day(1), 40)]
    assert figures(at(1, lots, debits)) == (0, 50, 10, 0)
    assert figures(at(10, lots, debits)) == (40, 0, 0, 0)


def test_debt_outlives_a_lot_that_is_too_small() -> None:
    lots = [lot(1, 5, 10), lot(2, 3, 11)]
    assert figures(at(12, lots, [Debit(day(1), 10)])) == (0, 0, 2, 0)


def test_of_lots_that_open_together_the_soonest_to_expire_pays_the_debt() -> None:
    soon, never = lot(2, 10, 10, 20), lot(1, 10, 10)
    for lots in ([soon, never], [never, soon]):
        found = at(21, lots, [Debit(day(1), 10)])
        assert figures(found) == (10, 0, 0, 0)


def test_a_clawback_shrinks_its_own_lot_and_no_other() -> None:
    spent = [Debit(day(5), 30)]
    assert figures(at(6, [lot(1, 30, 0), lot(2, 30, 0)], spent)) == (30, 0, 0, 0)
    assert figures(at(6, [lot(1, 10, 0), lot(2, 30, 0)], spent)) == (10, 0, 0, 0)
    assert figures(at(6, [lot(2, 20, 0)], spent)) == (0, 0, 10, 0)


def test_a_refund_after_expiry_is_no_double_loss() -> None:
    kept = [lot(1, 50, 0, 10)]
    assert figures(at(11, kept, [])) == (0, 0, 0, 50)
    partly = [lot(1, 20, 0, 10)]
    assert figures(at(11, partly, [])) == (0, 0, 0, 20)
    assert figures(at(11, [lot(1, 0, 0, 10)], [])) == (0, 0, 0, 0)


def test_a_late_redemption_takes_back_what_had_expired() -> None:
    lots = [lot(1, 50, 0, 10)]
    assert figures(at(11, lots, [])) == (0, 0, 0, 50)
    assert figures(at(11, lots, [Debit(day(9), 20)])) == (0, 0, 0, 30)


def test_at_one_instant_a_lot_closes_then_one_opens_then_the_debit_takes() -> None:
    lots = [lot(1, 10, 0, 5), lot(2, 10, 5)]
    assert figures(at(5, lots, [Debit(day(5), 10)])) == (0, 0, 0, 10)


def test_what_is_yet_to_come_is_not_taken() -> None:
    assert figures(at(4, [lot(1, 10, 0)], [Debit(day(5), 10)])) == (10, 0, 0, 0)
    assert figures(at(4, [], [])) == (0, 0, 0, 0)


def spent(number: int, points: int, *returns: tuple[int, int]) -> Debit:
    """Points spent on a day, with the days on which some came back."""
    return Debit(day(number), points, (0, number), tuple(Return(day(at), back) for at, back in returns))


def end_of(one: Lot) -> int | None:
    """The day on which a lot closes."""
    return None if one.expires_at is None else (one.expires_at - START).days


def ends(found: Position) -> list[tuple[int, int | None, int]]:
    """Order, day of expiry and points of every lot that has some."""
    return [(rest.lot.source[1], end_of(rest.lot), rest.left) for rest in found.lots]


def test_what_comes_back_goes_to_the_latest_expiring_lot_it_was_taken_from() -> None:
    lots = [lot(1, 10, 0, 90), lot(2, 10, 0, 200), lot(3, 10, 0), lot(4, 10, 0)]
    assert ends(at(9, lots, [spent(5, 25, (8, 12))])) == [(2, 200, 7), (3, None, 10), (4, None, 10)]
    assert ends(at(9, lots, [spent(5, 25, (8, 25))])) == [
        (1, 90, 10),
        (2, 200, 10),
        (3, None, 10),
        (4, None, 10),
    ]


def test_what_comes_back_lives_thirty_days_though_its_lot_ends_sooner() -> None:
    lots, debits = [lot(1, 50, 0, 20)], [spent(5, 30, (15, 30))]
    assert ends(at(15, lots, debits)) == [(1, 20, 20), (1, 45, 30)]
    assert figures(at(44, lots, debits)) == (30, 0, 0, 20)
    assert figures(at(45, lots, debits)) == (0, 0, 0, 50)
    assert at(60, lots, debits).closed_at == day(45)


def test_a_reward_given_back_after_its_points_expired_is_no_loss() -> None:
    lots = [lot(1, 50, 0, 20)]
    assert figures(at(39, lots, [spent(5, 50)])) == (0, 0, 0, 0)
    back = [spent(5, 50, (40, 50))]
    assert figures(at(40, lots, back)) == (50, 0, 0, 0)
    assert figures(at(70, lots, back)) == (0, 0, 0, 50)


def test_what_came_back_can_be_spent_and_come_back_again() -> None:
    lots = [lot(1, 50, 0, 20)]
    twice = [spent(5, 50, (40, 50)), spent(41, 50, (60, 20))]
    assert ends(at(61, lots, twice)) == [(1, 90, 20)]
    assert figures(at(90, lots, twice)) == (0, 0, 0, 20)


def test_what_no_lot_covered_is_owed_no_more_once_it_comes_back() -> None:
    lots = [lot(1, 30, 0, 90), lot(2, 50, 20)]
    assert figures(at(9, lots, [spent(5, 40, (8, 6))])) == (0, 50, 4, 0)
    assert figures(at(9, lots, [spent(5, 40, (8, 40))])) == (30, 50, 0, 0)


def test_what_a_later_lot_paid_comes_back_to_that_lot() -> None:
    lots = [lot(1, 30, 0, 90), lot(2, 50, 10)]
    assert ends(at(20, lots, [spent(5, 40, (15, 40))])) == [(1, 90, 30), (2, None, 50)]
    assert ends(at(20, lots, [spent(5, 40, (15, 10))])) == [(2, None, 50)]


def test_what_comes_back_pays_what_is_still_owed_for_another_reward() -> None:
    lots = [lot(1, 30, 0, 90)]
    assert figures(at(8, lots, [spent(5, 30), spent(6, 20)])) == (0, 0, 20, 0)
    assert figures(at(8, lots, [spent(5, 30, (8, 30)), spent(6, 20)])) == (10, 0, 0, 0)
    assert ends(at(10, lots, [spent(5, 30, (8, 30)), spent(6, 20, (9, 20))])) == [(1, 90, 30)]


def test_no_more_comes_back_than_was_taken_and_never_before() -> None:
    assert figures(at(9, [lot(1, 30, 0)], [spent(5, 20, (6, 15), (7, 15))])) == (30, 0, 0, 0)
    assert figures(at(9, [lot(1, 30, 0)], [spent(5, 20, (2, 20))])) == (30, 0, 0, 0)
    assert figures(at(4, [lot(1, 30, 0)], [spent(5, 20, (2, 20))])) == (30, 0, 0, 0)


def test_what_is_known_to_be_back_is_back_though_its_date_is_ahead_of_our_clock() -> None:
    assert figures(at(6, [lot(1, 30, 0)], [spent(5, 20, (9, 20))])) == (30, 0, 0, 0)
    assert ends(at(6, [lot(1, 30, 0, 8)], [spent(5, 20, (9, 20))])) == [(1, 8, 10), (1, 36, 20)]


days = st.integers(0, 12)
many_lots = st.lists(st.tuples(st.integers(0, 40), days, st.none() | st.integers(1, 60)), max_size=6).map(
    lambda rows: [
        lot(id, points, opens, None if life is None else opens + life)
        for id, (points, opens, life) in enumerate(rows)
    ]
)
returns = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40)), max_size=3)
many_debits = st.lists(st.tuples(days, st.integers(1, 60), returns), max_size=5).map(
    lambda rows: [
        Debit(day(number), points, (0, id), tuple(Return(day(at), back) for at, back in returned))
        for id, (number, points, returned) in enumerate(rows)
    ]
)
instants = st.integers(0, 100)


@given(many_lots, many_debits, instants, st.data())
def test_the_order_in_which_facts_are_given_never_shows(
    lots: list[Lot], debits: list[Debit], now: int, data: st.DataObject
) -> None:
    again = at(now, data.draw(st.permutations(lots)), data.draw(st.permutations(debits)))
    assert again == at(now, lots, debits)


@given(many_lots, many_debits, instants)
def test_nothing_is_made_and_nothing_is_lost(lots: list[Lot], debits: list[Debit], now: int) -> None:
    found = at(now, lots, debits)
    assert min(figures(found)) >= 0
    given = sum(one.points for one in lots)
    taken = sum(one.points for one in debits if one.at <= day(now))
    back = sum(
        min(one.points, sum(each.points for each in one.returns)) for one in debits if one.at <= day(now)
    )
    assert found.available + found.pending - found.debt == given - taken + back - found.expired
    assert found.available == 0 or found.debt == 0
    assert sum(rest.left for rest in found.lots) == found.available + found.pending


@given(many_lots, many_debits, instants)
def test_what_came_back_can_be_spent_for_thirty_days(lots: list[Lot], debits: list[Debit], now: int) -> None:
    """As long as nobody spends them, points that came back within the last thirty days are there or paid a debt."""
    late = [one for debit in debits for one in debit.returns if day(now) - GRACE < one.at]
    before = at(now, lots, [_without(debit, late) for debit in debits])
    after = at(now, lots, debits)
    gained = sum(
        min(one.points, sum(each.points for each in one.returns))
        - min(one.points, sum(each.points for each in one.returns if each.at <= day(now) - GRACE))
        for one in debits
        if one.at <= day(now)
    )
    assert (after.available - after.debt) - (before.available - before.debt) == gained


def _without(debit: Debit, late: list[Return]) -> Debit:
    return Debit(debit.at, debit.points, debit.source, tuple(one for one in debit.returns if one not in late))


@given(many_lots, many_debits, instants)
def test_each_point_by_itself_ends_where_the_lots_do(lots: list[Lot], debits: list[Debit], now: int) -> None:
    """The rule once more, told point by point and day by day; a point is the lot it is of and the day it ends."""
    free: list[tuple[Lot, int | None]] = []
    held: dict[tuple[int, int], list[tuple[Lot, int | None] | None]] = {one.source: [] for one in debits}
    expired = 0
    turns = sorted(debits, key=lambda one: (one.at, one.source))

    def taking(point: tuple[Lot, int | None]) -> tuple[bool, int, datetime, tuple[int, int]]:
        one, end = point
        return (end is None, end or 0, one.available_at, one.source)

    def arrive(point: tuple[Lot, int | None]) -> None:
        for one in turns:
            if None in held[one.source]:
                held[one.source].remove(None)
                held[one.source].append(point)
                return
        free.append(point)

    for number in range(now + 1):
        expired += sum(end == number for _, end in free)
        free = [point for point in free if point[1] != number]
        fresh = [(one, end_of(one)) for one in lots if one.available_at == day(number)]
        for one, end in sorted(fresh, key=taking):
            for _ in range(one.points):
                arrive((one, end))
        for debit in turns:
            if debit.at == day(number):
                free.sort(key=taking)
                mine, free = free[: debit.points], free[debit.points :]
                held[debit.source] = [*mine, *[None] * (debit.points - len(mine))]
        for debit in turns:
            if debit.at <= day(number):
                for back in debit.returns:
                    if min(max(back.at, debit.at), day(now)) == day(number):
                        _give_back(held[debit.source], back.points, number, taking, arrive)
    found = at(now, lots, debits)
    pending = sum(one.points for one in lots if one.available_at > day(now))
    assert figures(found) == (len(free), pending, sum(mine.count(None) for mine in held.values()), expired)
    ending = sorted((end, one.source) for one, end in free if end is not None)
    assert ending == sorted(
        ((rest.lot.expires_at - START).days, rest.lot.source)
        for rest in found.lots
        for _ in range(rest.left)
        if rest.lot.expires_at is not None and rest.lot.available_at <= day(now)
    )


def _give_back(mine: Any, points: int, number: int, taking: Any, arrive: Any) -> None:
    """First what nobody paid for yet, then what ends last; each point is good for thirty days more at least."""
    for _ in range(min(points, mine.count(None))):
        mine.remove(None)
        points -= 1
    for one, end in sorted(
        mine, key=lambda point: (point is not None, point and taking(point)), reverse=True
    )[:points]:
        if one is None:
            continue
        mine.remove((one, end))
        arrive((one, end if end is None or end >= number + GRACE.days else number + GRACE.days))
