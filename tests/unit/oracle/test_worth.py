"""Rules 5 and 6: what an order is worth, in cents worked out by hand."""

import pytest

from tests.oracle.bodies import Piece
from tests.oracle.facts import STATUSES
from tests.oracle.model import History, LoyaltyVersion
from tests.unit.oracle.stories import bought, delivery, order, told


def test_goods_count_after_discounts_without_shipping() -> None:
    # 3 x 20.00 less 10.00 is 50.00; shipping 4.90 is not merchandise
    assert order(told(bought(pieces=[Piece(10, 2_000, 3, 1_000)], shipping=490))).net == 5_000


@pytest.mark.parametrize("is_told", [True, False])
def test_a_refund_counts_once_whether_the_snapshot_holds_it_or_not(is_told: bool) -> None:
    purchase = bought(pieces=[Piece(10, 2_000, 3, 1_000)])
    purchase.wait(60)
    purchase.refund(5, {0: 1}, told=is_told)
    # two of three pieces at 50.00 are 33.33 (rounded down), so 16.67 went back
    assert order(told(purchase)).net == 3_333


def test_refunds_in_any_number_of_parts_end_at_nothing() -> None:
    purchase = bought(pieces=[Piece(10, 2_000, 3, 1_000)])
    worth = []
    for number in (5, 6, 7):
        purchase.wait(60)
        purchase.refund(number, {0: 1}, told=number == 6)
        worth.append(order(told(purchase)).net)
    assert worth == [3_333, 1_666, 0]


def test_gift_cards_are_taken_out_at_their_discounted_price() -> None:
    # goods 40.00; gift cards 3 x 10.00 less 10.00: 20.00
    purchase = bought(pieces=[Piece(10, 4_000), Piece(11, 1_000, 3, 1_000, gift=True)])
    assert purchase.subtotal() == 6_000
    assert order(told(purchase)).net == 4_000


def test_gift_cards_still_there_are_rounded_down_once_a_line() -> None:
    purchase = bought(pieces=[Piece(10, 4_000), Piece(11, 1_000, 3, 1_000, gift=True)])
    purchase.wait(60)
    purchase.remove(1, 1)
    # 20.00 x 2 / 3 is 13.33; 53.33 - 13.33 are the goods
    assert purchase.subtotal() == 5_333
    assert order(told(purchase)).net == 4_000


@pytest.mark.parametrize("is_told", [True, False])
def test_a_gift_card_given_back_changes_nothing(is_told: bool) -> None:
    purchase = bought(pieces=[Piece(10, 4_000), Piece(11, 1_000, 3, 1_000, gift=True)])
    purchase.wait(60)
    purchase.refund(5, {1: 2}, told=is_told)
    assert order(told(purchase)).net == 4_000


@pytest.mark.parametrize("is_told", [True, False])
def test_money_given_as_a_favour_is_taken_off_also_where_the_snapshot_holds_it(is_told: bool) -> None:
    purchase = bought()
    purchase.wait(60)
    purchase.refund(5, favour=585, told=is_told)
    assert order(told(purchase)).net == 9_415


def test_shipping_given_back_and_money_withheld_change_nothing_more() -> None:
    purchase = bought(pieces=[Piece(10, 5_000, 2)], shipping=490)
    purchase.wait(60)
    purchase.refund(5, {0: 1}, shipping=490, withheld=500)
    assert order(told(purchase)).net == 5_000


def test_net_merchandise_is_never_negative() -> None:
    purchase = bought()
    purchase.wait(60)
    purchase.refund(5, {0: 1}, favour=1_000)
    assert order(told(purchase)).net == 0


def test_pieces_added_later_count() -> None:
    purchase = bought()
    purchase.wait(60)
    purchase.add(Piece(12, 700, 2))
    verdict = order(told(purchase))
    assert verdict.snapshot is not None
    assert (verdict.snapshot.status, verdict.net) == ("partially_paid", 11_400)
    assert verdict.kept == 10_000  # 14.00 are outstanding


@pytest.mark.parametrize(("is_told", "base"), [(True, 5_000), (False, 5_000)])
def test_basis_net_leaves_out_the_tax_still_in_the_goods(is_told: bool, base: int) -> None:
    purchase = bought(pieces=[Piece(10, 5_950, 2)], tax_percent=19)  # 119.00 with 19.00 tax
    rule = (LoyaltyVersion(basis="net"),)
    assert order(told(purchase, loyalty=rule)).base == 10_000
    purchase.wait(60)
    purchase.refund(5, {0: 1}, told=is_told)  # 59.50 with 9.50 tax
    verdict = order(told(purchase, loyalty=rule))
    assert (verdict.net, verdict.base, verdict.target) == (5_950, base, 50)


def test_basis_net_changes_nothing_where_prices_exclude_tax() -> None:
    purchase = bought(tax_percent=19, taxes_included=False)
    assert order(told(purchase, loyalty=(LoyaltyVersion(basis="net"),))).base == 10_000


@pytest.mark.parametrize("status", STATUSES)
def test_status_decides_what_counts_and_never_the_net_value(status: str) -> None:
    verdict = order(History(deliveries=(delivery(financial_status=status, total_outstanding="30.00"),)))
    counted = {"paid": 10_000, "partially_refunded": 10_000, "partially_paid": 7_000}
    assert (verdict.net, verdict.kept) == (10_000, counted.get(status, 0))


def test_partly_paid_counts_nothing_where_more_is_outstanding_than_the_goods() -> None:
    verdict = order(
        History(deliveries=(delivery(financial_status="partially_paid", total_outstanding="104.90"),))
    )
    assert verdict.kept == 0


def test_a_cancelled_order_counts_nothing_though_paid() -> None:
    purchase = bought()
    purchase.cancel()
    verdict = order(told(purchase))
    assert (verdict.net, verdict.kept) == (10_000, 0)


@pytest.mark.parametrize(("counts", "kept"), [(True, 10_000), (False, 0)])
def test_a_test_order_counts_only_where_the_shop_says_so_today(counts: bool, kept: int) -> None:
    assert order(told(bought(test=True), count_test_orders=counts)).kept == kept


def test_a_lost_chargeback_counts_nothing() -> None:
    assert order(told(bought(), charged_back=frozenset({1}))).kept == 0
