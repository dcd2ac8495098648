"""What an order is worth, in cents worked out by hand (semantics A 5, 6)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from plugin.core.orders import RANK, Arrival, Line, OrderFacts, OrderState, Refund, RefundLine, Snapshot
from plugin.core.orders import kept as worth_kept
from plugin.core.orders import net as worth_net
from tests.unit.core.told import BIG, NOON, after

GOODS = Line(1, 100, 3, 3, gift_card=False, ships=True, price=2_000, allocations=((0, 1_000),))
CARD = Line(2, 200, 3, 3, gift_card=True, ships=False, price=1_000, allocations=((0, 1_000),))
BACK = RefundLine(1, 1, 1_667, 266)


def order(**changes: Any) -> OrderFacts:
    """Three pieces at 20.00 less 10.00, and three gift cards at 10.00 less 10.00: 70.00, of which 50.00 are goods."""
    plain = OrderFacts(BIG, NOON, NOON, NOON, None, False, "EUR", True, "paid", 0, 7_000, 798)
    return replace(plain, **({"lines": (GOODS, CARD)} | changes))


def state(*refunds: Refund, **changes: Any) -> OrderState:
    """The order with refunds that were told apart from it."""
    return after(Arrival(1, BIG, Snapshot(order(**changes))), Arrival(1, BIG, refunds=refunds))


def test_goods_count_and_gift_cards_at_their_discounted_price_do_not() -> None:
    assert worth_net(state()) == 5_000


def test_a_refund_counts_once_whether_the_order_shows_it_or_not() -> None:
    refund = Refund(5, NOON, (BACK,))
    late = state(refund)
    caught_up = state(
        refund, subtotal=5_333, lines=(replace(GOODS, current=2), CARD), refunds=(refund,), tax=532
    )
    assert worth_net(late) == worth_net(caught_up) == 3_333
    assert worth_net(late, without_tax=True) == worth_net(caught_up, without_tax=True) == 3_333 - 532


def test_gift_cards_given_back_change_nothing() -> None:
    refund = Refund(5, NOON, (RefundLine(2, 2, 1_333, 0),))
    assert worth_net(state(refund)) == 5_000
    caught_up = state(refund, subtotal=5_666, lines=(GOODS, replace(CARD, current=1)), refunds=(refund,))
    # 20.00 x 1 / 3 is 6.66
    assert worth_net(caught_up) == 5_000


def test_a_gift_card_whose_line_the_order_no_longer_shows_is_known_by_its_refund() -> None:
    refund = Refund(5, NOON, (RefundLine(9, 1, 1_000, 0, gift_card=True),))
    assert worth_net(state(refund)) == 5_000
    assert worth_net(state(replace(refund, lines=(RefundLine(9, 1, 1_000, 0),)))) == 4_000


def test_money_given_as_a_favour_counts_also_when_the_order_shows_the_refund() -> None:
    favour = Refund(5, NOON, (), discrepancy=-300)
    assert worth_net(state(favour)) == 4_700
    assert worth_net(state(favour, refunds=(favour,))) == 4_700
    assert worth_net(state(favour, replace(favour, id=6))) == 4_400


def test_a_refund_known_by_its_id_alone_takes_nothing_yet() -> None:
    assert worth_net(state(Refund(5, NOON, None))) == 5_000


def test_it_is_never_less_than_nothing() -> None:
    assert worth_net(state(Refund(5, NOON, (), discrepancy=-99_999))) == 0
    assert worth_kept(state(Refund(5, NOON, (), discrepancy=-99_999))) == 0


def test_tax_is_taken_off_only_where_the_prices_hold_it() -> None:
    assert worth_net(state(), without_tax=True) == 5_000 - 798
    assert worth_net(state(taxes_included=False), without_tax=True) == 5_000
    assert worth_net(state(tax=-5), without_tax=True) == 5_000


@pytest.mark.parametrize("status", sorted(RANK))
def test_the_financial_state_decides_what_counts_and_not_what_it_is_worth(status: str) -> None:
    found = state(status=status)
    assert worth_net(found) == 5_000
    counted = {"paid": 5_000, "partially_refunded": 5_000, "partially_paid": 5_000}
    assert worth_kept(found) == counted.get(status, 0)


def test_of_a_part_paid_order_what_is_paid_counts() -> None:
    assert worth_kept(state(status="partially_paid", outstanding=1_200)) == 3_800
    assert worth_kept(state(status="partially_paid", outstanding=6_000)) == 0
    assert worth_kept(state(status="partially_paid", outstanding=-100)) == 5_000
    assert worth_kept(state(status="paid", outstanding=1_200)) == 5_000


def test_a_cancelled_deleted_or_charged_back_order_counts_nothing() -> None:
    assert worth_kept(state(cancelled_at=NOON)) == 0
    assert worth_kept(after(Arrival(1, BIG, Snapshot(order())), Arrival(1, BIG, deleted=True))) == 0
    lost = Arrival(1, BIG, Snapshot(order(), NOON), lost=True)
    won = Arrival(1, BIG, Snapshot(order(), NOON + timedelta(minutes=1)))
    assert worth_kept(after(lost)) == 0
    assert worth_kept(after(lost, won)) == worth_kept(after(won, lost)) == 5_000


def test_a_test_order_counts_where_the_shop_counts_them() -> None:
    assert worth_kept(state(test=True)) == 0
    assert worth_kept(state(test=True), count_test=True) == 5_000


def test_a_line_without_pieces_holds_no_value() -> None:
    assert replace(CARD, quantity=0, current=0).kept_value() == 0
