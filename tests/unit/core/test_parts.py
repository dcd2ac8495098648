"""What is kept falls into parts that are exactly it; less kept never brings more; all products means K itself."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.campaigns import Campaign, ProductFacts, best, running, selective
from plugin.core.earning import Rule, asks, target
from plugin.core.orders import Line, OrderState, Refund, RefundLine, kept
from plugin.core.parts import divide
from tests.unit.core.test_earning import ALWAYS, PLAIN, order
from tests.unit.core.told import NOON, after, arrivals

DAY = NOON.date()
TEA, CUP, SCARF = 11, 22, 33
KITCHEN, NEW = ProductFacts(frozenset({1})), ProductFacts(tags=frozenset({"new"}))
KNOWN = {TEA: KITCHEN, CUP: NEW, SCARF: ProductFacts()}


def campaign(multiplier: int = 2_000, **changes: Any) -> Campaign:
    return replace(Campaign("Bonus", multiplier, DAY, DAY), **changes)


def bought(*lines: tuple[int | None, int], **changes: Any) -> OrderState:
    """An order of one piece of each product at that price."""
    rows = tuple(
        Line(n, product, 1, 1, gift_card=False, ships=True, price=price)
        for n, (product, price) in enumerate(lines, 1)
    )
    return order(sum(price for _, price in lines), lines=rows, **changes)


def points(state: OrderState, *campaigns: Campaign, rate: int = 1_000) -> int:
    rule = replace(PLAIN, rate=rate, campaigns=campaigns)
    return target(state, rule, ALWAYS, KNOWN).points


def test_the_lines_of_a_collection_bring_more_and_the_others_do_not() -> None:
    state = bought((TEA, 2_450), (SCARF, 2_500))
    assert points(state, campaign(collection=1)) == 74
    assert points(state, campaign(tag="new")) == 49
    assert points(state, campaign(3_000)) == 148


def test_where_campaigns_meet_the_best_one_counts() -> None:
    state = bought((TEA, 1_000), (CUP, 1_000), (SCARF, 1_000))
    both = (campaign(1_500), campaign(3_000, collection=1), campaign(1_001, tag="new"))
    assert points(state, *both) == 30 + 15 + 15
    assert points(state, *reversed(both)) == 60


def test_the_sum_is_rounded_down_once() -> None:
    state = bought((TEA, 50), (CUP, 50), (SCARF, 50))
    assert points(state, campaign(1_500)) == 2
    assert points(state, campaign(1_500, collection=1)) == 1
    assert points(bought((TEA, 33), (SCARF, 34)), campaign(2_000, collection=1)) == 1


def test_a_favour_makes_every_line_give_way_in_proportion() -> None:
    favour = (Refund(5, NOON, (), discrepancy=-1_000),)
    state = bought((TEA, 2_000), (SCARF, 2_000), refunds=favour)
    assert points(state, campaign(collection=1)) == 45
    assert points(replace(state, refunds=(replace(favour[0], discrepancy=-4_000),)), campaign(tag="new")) == 0


def test_a_refund_told_alone_takes_its_own_line_away() -> None:
    state = bought((TEA, 2_000), (SCARF, 2_000))
    tea, scarf = (Refund(5, NOON, (RefundLine(line, 1, 2_000, 0),)) for line in (1, 2))
    assert points(replace(state, refunds=(tea,)), campaign(collection=1)) == 20
    assert points(replace(state, refunds=(scarf,)), campaign(collection=1)) == 40


def test_what_the_lines_do_not_hold_belongs_to_no_product() -> None:
    state = bought((TEA, 1_000))
    more = replace(state, snapshot=replace(state.snapshot, facts=replace(state.facts, subtotal=1_500)))  # type: ignore[type-var]
    assert points(more, campaign(collection=1)) == 25
    assert points(more, campaign(collection=1), campaign(1_500)) == 20 + 7


def test_gift_cards_bring_no_bonus_for_others() -> None:
    state = bought((TEA, 1_000), (CUP, 5_000))
    tea, card = state.facts.lines
    facts = replace(state.facts, lines=(tea, replace(card, gift_card=True)))
    state = replace(state, snapshot=replace(state.snapshot, facts=facts))  # type: ignore[type-var]
    assert points(state, campaign(collection=1)) == 20
    assert asks(state, replace(PLAIN, campaigns=(campaign(collection=1),)), ALWAYS) == {TEA}


def test_a_campaign_holds_on_its_days_by_the_shops_clock() -> None:
    late = NOON.replace(hour=23, minute=30)
    one = campaign()
    assert points(bought((TEA, 1_000), processed_at=late), one) == 10  # it is tomorrow in Berlin
    assert points(bought((TEA, 1_000), processed_at=late - timedelta(hours=1)), one) == 20
    assert running([one], DAY) == (one,)
    assert running([one], DAY - timedelta(days=1)) == running([one], DAY + timedelta(days=1)) == ()


def test_products_are_asked_about_only_where_they_can_bring_more() -> None:
    state = bought((TEA, 1_000), (None, 500), (SCARF, 100))
    chosen, everything = campaign(collection=1), campaign(3_000)

    def asked(*campaigns: Campaign, of: OrderState = state) -> set[int]:
        return asks(of, replace(PLAIN, campaigns=campaigns), ALWAYS)

    assert asked() == asked(everything) == asked(everything, chosen) == set()
    assert asked(chosen) == asked(chosen, replace(everything, multiplier=1_001)) == {TEA, SCARF}
    assert asked(replace(chosen, last=DAY - timedelta(days=1))) == set()
    assert asked(chosen, of=replace(state, deleted=True)) == set()
    assert not selective([])


def test_until_products_are_known_the_order_waits_with_what_all_products_bring() -> None:
    rule = replace(PLAIN, campaigns=(campaign(collection=1), campaign(1_500)))
    state = bought((TEA, 1_000), (SCARF, 1_000))
    nothing = target(state, rule, ALWAYS)
    half = target(state, rule, ALWAYS, {TEA: KITCHEN})
    whole = target(state, rule, ALWAYS, KNOWN)
    assert [(one.points, one.waits) for one in (nothing, half, whole)] == [
        (30, True),
        (35, True),
        (35, False),
    ]


def test_of_equals_the_first_is_named() -> None:
    first, second = campaign(title="A"), campaign(title="B")
    assert best([first, second], None) == first
    assert best([second, first], None) == second
    assert best([campaign(collection=1)], None) is None


chosen = st.sampled_from([{}, {"collection": 1}, {"tag": "new"}])
campaigns = st.lists(
    st.builds(lambda m, which: campaign(m, **which), st.sampled_from([1_001, 1_500, 2_000, 10_000]), chosen),
    max_size=3,
).map(tuple)
states = (
    st.lists(arrivals(), min_size=1, max_size=6).map(lambda told: after(*told)).filter(lambda s: s.snapshot)
)
shelves = st.dictionaries(st.integers(1, 2**63 - 1), st.sampled_from([KITCHEN, NEW]), max_size=3)


def known_of(state: OrderState, turn: int) -> dict[int, ProductFacts]:
    """Half of the order's products, some in the collection and some with the tag."""
    ids = [line.product_id for line in state.facts.lines if line.product_id is not None]
    return {id: KITCHEN if (id + turn) % 2 else NEW for n, id in enumerate(ids) if (n + turn) % 3}


@given(states, campaigns, st.integers(0, 5), st.integers(0, 10_000))
def test_the_parts_are_exactly_what_is_kept(
    state: OrderState, on: tuple[Campaign, ...], turn: int, amount: int
) -> None:
    found = divide(state, amount, on, known_of(state, turn))
    assert sum(part.share for part in found.parts) == amount * found.whole
    assert all(part.share > 0 for part in found.parts if found.kept)
    assert sum(found.amounts()) == amount
    for part, whole in zip(found.parts, found.amounts(), strict=True):
        assert abs(whole - Fraction(part.share, found.whole)) < 1


@given(states, st.sampled_from([1_001, 1_500, 2_000, 10_000]), st.integers(0, 10_000), st.integers(0, 5))
def test_a_campaign_for_all_products_multiplies_what_is_kept_itself(
    state: OrderState, multiplier: int, amount: int, turn: int
) -> None:
    smaller = campaign(1_001, collection=1)
    for on in ((campaign(multiplier),), (campaign(multiplier), smaller)):
        found = divide(state, amount, on, known_of(state, turn))
        assert Fraction(found.weighted(), found.whole) == amount * multiplier


@given(states, campaigns, st.integers(0, 5), st.integers(0, 9_999))
def test_less_kept_never_brings_more(
    state: OrderState, on: tuple[Campaign, ...], turn: int, amount: int
) -> None:
    known = known_of(state, turn)
    less, more = (divide(state, kept, on, known) for kept in (amount, amount + 1))
    assert less.weighted() * more.whole <= more.weighted() * less.whole


@given(states, campaigns, st.integers(0, 5), st.integers(1, 3), st.integers(1, 2_000))
def test_a_further_refund_never_brings_more(
    state: OrderState, on: tuple[Campaign, ...], turn: int, line: int, value: int
) -> None:
    known = known_of(state, turn)
    refund = Refund(99, NOON, (RefundLine(line, 1, value, 0),))
    later = replace(state, refunds=(*state.refunds, refund))
    rule = replace(PLAIN, currency=state.facts.currency, campaigns=on)
    before, behind = (target(one, rule, ALWAYS, known) for one in (state, later))
    assert behind.points <= before.points
    assert behind.kept <= before.kept == kept(state)


def test_a_rule_without_campaigns_says_so_in_the_fewest_words() -> None:
    assert target(order(), PLAIN, ALWAYS).breakdown == '["EUR",1000,[[4990]]]'
    assert target(order(0), PLAIN, ALWAYS).breakdown == '["EUR",1000,[]]'
    rule = Rule("1.1", 2_500, 0, 0, without_tax=False, currency="EUR", zone="UTC", campaigns=(campaign(),))
    assert target(order(), rule, ALWAYS).breakdown == '["EUR",2500,[[4990,2000,"Bonus"]]]'
