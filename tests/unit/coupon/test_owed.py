"""Who is owed a coupon, judged by an order's facts and the shop's terms at one instant."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugin.core.earning import Counting
from plugin.core.orders import (
    Arrival,
    Line,
    OrderFacts,
    OrderState,
    Refund,
    RefundLine,
    Snapshot,
    merge,
)
from widgets.coupon.owed import Refusal, Terms, expires_on, from_checkout, is_void, refusal

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TERMS = Terms(
    minimum=0,
    currency="EUR",
    valid_days=30,
    zone=BERLIN,
    counting=Counting(NOW - timedelta(days=10), count_test_orders=False),
    installed_at=NOW - timedelta(days=10),
)


def state(*refunds: Refund, deleted: bool = False, **changes: Any) -> OrderState:
    facts = OrderFacts(
        id=1,
        updated_at=NOW,
        created_at=NOW,
        processed_at=NOW,
        cancelled_at=None,
        test=False,
        currency="EUR",
        taxes_included=True,
        status="paid",
        outstanding=0,
        subtotal=4990,
        tax=797,
        source="web",
        lines=(Line(1, 2, 1, 1, gift_card=False, ships=True, price=4990),),
    )
    arrival = Arrival(1, 1, Snapshot(replace(facts, **changes)), refunds=refunds, deleted=deleted)
    return merge(OrderState(), arrival)


@pytest.mark.parametrize("status", ["pending", "authorized", "partially_paid", "paid", "partially_refunded"])
def test_payment_plays_no_part(status: str) -> None:
    assert refusal(state(status=status), TERMS, NOW) is None


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("web", True),
        ("shopify_draft_order", True),
        ("pos", False),
        ("subscription_contract", False),
        ("subscription_contract_checkout_one", False),
        ("1424624", False),
        ("importer", False),
        ("", False),
        (None, False),
    ],
)
def test_only_checkout_and_draft_invoices_are_thanked(source: str | None, is_one: bool) -> None:
    assert from_checkout(source) is is_one
    assert (refusal(state(source=source), TERMS, NOW) is None) is is_one


@pytest.mark.parametrize("field", ["created_at", "processed_at"])
def test_an_order_from_before_the_shop_took_part_gets_none(field: str) -> None:
    def of(instant: datetime) -> OrderState:
        changes: dict[str, Any] = {field: instant}
        return state(**changes)

    terms = replace(TERMS, counting=Counting(NOW - timedelta(days=3), count_test_orders=False))
    since = terms.counting.active_from
    assert refusal(of(since), terms, NOW) is None
    assert refusal(of(since - timedelta(seconds=1)), terms, NOW) is Refusal.EARLY


def test_a_week_old_order_comes_too_late() -> None:
    just = NOW - timedelta(days=7) + timedelta(seconds=1)
    assert refusal(state(created_at=just, processed_at=just), TERMS, NOW) is None
    week = NOW - timedelta(days=7)
    assert refusal(state(created_at=week, processed_at=week), TERMS, NOW) is Refusal.LATE


def test_a_shop_that_takes_part_since_before_its_installation_thanks_older_orders() -> None:
    week = NOW - timedelta(days=8)
    backdated = replace(TERMS, counting=Counting(NOW - timedelta(days=20), count_test_orders=False))
    assert refusal(state(created_at=week, processed_at=week), backdated, NOW) is None
    at_once = replace(backdated, installed_at=backdated.counting.active_from)
    assert refusal(state(created_at=week, processed_at=week), at_once, NOW) is Refusal.LATE


def test_a_coupon_is_not_issued_after_its_last_day() -> None:
    terms = replace(
        TERMS,
        valid_days=2,
        counting=Counting(NOW - timedelta(days=20), count_test_orders=False),
    )
    two_days_ago, three_days_ago = NOW - timedelta(days=2), NOW - timedelta(days=3)
    assert refusal(state(processed_at=two_days_ago, created_at=two_days_ago), terms, NOW) is None
    late = refusal(state(processed_at=three_days_ago, created_at=three_days_ago), terms, NOW)
    assert late is Refusal.PAST


def test_the_minimum_is_met_by_the_net_value() -> None:
    terms = replace(TERMS, minimum=4990)
    assert refusal(state(), terms, NOW) is None
    assert refusal(state(subtotal=4989), terms, NOW) is Refusal.MINIMUM
    given_back = Refund(9, NOW, (RefundLine(1, 1, 1, 0),))
    assert refusal(state(given_back), terms, NOW) is Refusal.MINIMUM


def test_an_order_of_no_value_gets_none() -> None:
    assert refusal(state(subtotal=0, lines=()), TERMS, NOW) is Refusal.EMPTY
    gift = Line(1, 2, 1, 1, gift_card=True, ships=False, price=4990)
    assert refusal(state(lines=(gift,)), TERMS, NOW) is Refusal.EMPTY


def test_amounts_in_another_currency_are_not_compared() -> None:
    assert refusal(state(currency="USD"), TERMS, NOW) is Refusal.CURRENCY


def test_the_last_day_counts_from_the_local_date_of_the_order() -> None:
    late_evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # 00:30 of the 21st in Berlin
    assert expires_on(state(processed_at=late_evening), TERMS) == date(2026, 12, 21)
    tokyo = replace(TERMS, zone=ZoneInfo("Asia/Tokyo"))
    assert expires_on(state(processed_at=datetime(2026, 11, 20, 14, tzinfo=UTC)), tokyo) == date(2026, 12, 20)
    assert expires_on(state(processed_at=datetime(2026, 11, 20, 15, tzinfo=UTC)), tokyo) == date(2026, 12, 21)


def test_an_order_undone_as_a_whole_is_void() -> None:
    assert not is_void(state())
    assert not is_void(state(status="partially_refunded"))
    assert not is_void(state(status="expired"))
    assert is_void(state(status="refunded"))
    assert is_void(state(status="voided"))
    assert is_void(state(cancelled_at=NOW))
    assert is_void(state(deleted=True))
