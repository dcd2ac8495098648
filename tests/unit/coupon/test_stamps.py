"""Which order of a customer one is, whatever reached us when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.coupon.stamps import Counted, Purchase, before, is_first, on_card, position, total

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA, BERT = 7, 8


def bought(number: int, *, stands: bool = True, late: bool = False, customer: int = ANNA) -> Purchase:
    """The order of an hour; one that is late is told a day after."""
    at = NOON + timedelta(hours=number)
    known = at + timedelta(days=1) if late else at
    return Purchase(number, customer, at, number, at, known, stands, stands)


def counted(orders: int, hours: float = 0.5) -> dict[int, Counted]:
    return {ANNA: Counted(orders, NOON + timedelta(hours=hours))}


@pytest.mark.parametrize(("stamps", "have"), [(0, 0), (1, 1), (4, 4), (5, 5), (6, 1), (10, 5), (11, 1)])
def test_a_full_card_stays_until_the_next_order(stamps: int, have: int) -> None:
    assert on_card(stamps, 5) == have


@given(
    earlier=st.integers(0, 9),
    told=st.lists(st.booleans(), min_size=1, max_size=8),
    hours=st.integers(0, 9),
    order=st.randoms(),
)
def test_lateness_and_order_of_telling_move_nobody(
    earlier: int, told: list[bool], hours: int, order: object
) -> None:
    """With every order told at last, the places are those of the whole history."""
    purchases = [bought(number, late=late) for number, late in enumerate(told)]
    at_count = sum(one.created_at <= NOON + timedelta(hours=hours) for one in purchases)
    known = counted(earlier + at_count, hours)
    order.shuffle(purchases)  # type: ignore[attr-defined]
    places = {one.ref: position(one, known, purchases) for one in purchases}
    assert places == {number: earlier + number + 1 for number in range(len(told))}
    assert before(known, purchases) == earlier
    assert total(known, purchases) == earlier + len(told)
    firsts = [one.ref for one in purchases if is_first(one, known, purchases)]
    assert firsts == ([0] if earlier == 0 else [])


def test_what_was_undone_moves_those_after_it_up() -> None:
    purchases = [bought(0), bought(1, stands=False), bought(2)]
    assert position(purchases[2], counted(1), purchases) == 2
    assert position(purchases[1], counted(1), purchases) == 2, "as if it stood"
    assert total(counted(1), purchases) == 2


def test_an_order_without_a_count_of_its_customer_was_counted_by_nobody() -> None:
    purchases = [bought(0), bought(1, customer=BERT)]
    assert before(counted(4, hours=9), purchases) == 3


def test_fewer_orders_than_we_know_of_are_none_before_us() -> None:
    purchases = [bought(0), bought(1)]
    assert before(counted(0, hours=9), purchases) == 0
    assert is_first(purchases[0], counted(0, hours=9), purchases)
