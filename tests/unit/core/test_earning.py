"""Points are rounded down once, and their dates are days of the shop's own clock (semantics B 8-11)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.earning import Counting, Rule, add_months, counts, expires, matures, midnight, target
from plugin.core.orders import Arrival, OrderFacts, OrderState, Snapshot
from tests.unit.core.told import BIG, NOON, after

PLAIN = Rule("1.1", 1_000, 14, 0, without_tax=False, currency="EUR", zone="Europe/Berlin")
ALWAYS = Counting(datetime(1970, 1, 1, tzinfo=UTC), count_test_orders=False)
ZONES = ["Pacific/Pago_Pago", "Pacific/Kiritimati", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]
"""From eleven hours behind UTC to fourteen ahead, half hours among them."""


def order(subtotal: int = 4_990, **changes: Any) -> OrderState:
    plain = OrderFacts(BIG, NOON, NOON, NOON, None, False, "EUR", True, "paid", 0, subtotal, 0)
    return after(Arrival(1, BIG, Snapshot(replace(plain, **changes))))


def points(subtotal: int, rate: int, currency: str = "EUR") -> int:
    rule = replace(PLAIN, rate=rate, currency=currency)
    return target(order(subtotal, currency=currency), rule, ALWAYS).points


@pytest.mark.parametrize(
    ("subtotal", "rate", "currency", "expected"),
    [
        (4_990, 1_000, "EUR", 49),
        (4_999, 1_000, "EUR", 49),
        (5_000, 1_000, "EUR", 50),
        (99, 1_000, "EUR", 0),
        (1_000, 1_005, "EUR", 10),
        (19_900, 1_005, "EUR", 199),
        (20_000, 1_005, "EUR", 201),
        (100_000, 333, "EUR", 333),
        (300, 333, "EUR", 0),
        (301, 333, "EUR", 1),
        (4_990, 10_000, "EUR", 499),
        (4_990, 0, "EUR", 0),
        (0, 1_000_000, "EUR", 0),
        (4_990, 1_000, "JPY", 4_990),
        (4_990, 10, "JPY", 49),
        (4_990, 1_000, "KWD", 4),
        (4_999_999, 1_000, "KWD", 4_999),
        (2**53 + 1, 1_000, "JPY", 2**53 + 1),
    ],
)
def test_points_are_exact_and_rounded_down_once(
    subtotal: int, rate: int, currency: str, expected: int
) -> None:
    assert points(subtotal, rate, currency) == expected


@given(st.integers(0, 2**53), st.integers(0, 1_000_000), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_points_are_never_more_than_the_rate_gives_and_less_than_one_below(
    subtotal: int, rate: int, currency: str
) -> None:
    unit = {"EUR": 100, "JPY": 1, "KWD": 1_000}[currency]
    found = points(subtotal, rate, currency)
    assert 0 <= subtotal * rate - found * unit * 1_000 < unit * 1_000


def test_tax_goes_before_the_rounding() -> None:
    found = target(order(4_990, tax=797), replace(PLAIN, without_tax=True), ALWAYS)
    assert (found.points, found.kept) == (41, 4_193)


@pytest.mark.parametrize(
    ("created", "processed", "counted"),
    [
        (NOON, NOON, True),
        (NOON - timedelta(microseconds=1), NOON, False),
        (NOON, NOON - timedelta(microseconds=1), False),
        (NOON + timedelta(days=1), NOON + timedelta(days=2), True),
    ],
)
def test_an_order_counts_when_made_and_processed_since_the_shop_takes_part(
    created: datetime, processed: datetime, counted: bool
) -> None:
    state = order(created_at=created, processed_at=processed)
    counting = Counting(NOON, count_test_orders=False)
    assert counts(state, counting) is counted
    assert target(state, PLAIN, counting).points == (49 if counted else 0)


def test_test_orders_earn_where_they_count() -> None:
    assert target(order(test=True), PLAIN, ALWAYS).points == 0
    assert target(order(test=True), PLAIN, replace(ALWAYS, count_test_orders=True)).points == 49


@pytest.mark.parametrize(
    ("zone", "processed", "opens"),
    [
        # the order's day is the shop's day, wherever UTC is
        ("Pacific/Pago_Pago", "2026-03-10T10:59:59+00:00", "2026-03-23T11:00:00+00:00"),
        ("Pacific/Pago_Pago", "2026-03-10T11:00:00+00:00", "2026-03-24T11:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-03-10T09:59:59+00:00", "2026-03-23T10:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-03-10T10:00:00+00:00", "2026-03-24T10:00:00+00:00"),
        ("Asia/Kolkata", "2026-03-10T18:30:00+00:00", "2026-03-24T18:30:00+00:00"),
        # across the change to summer time: 14 days are not 336 hours
        ("Europe/Berlin", "2026-03-20T12:00:00+00:00", "2026-04-02T22:00:00+00:00"),
        ("Europe/Berlin", "2026-10-20T12:00:00+00:00", "2026-11-02T23:00:00+00:00"),
        # midnight does not exist in Santiago on 6 September 2026: the day begins at one
        ("America/Santiago", "2026-08-23T12:00:00+00:00", "2026-09-06T04:00:00+00:00"),
        # midnight comes twice in Havana on 1 November 2026: the day begins at the first
        ("America/Havana", "2026-10-18T12:00:00+00:00", "2026-11-01T04:00:00+00:00"),
        # 30 December 2011 never was in Samoa
        ("Pacific/Apia", "2011-12-16T20:00:00+00:00", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_points_open_at_midnight_of_the_shop(zone: str, processed: str, opens: str) -> None:
    found = matures(datetime.fromisoformat(processed), replace(PLAIN, zone=zone))
    assert found == datetime.fromisoformat(opens)


@given(
    st.integers(0, 40 * 365 * 86_400),
    st.integers(1, 365),
    st.sampled_from([*ZONES, "America/Santiago", "America/Havana", "Africa/Cairo", "Pacific/Apia"]),
)
def test_points_open_with_the_first_instant_of_a_day(second: int, days: int, zone: str) -> None:
    processed = datetime(1995, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    found = matures(processed, replace(PLAIN, zone=zone, pending_days=days))
    clock = ZoneInfo(zone)
    due = processed.astimezone(clock).date() + timedelta(days=days)
    assert found.astimezone(clock).date() >= due
    assert (found - timedelta(seconds=1)).astimezone(clock).date() < due


def test_without_pending_days_points_are_there_at_once() -> None:
    assert matures(NOON, replace(PLAIN, pending_days=0)) == NOON


def test_points_without_an_end_live_for_ever() -> None:
    assert expires(NOON, PLAIN) is None
    assert target(order(), PLAIN, ALWAYS).expires_at is None


@pytest.mark.parametrize(
    ("opened", "months", "zone", "ends"),
    [
        ("2026-03-09T23:00:00+00:00", 12, "Europe/Berlin", "2027-03-09T23:00:00+00:00"),
        # the last of the month stays the last of a shorter month
        ("2026-01-30T23:00:00+00:00", 1, "Europe/Berlin", "2026-02-27T23:00:00+00:00"),
        ("2028-01-30T23:00:00+00:00", 1, "Europe/Berlin", "2028-02-28T23:00:00+00:00"),
        ("2028-02-28T23:00:00+00:00", 12, "Europe/Berlin", "2029-02-27T23:00:00+00:00"),
        ("2028-02-28T23:00:00+00:00", 48, "Europe/Berlin", "2032-02-28T23:00:00+00:00"),
        ("2026-11-29T23:00:00+00:00", 3, "Europe/Berlin", "2027-02-27T23:00:00+00:00"),
        # the shop's clock says the same, UTC does not
        ("2026-01-09T23:00:00+00:00", 3, "Europe/Berlin", "2026-04-09T22:00:00+00:00"),
        ("2026-12-31T11:00:00+00:00", 2, "Pacific/Pago_Pago", "2027-02-28T11:00:00+00:00"),
        ("2026-12-30T10:00:00+00:00", 2, "Pacific/Kiritimati", "2027-02-27T10:00:00+00:00"),
        # half past two does not exist on 28 March 2027
        ("2026-12-28T01:30:00+00:00", 3, "Europe/Berlin", "2027-03-28T01:30:00+00:00"),
    ],
)
def test_points_end_on_the_day_of_the_same_number(opened: str, months: int, zone: str, ends: str) -> None:
    rule = replace(PLAIN, expiry_months=months, zone=zone)
    assert expires(datetime.fromisoformat(opened), rule) == datetime.fromisoformat(ends)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 120))
def test_months_are_counted_by_the_calendar(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.parametrize("zone", ZONES)
def test_midnight_is_the_days_first_instant(zone: str) -> None:
    clock = ZoneInfo(zone)
    local = midnight(date(2026, 7, 1), clock).astimezone(clock)
    assert (local.date(), local.hour, local.minute) == (date(2026, 7, 1), 0, 0)
