"""Rules 1 to 4: which facts of an order hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.oracle.bodies import LINE_FIELDS, ORDER_FIELDS, REFUND_FIELDS, Piece, bag, deletion, refund
from tests.oracle.facts import STATUSES, Snapshot, Unusable, decode_order, instant, minor
from tests.oracle.model import History, judge
from tests.oracle.orders import Delivery, greatest
from tests.unit.oracle.stories import ANNA, BERT, LATER, NOON, bought, delivery, order, snapshot, told

SECOND_LATER = "2026-03-10T13:00:01+01:00"
ONE_REFUND = [refund(7, 1, NOON, "EUR")]


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("19.99", "EUR", 1999),
        ("19.9", "EUR", 1990),
        ("1200", "JPY", 1200),
        ("1200.00", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("-5.85", "ILS", -585),
        ("7", "HUF", 700),
        ("7", "CLP", 7),
        ("0.001", "BHD", 1),
        ("0.001", "TND", 1),
        ("0.0001", "CLF", 1),
        ("90071992547409.93", "EUR", 9007199254740993),
    ],
)
def test_minor_units_follow_the_iso_exponent(amount: str, currency: str, units: int) -> None:
    assert minor(amount, currency) == units


def test_an_amount_finer_than_its_currency_is_unusable() -> None:
    with pytest.raises(Unusable):
        minor("0.5", "JPY")


def test_stamps_in_any_offset_are_one_instant() -> None:
    assert instant("2021-12-31T19:00:00-05:00") == instant("2022-01-01T00:00:00Z")


def test_the_same_facts_in_another_spelling_are_the_same_snapshot() -> None:
    other = snapshot(updated_at="2026-03-10T12:00:00Z", total_outstanding="0.0", discount_codes=None)
    assert other == snapshot()


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        (snapshot("api", LATER, cancelled_at=SECOND_LATER), snapshot(updated_at=SECOND_LATER)),
        (snapshot(cancelled_at=SECOND_LATER), snapshot("api", NOON)),
        (
            snapshot("api", NOON, cancelled_at=SECOND_LATER, refunds=ONE_REFUND),
            snapshot("api", NOON + timedelta(microseconds=1)),
        ),
        (snapshot(refunds=ONE_REFUND), snapshot(cancelled_at=SECOND_LATER)),
        (snapshot(financial_status="voided"), snapshot(refunds=ONE_REFUND, financial_status="expired")),
        (snapshot(), snapshot(current_subtotal_price_set=bag(9_999, "EUR"))),
        *(
            (
                snapshot(financial_status=low, current_subtotal_price_set=bag(0, "EUR")),
                snapshot(financial_status=high),
            )
            for low, high in pairwise(STATUSES)
        ),
    ],
)
def test_the_greater_snapshot_holds_in_either_order(lesser: Snapshot, greater: Snapshot) -> None:
    assert greatest([lesser, greater]) == greatest([greater, lesser]) == greater


def test_statuses_rank_as_rule_2_lists_them() -> None:
    assert " < ".join(STATUSES) == (
        "expired < pending < authorized < partially_paid < paid < partially_refunded < refunded < voided"
    )


def test_what_only_the_hash_decides_is_ambiguous_but_converges() -> None:
    pair = (delivery(customer_locale="de"), delivery(customer_locale="fr"))
    one, other = (order(History(deliveries=heap)) for heap in (pair, pair[::-1]))
    assert one == other
    assert one.ambiguous


def test_equal_stamps_decided_by_rank_are_not_ambiguous() -> None:
    pair = (delivery(financial_status="pending"), delivery())
    assert not order(History(deliveries=pair)).ambiguous


def test_refunds_unite_by_id_from_everywhere_however_old() -> None:
    old = delivery(refunds=[refund(3, 1, NOON, "EUR"), refund(4, 1, NOON, "EUR")])
    new = delivery(refunds=[refund(4, 1, NOON, "EUR")], updated_at=SECOND_LATER)
    event = Delivery("refunds/create", refund(5, 1, NOON, "EUR"))
    assert [r.id for r in order(History(deliveries=(event, new, old))).refunds] == [3, 4, 5]


def test_a_refund_whose_lines_are_unknown_gives_way_to_one_that_tells_them() -> None:
    purchase = bought(pieces=[Piece(10, 10_000)])
    purchase.wait(60)
    purchase.refund(3, {0: 1}, told=False)
    bare = {"id": 3, "order_id": 1, "created_at": "2026-03-10T12:01:00Z"}
    unknown = Delivery("orders/updated", bought().body() | {"refunds": [bare], "updated_at": SECOND_LATER})
    before = History(deliveries=(unknown,))
    assert order(before).refunds[0].lines is None
    after = order(replace(before, deliveries=(*purchase.deliveries, unknown)))
    assert after.refunds[0].lines is not None
    assert after.net == 10_000  # S holds refund 3 by its id, so its subtotal is taken as it stands


def test_an_absent_required_key_is_parked_and_states_nothing() -> None:
    body = bought().body()
    del body["refunds"]
    verdict = judge(History(deliveries=(Delivery("orders/paid", body),)), LATER)
    assert (verdict.parked, dict(verdict.orders), dict(verdict.accounts)) == (1, {}, {})


def test_a_null_where_null_is_a_fact_is_not_parked() -> None:
    assert (
        decode_order(bought().body() | {"customer": None, "cancelled_at": None}, "webhook", None).customer
        is None
    )


def test_a_fetch_that_finds_nothing_changes_nothing() -> None:
    purchase = bought()
    history = told(purchase)
    gone = Delivery("orders/updated", None, "api", LATER)
    assert judge(replace(history, deliveries=(*history.deliveries, gone)), LATER) == judge(history, LATER)


def test_deletion_wins_over_any_snapshot() -> None:
    purchase = bought()
    purchase.delete()
    purchase.wait(3600)
    purchase.tell("orders/updated")
    verdict = order(told(purchase))
    assert (verdict.deleted, verdict.net, verdict.kept, verdict.target) == (True, 10_000, 0, 0)


def test_a_deletion_alone_is_an_order_worth_nothing() -> None:
    verdict = order(History(deliveries=(Delivery("orders/delete", deletion(1)),)))
    assert (verdict.snapshot, verdict.deleted, verdict.target) == (None, True, 0)


def test_a_null_never_detaches_customer_or_token() -> None:
    purchase = bought(token="secret-of-the-checkout")
    purchase.wait(5)
    purchase.token = None
    purchase.belong_to(None)
    verdict = order(told(purchase))
    assert verdict.snapshot is not None
    assert verdict.snapshot.customer is None
    assert (verdict.customer, verdict.checkout_token) == (ANNA, "secret-of-the-checkout")


def test_the_greatest_snapshot_that_names_a_customer_decides() -> None:
    purchase = bought()
    purchase.wait(5)
    purchase.belong_to(BERT)
    purchase.wait(5)
    purchase.belong_to(None)
    assert order(told(purchase)).customer == BERT


def test_bodies_hold_exactly_the_fields_the_app_subscribes_to() -> None:
    purchase = bought(pieces=[Piece(10, 100, 3, 50), Piece(11, 2_500, gift=True)], code="DANKE")
    purchase.refund(2**53 + 5, {0: 1}, favour=10)
    body, event = purchase.body(), purchase.deliveries[-2].body
    assert event is not None
    assert set(body) == ORDER_FIELDS
    assert all(set(line) == LINE_FIELDS for line in body["line_items"])
    assert set(event) == REFUND_FIELDS
    assert datetime.fromisoformat(body["processed_at"]).astimezone(UTC) == NOON
