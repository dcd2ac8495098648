"""What comes back of a reward's points, worked out by hand (semantics B 17)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.lots import Return
from plugin.core.orders import Arrival, Line, OrderFacts, OrderState, Refund, RefundLine, Snapshot
from plugin.core.rewards import Spent, given_back, names
from tests.unit.core.told import BIG, NOON, after, arrivals

CODE = "DANKE-7K4M-9QXP-3TRV"
FIVER, TENTH = Spent(CODE, 200, by_share=True), Spent(CODE, 200, by_share=False)
CUPS = Line(1, 100, 3, 3, gift_card=False, ships=True, price=2_000, allocations=((0, 1_000), (1, 300)))
SOAP = Line(2, 200, 1, 1, gift_card=False, ships=True, price=1_000, allocations=((1, 200),))
CARD = Line(3, 300, 1, 1, gift_card=True, ships=False, price=5_000)
DAY = timedelta(days=1)


def facts(**changes: Any) -> OrderFacts:
    """Three cups at 20.00 less 10.00 by another discount, a soap, a gift card, and 5.00 off the goods by our code."""
    plain = OrderFacts(BIG, NOON, NOON, NOON, None, False, "EUR", True, "paid", 0, 10_500, 0)
    ours = {"codes": ("SUMMER", CODE.lower()), "applications": ((0, "SUMMER"), (1, CODE.lower()))}
    return replace(plain, **({"lines": (CUPS, SOAP, CARD)} | ours | changes))


def state(*refunds: Refund, deleted: bool = False, **changes: Any) -> OrderState:
    """The order with refunds that were told apart from it."""
    told = Arrival(1, BIG, Snapshot(facts(**changes)))
    return after(told, Arrival(1, BIG, refunds=refunds, deleted=deleted))


def refund(number: int, at: datetime, **pieces: int) -> Refund:
    """Pieces of cups, soap and card given back."""
    ids = {"cups": 1, "soap": 2, "card": 3}
    lines = tuple(RefundLine(ids[name], count, 0, 0) for name, count in pieces.items())
    return Refund(number, at, lines)


def total(found: OrderState, spent: Spent = FIVER) -> int:
    return sum(one.points for one in given_back(found, spent))


def test_a_code_is_named_in_any_case_and_a_strange_one_is_not() -> None:
    assert names(state(), CODE)
    assert not names(state(), "DANKE-7K4M-9QXP-3TRW")
    assert not names(OrderState(), CODE)


def test_nothing_comes_back_of_an_order_that_is_kept() -> None:
    assert given_back(state(), FIVER) == given_back(state(), TENTH) == ()


@pytest.mark.parametrize(
    "status", ["pending", "authorized", "expired", "partially_paid", "partially_refunded"]
)
def test_an_order_that_is_not_paid_is_not_undone(status: str) -> None:
    assert given_back(state(status=status), FIVER) == ()


def test_all_of_it_comes_back_when_the_order_was_undone() -> None:
    later = NOON + DAY
    for spent in (FIVER, TENTH):
        assert given_back(state(cancelled_at=later), spent) == (Return(later, 200),)
        assert given_back(state(status="voided"), spent) == (Return(NOON, 200),)
        assert given_back(state(deleted=True), spent) == (Return(NOON, 200),)
        favour = Refund(5, later, (), discrepancy=-5_500)
        assert given_back(state(favour, status="refunded"), spent) == (Return(later, 200),)


def test_of_a_fixed_amount_comes_back_what_fell_on_the_pieces_given_back() -> None:
    # 3.00 of the 5.00 fell on three cups, 2.00 on the soap
    assert total(state(refund(5, NOON, cups=1))) == 40
    assert total(state(refund(5, NOON, soap=1))) == 80
    assert total(state(refund(5, NOON, cups=2, soap=1))) == 160
    assert total(state(refund(5, NOON, card=1))) == 0
    assert total(state(refund(5, NOON, cups=1)), TENTH) == 0


def test_a_share_is_rounded_down_once() -> None:
    odd = replace(CUPS, allocations=((1, 100),))
    assert total(state(refund(5, NOON, cups=1), lines=(odd,)), Spent(CODE, 100, by_share=True)) == 33
    assert total(state(refund(5, NOON, cups=2), lines=(odd,)), Spent(CODE, 100, by_share=True)) == 66


def test_all_goods_given_back_are_all_points_though_a_gift_card_is_kept() -> None:
    whole = refund(5, NOON, cups=3, soap=1)
    assert total(state(whole)) == total(state(whole), TENTH) == 200


def test_an_order_of_gift_cards_alone_is_judged_by_these() -> None:
    assert total(state(lines=(CARD,))) == 0
    assert total(state(refund(5, NOON, card=1), lines=(CARD,))) == 200


def test_an_order_without_lines_says_nothing() -> None:
    assert given_back(state(lines=()), FIVER) == ()
    assert total(state(lines=(), cancelled_at=NOON)) == 200


def test_a_code_whose_discount_is_not_known_comes_back_only_as_a_whole() -> None:
    unknown: dict[str, Any] = {"applications": ((0, "SUMMER"), (1, None))}
    assert total(state(refund(5, NOON, soap=1), **unknown)) == 0
    assert total(state(refund(5, NOON, cups=3, soap=1), **unknown)) == 200


def test_a_refund_counts_once_whether_the_order_shows_it_or_not() -> None:
    back = refund(5, NOON + DAY, cups=1)
    shown = state(back, refunds=(back,), lines=(replace(CUPS, current=2), SOAP, CARD), updated_at=NOON + DAY)
    assert given_back(state(back), FIVER) == given_back(shown, FIVER) == (Return(NOON + DAY, 40),)


def test_each_part_comes_back_when_its_own_refund_was_made() -> None:
    two = (refund(6, NOON + 2 * DAY, soap=1), refund(5, NOON + DAY, cups=1))
    parts = (Return(NOON + DAY, 40), Return(NOON + 2 * DAY, 80))
    assert given_back(state(*two), FIVER) == parts
    later = state(*two, updated_at=NOON + 9 * DAY)
    assert given_back(later, FIVER) == parts
    cancelled = state(*two, cancelled_at=NOON + 5 * DAY)
    assert given_back(cancelled, FIVER) == (*parts, Return(NOON + 5 * DAY, 80))
    early = state(*two, cancelled_at=NOON)
    assert given_back(early, FIVER) == (Return(NOON, 200),)


def test_what_two_refunds_of_one_instant_give_back_is_one_return() -> None:
    two = (refund(5, NOON + DAY, cups=1), refund(6, NOON + DAY, soap=1))
    assert given_back(state(*two), FIVER) == (Return(NOON + DAY, 120),)


def test_what_was_edited_out_of_an_order_comes_back_too() -> None:
    edited = state(lines=(CUPS, replace(SOAP, current=0), CARD), updated_at=NOON + DAY)
    assert given_back(edited, FIVER) == (Return(NOON + DAY, 80),)


def test_a_refund_known_by_its_id_alone_gives_nothing_back_yet() -> None:
    assert given_back(state(Refund(5, NOON, None)), FIVER) == ()


@given(st.lists(arrivals(), min_size=1, max_size=5), st.integers(1, 500), st.booleans(), st.data())
def test_whatever_is_told_in_whatever_order_comes_to_the_same_and_never_to_more_than_it_cost(
    told: list[Arrival], cost: int, by_share: bool, data: st.DataObject
) -> None:
    found = after(*told)
    if found.snapshot is None:
        return
    spent = Spent("a", cost, by_share=by_share)
    back = given_back(found, spent)
    assert given_back(after(*data.draw(st.permutations(told)), *told[:1]), spent) == back
    assert all(one.points > 0 for one in back)
    assert sum(one.points for one in back) <= cost
    assert sorted({one.at for one in back}) == [one.at for one in back]
    if found.deleted or found.facts.cancelled_at or found.facts.status in {"voided", "refunded"}:
        assert sum(one.points for one in back) == cost
