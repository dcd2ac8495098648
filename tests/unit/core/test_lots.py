"""What can be spent, what waits, what is gone and what is owed, by replay alone (semantics B 11, 12)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.lots import Debit, Lot, Position, replay

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


days = st.integers(0, 12)
many_lots = st.lists(st.tuples(st.integers(0, 40), days, st.none() | st.integers(1, 12)), max_size=6).map(
    lambda rows: [
        lot(id, points, opens, None if life is None else opens + life)
        for id, (points, opens, life) in enumerate(rows)
    ]
)
many_debits = st.lists(st.tuples(days, st.integers(1, 60)), max_size=5).map(
    lambda rows: [Debit(day(number), points, id) for id, (number, points) in enumerate(rows)]
)


@given(many_lots, many_debits, st.integers(0, 30), st.data())
def test_the_order_in_which_facts_are_given_never_shows(
    lots: list[Lot], debits: list[Debit], now: int, data: st.DataObject
) -> None:
    again = at(now, data.draw(st.permutations(lots)), data.draw(st.permutations(debits)))
    assert again == at(now, lots, debits)


@given(many_lots, many_debits, st.integers(0, 30))
def test_nothing_is_made_and_nothing_is_lost(lots: list[Lot], debits: list[Debit], now: int) -> None:
    found = at(now, lots, debits)
    assert min(figures(found)) >= 0
    given = sum(one.points for one in lots)
    taken = sum(one.points for one in debits if one.at <= day(now))
    assert found.available + found.pending - found.debt == given - taken - found.expired
    assert found.available == 0 or found.debt == 0
    assert sum(rest.left for rest in found.lots) == found.available + found.pending


@given(many_lots, many_debits, st.integers(0, 30))
def test_each_point_by_itself_ends_where_the_lots_do(lots: list[Lot], debits: list[Debit], now: int) -> None:
    """The rule once more, told point by point and instant by instant."""
    open_: list[Lot] = []
    debt = expired = 0

    def taking(one: Lot) -> tuple[bool, datetime, datetime, tuple[int, int]]:
        return (one.expires_at is None, one.expires_at or START, one.available_at, one.source)

    for number in range(now + 1):
        expired += sum(one.expires_at == day(number) for one in open_)
        open_ = [one for one in open_ if one.expires_at != day(number)]
        for one in sorted(lots, key=taking):
            if one.available_at == day(number):
                paid = min(debt, one.points)
                debt -= paid
                open_ += [one] * (one.points - paid)
        for debit in debits:
            if debit.at == day(number):
                open_.sort(key=taking)
                taken, open_ = open_[: debit.points], open_[debit.points :]
                debt += debit.points - len(taken)
    found = at(now, lots, debits)
    pending = sum(one.points for one in lots if one.available_at > day(now))
    assert figures(found) == (len(open_), pending, debt, expired)
