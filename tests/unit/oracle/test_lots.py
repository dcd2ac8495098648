"""Rules 11 and 12: when points become spendable, who takes which, and what lapses."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.lots import Debit, Lot, Standing, lot_times, replay
from tests.oracle.model import LONG_AGO, LoyaltyVersion, ShopVersion
from tests.unit.oracle.stories import ANNA, NOON, account, bought, told

DAY = timedelta(days=1)
AT_ONCE = (LoyaltyVersion(pending_days=0),)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("processed_at", "zone", "pending", "months", "available_at", "expires_at"),
    [
        # 00:30 on 11 March in Berlin; 25 March 00:00 is +01:00, 25 April 00:00 is +02:00
        (
            utc(2026, 3, 10, 23, 30),
            "Europe/Berlin",
            14,
            1,
            utc(2026, 3, 24, 23),
            utc(2026, 4, 24, 22),
        ),
        # the same instant is still 10 March in New York, where summer time has begun
        (utc(2026, 3, 10, 23, 30), "America/New_York", 14, 0, utc(2026, 3, 24, 4), None),
        # at once means at the very instant; a month after 31 January is 28 February, same time of day
        (utc(2026, 1, 31, 9, 15), "Europe/Berlin", 0, 1, utc(2026, 1, 31, 9, 15), utc(2026, 2, 28, 9, 15)),
        # pending a day from 28 January: 29 January 00:00 in Berlin; in a leap year February has that day too
        (utc(2028, 1, 28, 12), "Europe/Berlin", 1, 1, utc(2028, 1, 28, 23), utc(2028, 2, 28, 23)),
        # in Santiago 7 September 2025 begins at 01:00, which is 04:00 UTC
        (utc(2025, 9, 6, 15), "America/Santiago", 1, 0, utc(2025, 9, 7, 4), None),
        # twelve months over the turn of the year
        (utc(2026, 12, 20, 10), "Asia/Tokyo", 14, 12, utc(2027, 1, 2, 15), utc(2028, 1, 2, 15)),
    ],
)
def test_lots_open_at_local_midnight_and_close_months_later(
    processed_at: datetime,
    zone: str,
    pending: int,
    months: int,
    available_at: datetime,
    expires_at: datetime | None,
) -> None:
    assert lot_times(processed_at, zone, pending, months) == (available_at, expires_at)


def test_a_lot_has_the_zone_and_days_of_its_own_time() -> None:
    rules = (LoyaltyVersion(LONG_AGO, pending_days=1), LoyaltyVersion(NOON + DAY, pending_days=2))
    shops = (ShopVersion(LONG_AGO, "EUR", "Asia/Tokyo"), ShopVersion(NOON + DAY, "EUR", "Europe/Berlin"))
    first, second = bought(1), bought(2, placed_at=NOON + DAY)
    lots = account(told(first, second, loyalty=rules, shop=shops)).lots
    assert [lot.available_at for lot in lots] == [utc(2026, 3, 10, 15), utc(2026, 3, 12, 23)]


def test_a_debit_takes_what_lapses_first_and_what_never_lapses_last() -> None:
    never = Lot(1, 50, NOON, None)
    late = Lot(2, 50, NOON, NOON + 90 * DAY)
    soon = Lot(3, 50, NOON + DAY, NOON + 30 * DAY)
    standing = replay([never, late, soon], [Debit(ANNA, NOON + 2 * DAY, 70)], NOON + 3 * DAY)
    assert standing == Standing({1: 50, 2: 30, 3: 0}, debt=0, expired=0)


def test_of_lots_that_lapse_together_the_earlier_available_then_the_lower_order_gives() -> None:
    lots = [Lot(9, 10, NOON, None), Lot(1, 10, NOON + DAY, None), Lot(2, 10, NOON + DAY, None)]
    standing = replay(lots, [Debit(ANNA, NOON + 2 * DAY, 15)], NOON + 3 * DAY)
    assert standing.left == {9: 0, 1: 5, 2: 10}


def test_a_debit_takes_at_the_instant_of_opening_and_not_at_that_of_lapsing() -> None:
    lots = [Lot(1, 10, NOON, NOON + DAY), Lot(2, 10, NOON + DAY, None)]
    assert replay(lots, [Debit(ANNA, NOON, 4)], NOON) == Standing({1: 6}, 0, 0)
    assert replay(lots, [Debit(ANNA, NOON + DAY, 4)], NOON + DAY) == Standing({1: 0, 2: 6}, 0, 10)


def test_what_lots_cannot_cover_is_debt_netted_when_the_next_one_matures() -> None:
    lots = [Lot(1, 30, NOON, None), Lot(2, 100, NOON + 14 * DAY, None)]
    debits = [Debit(ANNA, NOON + DAY, 50)]
    assert replay(lots, debits, NOON + 2 * DAY) == Standing({1: 0}, 20, 0)
    assert replay(lots, debits, NOON + 14 * DAY) == Standing({1: 0, 2: 80}, 0, 0)


def test_debt_eats_several_lots_one_after_the_other() -> None:
    lots = [Lot(1, 30, NOON, None), Lot(2, 30, NOON + DAY, NOON + 9 * DAY)]
    assert replay(lots, [Debit(ANNA, NOON - DAY, 40)], NOON + 2 * DAY) == Standing({1: 0, 2: 20}, 0, 0)


def test_only_what_is_left_lapses() -> None:
    lots = [Lot(1, 100, NOON, NOON + 30 * DAY)]
    standing = replay(lots, [Debit(ANNA, NOON + DAY, 40)], NOON + 30 * DAY)
    assert standing == Standing({1: 0}, 0, 60)


def test_pending_available_and_debt_make_up_the_total() -> None:
    # 100 points spendable from 24 March (23 March 23:00 UTC), 50 more from 30 March; 30 are spent on the 26th
    first, second = bought(1), bought(2, price=5_000, placed_at=utc(2026, 3, 16, 12))
    history = told(first, second, debits=(Debit(ANNA, utc(2026, 3, 26), 30),))
    figures = {}
    for day in (23, 24, 27, 30):
        verdict = account(history, now=utc(2026, 3, day, 12))
        figures[day] = (verdict.total, verdict.pending, verdict.available, verdict.debt)
    assert figures == {
        23: (150, 150, 0, 0),
        24: (150, 50, 100, 0),
        27: (120, 50, 70, 0),
        30: (120, 0, 120, 0),
    }


def test_a_refund_after_spending_is_debt_beside_pending_points() -> None:
    # 100 points spent, then the order comes back; 50 others are still pending
    first, second = bought(1), bought(2, price=5_000, placed_at=utc(2026, 3, 20, 12))
    first.wait(15 * 86_400)
    first.refund(5, {0: 1})
    history = told(first, second, debits=(Debit(ANNA, utc(2026, 3, 26), 100),))
    verdict = account(history, now=utc(2026, 3, 27))
    assert (verdict.total, verdict.pending, verdict.available, verdict.debt) == (-50, 50, 0, 100)
    matured = account(history, now=utc(2026, 4, 10))
    assert (matured.total, matured.pending, matured.available, matured.debt) == (-50, 0, 0, 50)


def test_a_clawback_shrinks_its_own_lot_first() -> None:
    # 60 of the first order's 100 are spent; the order then shrinks to 70 points: 10 are left of it
    first, second = bought(1, price=10_000), bought(2, price=5_000)
    first.wait(86_400)
    first.refund(5, favour=3_000)
    verdict = account(told(first, second, loyalty=AT_ONCE, debits=(Debit(ANNA, NOON + DAY, 60),)))
    assert verdict.left == {1: 10, 2: 50}
    # shrunk to 40, the other lot gives the missing 20
    first.wait(86_400)
    first.refund(6, favour=3_000)
    verdict = account(told(first, second, loyalty=AT_ONCE, debits=(Debit(ANNA, NOON + DAY, 60),)))
    assert (verdict.left, verdict.available) == ({1: 0, 2: 30}, 30)


def test_a_refund_after_expiry_is_no_double_loss() -> None:
    rule = (LoyaltyVersion(pending_days=0, expiry_months=1),)
    purchase = bought()
    lapsed = account(told(purchase, loyalty=rule))
    assert (lapsed.total, lapsed.expired, lapsed.lifetime) == (0, 100, 100)
    purchase.wait(60 * 86_400)
    purchase.refund(5, {0: 1})
    undone = account(told(purchase, loyalty=rule))
    assert (undone.total, undone.expired, undone.debt, undone.lifetime) == (0, 0, 0, 0)


def test_a_late_fact_lets_less_lapse() -> None:
    # 130 points were spent; while one order is unknown 30 of them are debt, with both known 70 points lapse
    rule = (LoyaltyVersion(pending_days=0, expiry_months=1),)
    debits = (Debit(ANNA, NOON + DAY, 130),)
    alone = account(told(bought(1), loyalty=rule, debits=debits), now=NOON + 90 * DAY)
    assert (alone.total, alone.debt, alone.expired) == (-30, 30, 0)
    both = account(told(bought(1), bought(2), loyalty=rule, debits=debits), now=NOON + 90 * DAY)
    assert (both.total, both.debt, both.expired) == (0, 0, 70)
