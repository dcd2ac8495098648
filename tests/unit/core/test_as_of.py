"""An order as it stood: refunds and cancellations reach no further back than their own time (semantics B 15)."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.as_of import as_of, final_from, kept_at
from plugin.core.orders import Arrival, OrderState, Refund, RefundLine, Snapshot, kept
from tests.unit.core.test_worth import BACK, order, state
from tests.unit.core.told import NOON, after, arrivals

DAY = timedelta(days=1)
EARLY, LATE = NOON + DAY, NOON + 3 * DAY
NEVER = NOON + timedelta(days=99_999)

states = (
    st.lists(arrivals(), min_size=1, max_size=6).map(lambda told: after(*told)).filter(lambda s: s.snapshot)
)


def of(facts: object, *refunds: Refund) -> OrderState:
    return after(Arrival(1, 1, Snapshot(facts)), Arrival(1, 1, refunds=refunds))  # type: ignore[arg-type]


def test_a_refund_counts_from_its_own_instant_on_whether_the_order_shows_it_or_not() -> None:
    refund = Refund(5, LATE, (BACK,))
    shown = order(subtotal=5_333, tax=532, refunds=(refund,), status="partially_refunded")
    for one in (state(refund), of(shown, refund)):
        assert kept_at(one, LATE) == 5_000
        assert kept_at(one, LATE + timedelta(microseconds=1)) == kept(one) == 3_333
        assert kept_at(one, EARLY) == 5_000
        assert kept_at(one, LATE, without_tax=True) == 5_000 - 798
        assert kept_at(one, NEVER, without_tax=True) == 3_333 - 532
        assert final_from(one) == LATE


def test_each_refund_has_its_own_time() -> None:
    first, second = Refund(5, EARLY, (BACK,)), Refund(6, LATE, (), discrepancy=-300)
    one = state(first, second)
    assert [kept_at(one, at) for at in (EARLY, LATE, NEVER)] == [5_000, 3_333, 3_033]


def test_a_cancelled_order_was_kept_until_then() -> None:
    one = state(cancelled_at=LATE)
    assert [kept_at(one, at) for at in (EARLY, LATE, LATE + DAY)] == [5_000, 5_000, 0]
    assert final_from(one) == LATE


def test_a_refunded_order_was_paid_before_and_partly_refunded_in_between() -> None:
    first, second = Refund(5, EARLY, (BACK,)), Refund(6, LATE, (replace(BACK, quantity=2, subtotal=3_333),))
    gone = order(subtotal=2_000, tax=0, refunds=(first, second), status="refunded")
    one = of(gone)
    assert [kept_at(one, at) for at in (EARLY, LATE, NEVER)] == [5_000, 3_333, 0]
    assert as_of(one, LATE).facts.status == "partially_refunded"
    assert as_of(one, EARLY).facts.status == "paid"


def test_what_has_no_time_of_its_own_counts_at_any_time() -> None:
    for status in ("pending", "voided", "expired", "authorized"):
        assert kept_at(state(status=status), EARLY) == 0
    assert kept_at(state(status="partially_paid", outstanding=1_200), EARLY) == 3_800
    deleted = after(Arrival(1, 1, Snapshot(order())), Arrival(1, 1, deleted=True))
    assert kept_at(deleted, EARLY) == 0
    lost = after(Arrival(1, 1, Snapshot(order(), NOON), lost=True))
    assert kept_at(lost, EARLY) == 0
    assert final_from(state()) is None


def test_gift_cards_given_back_change_nothing_at_any_time() -> None:
    back = Refund(5, LATE, (RefundLine(2, 2, 1_333, 0),))
    assert kept_at(state(back), EARLY) == kept_at(state(back), NEVER) == 5_000
    shown = order(subtotal=5_666, refunds=(back,))
    assert kept_at(of(shown), EARLY) == kept_at(of(shown), NEVER)


def test_a_refund_known_by_its_id_alone_adds_nothing_back() -> None:
    assert kept_at(state(Refund(5, LATE, None)), EARLY) == 5_000


def test_pieces_come_back_to_their_line_and_no_more_than_were_sold() -> None:
    refund = Refund(5, LATE, (BACK, replace(BACK, quantity=9)))
    one = of(order(lines=(replace(order().lines[0], current=0), order().lines[1]), refunds=(refund,)))
    assert [line.current for line in as_of(one, EARLY).facts.lines] == [3, 3]


@given(states, st.integers(-2, 2))
def test_as_of_today_it_is_as_it_is(one: OrderState, seconds: int) -> None:
    last = final_from(one)
    assert as_of(one, NEVER) == one
    if last is None:
        assert as_of(one, NOON - timedelta(days=9_999)) == one
    else:
        assert as_of(one, last + timedelta(microseconds=1)) == one
    at = NOON + timedelta(seconds=seconds)
    assert as_of(as_of(one, at), at) == as_of(one, at)
    assert kept_at(one, NEVER) == kept(one)


@given(states, st.integers(-2, 2), st.integers(0, 2))
def test_less_is_undone_the_later_one_looks(one: OrderState, seconds: int, more: int) -> None:
    at = NOON + timedelta(seconds=seconds)
    later = at + timedelta(seconds=more)
    assert as_of(as_of(one, later), at) == as_of(one, at) or one.facts.status == "refunded"
    assert {refund.id for refund in as_of(one, at).refunds} <= {
        refund.id for refund in as_of(one, later).refunds
    }
