"""Rules 14 and 18: whose points they are after a merge, and what a coupon may show."""

from datetime import timedelta

import pytest

from tests.oracle.bodies import deletion, merge, refund
from tests.oracle.coupon import NONE, OPEN, Campaign
from tests.oracle.lots import Debit
from tests.oracle.model import History, LoyaltyVersion, judge
from tests.oracle.orders import Delivery
from tests.unit.oracle.stories import ANNA, BERT, CARA, LATER, NOON, account, bought, order, told

AT_ONCE = (LoyaltyVersion(pending_days=0),)
SOON = NOON + timedelta(days=1)
VOID = frozenset({"void"})


def merges(*pairs: tuple[int, int], status: str = "completed") -> tuple[Delivery, ...]:
    return tuple(Delivery("customers/merge", merge(*pair, status)) for pair in pairs)


def test_a_chain_of_merges_is_one_account_under_the_one_that_stayed() -> None:
    orders = told(bought(1), bought(2, customer=BERT), bought(3, customer=CARA), loyalty=AT_ONCE)
    for told_first in (((ANNA, BERT), (BERT, CARA)), ((BERT, CARA), (ANNA, BERT))):
        history = History(deliveries=merges(*told_first) + orders.deliveries, loyalty=AT_ONCE)
        verdict = judge(history, LATER)
        assert set(verdict.accounts) == {CARA}
        assert verdict.accounts[CARA].members == {ANNA, BERT, CARA}
        assert verdict.accounts[CARA].total == 300
        assert verdict.orders[1].account == CARA


def test_merges_may_also_be_told_beside_the_deliveries() -> None:
    history = told(bought(1), bought(2, customer=BERT), merges=((ANNA, BERT),))
    assert account(history, ANNA) == account(history, BERT)


@pytest.mark.parametrize("status", ["failed", "in_progress", "requested"])
def test_only_completed_merges_count(status: str) -> None:
    history = told(bought(1), bought(2, customer=BERT))
    tried = History(deliveries=history.deliveries + merges((ANNA, BERT), status=status))
    assert (account(tried, ANNA).total, account(tried, BERT).total) == (100, 100)


def test_after_a_merge_one_customers_points_cover_the_others_debt() -> None:
    first, second = bought(1), bought(2, customer=BERT, placed_at=SOON)
    debits = (Debit(ANNA, NOON + timedelta(hours=1), 130),)
    apart = told(first, second, loyalty=AT_ONCE, debits=debits)
    assert (account(apart, ANNA).debt, account(apart, BERT).available) == (30, 100)
    together = told(first, second, loyalty=AT_ONCE, debits=debits, merges=((ANNA, BERT),))
    verdict = account(together, BERT)
    assert (verdict.available, verdict.debt, verdict.left) == (70, 0, {1: 0, 2: 70})


def test_a_coupon_is_open_for_an_online_order_also_while_payment_is_pending() -> None:
    assert order(told(bought()), now=SOON).coupon == OPEN
    assert order(told(bought(status="pending", customer=None)), now=SOON).coupon == OPEN
    assert order(told(bought(source_name="shopify_draft_order")), now=SOON).coupon == OPEN
    assert order(told(bought(source_name="pos")), now=SOON).coupon == NONE


def test_a_coupon_is_void_when_the_order_is_undone() -> None:
    cancelled, refunded, deleted, voided = bought(1), bought(2), bought(3), bought(4, status="authorized")
    cancelled.cancel()
    refunded.refund(5, {0: 1})
    deleted.delete()
    voided.cancel()
    verdict = judge(told(cancelled, refunded, deleted, voided), SOON)
    assert [verdict.orders[number].coupon for number in (1, 2, 3, 4)] == [VOID] * 4


def test_a_partial_refund_withdraws_nothing() -> None:
    purchase = bought()
    purchase.refund(5, favour=500)
    assert order(told(purchase, codes={1: "DANKE-1"}), now=SOON).coupon == OPEN


def test_a_used_code_is_redeemed_whatever_became_of_its_order() -> None:
    first, second = bought(1), bought(2, code="Danke-1")
    first.cancel()
    verdict = judge(told(first, second, codes={1: "DANKE-1", 2: "DANKE-2"}), SOON)
    assert (verdict.orders[1].coupon, verdict.orders[2].coupon) == (frozenset({"redeemed"}), OPEN)


def test_a_refund_or_deletion_alone_owes_no_coupon() -> None:
    alone = (Delivery("refunds/create", refund(5, 1, NOON, "EUR")), Delivery("orders/delete", deletion(2)))
    verdict = judge(History(deliveries=alone), SOON)
    assert verdict.orders[1].coupon == NONE
    assert verdict.orders[2].coupon == frozenset({"void", "none"})


def test_whether_the_minimum_was_met_may_depend_on_what_came_first() -> None:
    purchase = bought(price=5_000)
    campaign = Campaign(minimum=4_000)
    assert order(told(purchase, campaign=campaign), now=SOON).coupon == OPEN
    purchase.wait(60)
    purchase.refund(5, favour=1_500)
    assert order(told(purchase, campaign=campaign), now=SOON).coupon == OPEN | NONE
    assert order(told(bought(price=3_999), campaign=campaign), now=SOON).coupon == NONE


@pytest.mark.parametrize(
    ("age", "coupon"), [(timedelta(days=7), NONE), (timedelta(days=7, seconds=-1), OPEN)]
)
def test_an_order_first_handled_after_a_week_gets_no_coupon(age: timedelta, coupon: frozenset[str]) -> None:
    history = told(bought(), installed_at=NOON, active_from=NOON)
    assert order(history, now=NOON + age).coupon == coupon


def test_a_shop_that_was_set_active_before_its_installation_serves_older_orders() -> None:
    history = told(bought(), installed_at=SOON, active_from=NOON)
    assert order(history, now=NOON + timedelta(days=20)).coupon == OPEN
    assert order(history, now=NOON + timedelta(days=40)).coupon == NONE  # its 30 days are over


def test_a_campaign_that_is_off_owes_nothing() -> None:
    assert order(told(bought(), campaign=Campaign(enabled=False)), now=SOON).coupon == NONE


@pytest.mark.parametrize("some", [{"first_order_only": True}, {"monthly_cap": 1}])
def test_what_is_judged_at_first_handling_leaves_both_answers(some: dict[str, int]) -> None:
    assert order(told(bought(), campaign=Campaign(**some)), now=SOON).coupon == OPEN | NONE  # type: ignore[arg-type]
    assert order(told(bought(source_name="pos"), campaign=Campaign(**some)), now=SOON).coupon == NONE  # type: ignore[arg-type]


def test_a_stamp_card_takes_nobodys_coupon() -> None:
    assert order(told(bought(), campaign=Campaign(stamp_every=3)), now=SOON).coupon == OPEN
