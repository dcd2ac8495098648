"""What an order that used a coupon comes to, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.core.test_rewards import CARD, CODE, CUPS, SOAP, refund, state
from tests.unit.core.told import NOON
from widgets.coupon.taken import discount, revenue


def test_what_the_code_took_off_is_told_from_other_discounts() -> None:
    # 3.00 of the 5.00 fell on three cups, 2.00 on the soap; the 10.00 of SUMMER are another's
    assert discount(state(), CODE) == 500
    assert discount(state(), "SUMMER") == 1000
    assert discount(state(), "DANKE-7K4M-9QXP-3TRW") == 0


def test_what_was_given_back_cost_nothing() -> None:
    assert discount(state(refund(5, NOON, cups=1)), CODE) == 400
    assert discount(state(refund(5, NOON, cups=3, soap=1)), CODE) == 0
    assert discount(state(refund(5, NOON, card=1)), CODE) == 500


def test_a_refund_counts_once_whether_the_order_shows_it_or_not() -> None:
    back = refund(5, NOON, cups=1)
    shown = state(back, refunds=(back,), lines=(replace(CUPS, current=2), SOAP, CARD))
    assert discount(shown, CODE) == discount(state(back), CODE)


def test_revenue_is_net_without_gift_cards() -> None:
    assert revenue(state()) == 10_500 - 5_000


@pytest.mark.parametrize(
    "undone", [{"cancelled_at": NOON}, {"status": "voided"}, {"status": "refunded"}, {"deleted": True}]
)
def test_an_order_that_was_undone_brought_and_cost_nothing(undone: dict[str, Any]) -> None:
    assert (revenue(state(**undone)), discount(state(**undone), CODE)) == (0, 0)


def test_an_order_without_lines_or_allocations_cost_nothing() -> None:
    assert discount(state(lines=()), CODE) == 0
    assert discount(state(lines=(replace(CUPS, quantity=0, current=0),)), CODE) == 0
