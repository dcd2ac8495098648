"""Rules 7 to 10: which rule gives how many points."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.model import LONG_AGO, LoyaltyVersion, ShopVersion, in_force, target
from tests.unit.oracle.stories import ANNA, BERT, LATER, NOON, account, bought, order, told

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("active_from", "points"), [(NOON, 100), (NOON + SECOND, 0), (NOON - SECOND, 100), (LONG_AGO, 100)]
)
def test_orders_processed_before_the_shop_is_active_earn_nothing(active_from: datetime, points: int) -> None:
    assert order(told(bought(), active_from=active_from)).target == points


def test_orders_processed_before_but_created_after_earn_nothing() -> None:
    imported = bought(created_at=NOON + timedelta(days=2))
    assert order(told(imported, active_from=NOON + timedelta(days=1))).target == 0


def test_orders_created_before_the_shop_is_active_earn_nothing() -> None:
    purchase = bought(created_at=NOON - SECOND)
    verdict = order(told(purchase, active_from=NOON))
    assert (verdict.net, verdict.kept, verdict.target) == (10_000, 10_000, 0)


@pytest.mark.parametrize(
    ("placed_at", "points"),
    [
        (datetime(1999, 1, 1, tzinfo=UTC), 100),  # the first version reaches back for ever
        (NOON - SECOND, 100),
        (NOON, 200),  # half-open: the new version starts at its instant
        (NOON + timedelta(days=1) - SECOND, 200),
        (NOON + timedelta(days=1), 0),  # switched off
        (NOON + timedelta(days=2), 300),
    ],
)
def test_the_rule_is_the_one_in_force_when_the_order_was_processed(placed_at: datetime, points: int) -> None:
    rules = (
        LoyaltyVersion(NOON - timedelta(days=5), "1"),
        LoyaltyVersion(NOON, "2"),
        LoyaltyVersion(NOON + timedelta(days=1), "2", enabled=False),
        LoyaltyVersion(NOON + timedelta(days=2), "3"),
    )
    assert order(told(bought(placed_at=placed_at), loyalty=rules)).target == points


def test_of_two_versions_with_one_start_the_first_was_never_in_force() -> None:
    versions = (LoyaltyVersion(LONG_AGO, "1"), LoyaltyVersion(NOON, "2"), LoyaltyVersion(NOON, "3"))
    assert in_force(versions, NOON).points_per_unit == "3"
    assert in_force(versions, NOON - SECOND).points_per_unit == "1"


@pytest.mark.parametrize(
    ("kept", "currency", "rate", "points"),
    [
        (9_999, "EUR", "0.333", 33),  # 33.29667
        (10_000, "EUR", "1.005", 100),  # 100.5
        (9_999, "EUR", "1", 99),
        (1_999, "JPY", "0.05", 99),  # 99.95
        (12_345, "KWD", "10", 123),  # 123.45
        (2_000, "EUR", "0.15", 3),  # exactly 3: no binary fraction may make it 2
        (99, "EUR", "1", 0),
        (10**17 + 99, "EUR", "1", 10**15),
    ],
)
def test_points_are_rounded_down_once(kept: int, currency: str, rate: str, points: int) -> None:
    assert target(kept, currency, rate) == points


def test_an_order_in_another_currency_than_its_rules_is_parked() -> None:
    verdict = order(told(bought(currency="USD")))
    assert (verdict.parked, verdict.target, verdict.lot) == (True, 0, None)


def test_the_currency_too_is_the_one_in_force_when_the_order_was_processed() -> None:
    shop = (ShopVersion(LONG_AGO, "USD"), ShopVersion(NOON + SECOND, "EUR"))
    verdict = order(told(bought(currency="USD"), shop=shop))
    assert (verdict.parked, verdict.target) == (False, 100)


def test_lifetime_is_todays_targets_and_spending_does_not_lower_it() -> None:
    first, second = bought(1), bought(2, price=5_000)
    second.wait(60)
    second.refund(5, favour=1_050)
    verdict = account(told(first, second))
    assert (verdict.lifetime, verdict.total, verdict.available) == (139, 139, 139)


def test_a_guests_order_earns_for_nobody_until_it_is_attached() -> None:
    purchase = bought(customer=None)
    verdict = order(told(purchase))
    assert (verdict.target, verdict.account) == (100, None)
    purchase.wait(60)
    purchase.belong_to(BERT)
    assert account(told(purchase), BERT).total == 100


def test_a_changed_customer_moves_the_points() -> None:
    purchase = bought()
    purchase.wait(60)
    purchase.belong_to(BERT)
    history = told(purchase)
    assert (account(history, ANNA).total, account(history, BERT).total) == (0, 100)
    assert account(history, BERT, LATER).lots == (order(history).lot,)
