"""Merging is commutative, associative and idempotent, whatever is told and however often (semantics A 1-4)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.core import order_codec
from plugin.core.orders import (
    RANK,
    Arrival,
    OrderFacts,
    OrderState,
    Refund,
    RefundLine,
    Snapshot,
    ambiguous,
    incomplete,
    kept,
    merge,
    microseconds,
    net,
)
from plugin.core.parcels import Parcel, Scan, Stage
from tests.unit.core.told import BIG, NOON, after, arrivals, facts, odd_instants

heaps = st.lists(arrivals(), min_size=1, max_size=5)


def shown(**changes: object) -> OrderFacts:
    """A paid order of 10.00 without any story."""
    plain = OrderFacts(BIG, NOON, NOON, NOON, None, False, "EUR", True, "paid", 0, 1_000, 160)
    return replace(plain, **changes)  # type: ignore[arg-type]


def webhook(**changes: object) -> Arrival:
    return Arrival(1, BIG, Snapshot(shown(**changes)))


@given(heaps, st.data())
def test_any_order_with_any_duplicates_ends_in_the_same_state(
    told: list[Arrival], data: st.DataObject
) -> None:
    twice = data.draw(st.lists(st.sampled_from(told), max_size=4))
    assert after(*data.draw(st.permutations(told + twice))) == after(*told)


@settings(max_examples=40)
@given(heaps)
def test_what_is_told_again_changes_nothing(told: list[Arrival]) -> None:
    state = after(*told)
    for arrival in told:
        assert merge(state, arrival) == state


@settings(max_examples=40)
@given(heaps, st.data())
def test_what_follows_is_a_function_of_the_state(told: list[Arrival], data: st.DataObject) -> None:
    one, other = after(*told), after(*data.draw(st.permutations(told)))
    assert incomplete(one) == incomplete(other)
    if one.snapshot is not None:
        assert (net(one), kept(one)) == (net(other), kept(other))
        assert 0 <= kept(one) <= net(one)


@settings(max_examples=60)
@given(heaps)
def test_a_state_written_and_read_is_the_same_and_merges_alike(told: list[Arrival]) -> None:
    state = OrderState()
    for arrival in told:
        state = order_codec.decode(order_codec.encode(merge(state, arrival)))
    assert state == after(*told)
    assert order_codec.encode(state) == order_codec.encode(after(*told))


@settings(max_examples=60)
@given(facts(odd_instants))
def test_any_time_and_text_survives_being_written(found: OrderFacts) -> None:
    state = after(Arrival(1, BIG, Snapshot(found, found.processed_at), token="t"))
    assert order_codec.decode(order_codec.encode(state)) == state


@given(odd_instants)
def test_microseconds_are_exact(instant: object) -> None:
    assert order_codec._instant(microseconds(instant)) == instant  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ({}, {"updated_at": NOON + timedelta(microseconds=1), "status": "pending", "subtotal": 9_999}),
        ({"status": "voided"}, {"cancelled_at": NOON, "status": "pending"}),
        ({"status": "voided"}, {"refunds": (Refund(1, NOON, ()),), "status": "expired"}),
        ({"subtotal": 1_000}, {"subtotal": 999}),
        *[
            ({"status": one, "subtotal": 1}, {"status": other, "subtotal": 9})
            for one, other in zip(list(RANK), list(RANK)[1:], strict=False)
        ],
    ],
)
def test_of_two_snapshots_the_greater_holds(lower: dict[str, object], higher: dict[str, object]) -> None:
    one, other = webhook(**lower), webhook(**higher)
    assert after(one, other).facts == after(other, one).facts == shown(**higher)


def test_a_fetch_beats_a_webhook_of_its_second_and_the_later_fetch_the_earlier() -> None:
    told = webhook(status="voided")
    first = Arrival(1, BIG, Snapshot(shown(subtotal=700), NOON))
    second = Arrival(1, BIG, Snapshot(shown(subtotal=900), NOON + timedelta(seconds=1)))
    assert after(first, told).facts.subtotal == 700
    assert after(second, told, first).facts.subtotal == 900
    newer = webhook(updated_at=NOON + timedelta(seconds=1), subtotal=300)
    assert after(newer, second, first).facts.subtotal == 300


def test_a_newer_null_takes_neither_the_customer_nor_the_token_away() -> None:
    named = Arrival(1, BIG, Snapshot(shown(customer_id=BIG)), token="proof")
    nameless = webhook(updated_at=NOON + timedelta(days=1))
    for state in (after(named, nameless), after(nameless, named)):
        assert state.facts.customer_id is None
        assert state.customer_id == BIG
        assert state.token is not None
        assert state.token.value == "proof"
    moved = webhook(updated_at=NOON + timedelta(hours=1), customer_id=BIG + 5)
    assert after(moved, named, nameless).customer_id == BIG + 5


def test_a_deletion_wins_over_what_comes_after_it() -> None:
    gone = Arrival(1, BIG, deleted=True)
    later = webhook(updated_at=NOON + timedelta(days=9))
    assert kept(after(gone, later)) == kept(after(later, gone)) == 0
    assert net(after(gone, later)) == 1_000
    assert kept(after(later)) == 1_000


def test_known_lines_of_a_refund_beat_unknown_ones() -> None:
    known = Refund(1, NOON, (RefundLine(1, 1, 400, 60),))
    unknown = Refund(1, NOON + timedelta(days=1), None)
    for told in ([known, unknown], [unknown, known]):
        state = after(webhook(), *(Arrival(1, BIG, refunds=(one,)) for one in told))
        assert not incomplete(state)
        assert net(state) == 600
    assert incomplete(after(webhook(), Arrival(1, BIG, refunds=(unknown,))))


def test_only_other_facts_of_the_same_second_told_by_a_webhook_leave_a_doubt() -> None:
    state = after(webhook())
    assert ambiguous(state, webhook(subtotal=1))
    assert ambiguous(state, webhook(locale="de"))
    assert not ambiguous(state, webhook())
    assert not ambiguous(state, webhook(subtotal=1, updated_at=NOON + timedelta(seconds=1)))
    assert not ambiguous(state, Arrival(1, BIG, Snapshot(shown(subtotal=1), NOON)))
    assert not ambiguous(state, Arrival(1, BIG, deleted=True))
    assert not ambiguous(OrderState(), webhook())


def test_of_a_parcel_the_newest_words_hold_and_each_scan_once() -> None:
    hour = timedelta(hours=1)
    made = Parcel(7, NOON, NOON, "success", "DHL", None, None, ((1, 2),), announced=True)
    numbered = replace(made, updated_at=NOON + hour, number="42", announced=False)
    moving = replace(numbered, updated_at=NOON + 2 * hour, stages=(Stage("in_transit", NOON + 2 * hour),))
    again = replace(moving, updated_at=NOON + 3 * hour, stages=(Stage("in_transit", NOON + 3 * hour),))
    scan = Parcel(7, scans=(Scan(1, "in_transit", NOON + hour, NOON + 2 * hour),))
    told = [Arrival(1, BIG, parcels=(one,)) for one in (again, scan, made, moving, scan, numbered)]
    assert incomplete(after(told[1]))
    (found,) = after(*told).parcels
    assert (found.number, found.created_at, found.announced) == ("42", NOON, True)
    assert found.stages == (Stage("in_transit", NOON + 2 * hour),)
    assert found.scans == scan.scans
    assert not incomplete(after(*told))


def test_a_state_stored_before_parcels_were_kept_is_read() -> None:
    stored = order_codec.encode(after(webhook()))
    assert stored.endswith(",[]]")
    assert order_codec.decode(stored.removesuffix(",[]]") + "]") == after(webhook())
