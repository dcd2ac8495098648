"""The tier at an instant depends on what happened before it alone, in a window of whole days of the shop's clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.earning import Rule, target
from plugin.core.ladder import Basis, Ladder, Tier
from plugin.core.tiers import Entered, History, Past, leaves, window
from tests.unit.core.test_earning import ALWAYS, PLAIN, ZONES, order

SILVER, GOLD = Tier("silver", "Silber", 100, 1_500, 20), Tier("gold", "Gold", 300, 2_000, 50)
RULE = replace(PLAIN, ladder=Ladder((SILVER, GOLD), Basis.POINTS, 12))
JUNE = datetime(2026, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def past(days: int, base: int = 100, **changes: Any) -> Past:
    """An order so many days after 10 June."""
    plain = Past(days, JUNE + days * DAY, base * 100, base, "EUR")
    return replace(plain, **changes)


def history(*pasts: Past) -> History:
    """Orders of which nothing was undone."""
    return History(pasts, lambda one, _: one)


def names(found: History, rule: Rule, *days: int) -> list[str | None]:
    tiers = [found.tier(rule, JUNE + day * DAY) for day in days]
    return [tier.id if tier else None for tier in tiers]


def test_an_order_counts_for_later_ones_and_never_for_itself() -> None:
    found = history(past(0), past(1, 250), past(2))
    assert names(found, RULE, 0, 1, 2, 3) == [None, "silver", "gold", "gold"]


def test_orders_of_one_instant_do_not_count_for_each_other() -> None:
    found = history(past(0, 200), past(0, 200, ref=9))
    assert names(found, RULE, 0) == [None]
    assert names(found, RULE, 1) == ["gold"]


def test_the_window_moves_on_by_whole_days_of_the_shops_clock() -> None:
    found = history(past(0))
    midnight = datetime(2027, 6, 10, 22, tzinfo=UTC)
    assert found.tier(RULE, midnight - timedelta(microseconds=1)) == SILVER
    assert found.tier(RULE, midnight) is None
    assert leaves(JUNE, 12, "Europe/Berlin") == midnight


@pytest.mark.parametrize(("basis", "value"), [(Basis.POINTS, 350), (Basis.SPEND, 35_000), (Basis.ORDERS, 2)])
def test_points_money_or_orders_are_counted(basis: Basis, value: int) -> None:
    found = history(past(0), past(1, 250), past(2, 0))
    rule = replace(RULE, ladder=replace(RULE.ladder, basis=basis))
    assert found.value(rule, JUNE + 9 * DAY) == value


def test_money_of_another_currency_is_not_added_up() -> None:
    found = history(past(0), past(1, currency="JPY"))
    by = {basis: replace(RULE, ladder=replace(RULE.ladder, basis=basis)) for basis in Basis}
    assert [found.value(by[basis], JUNE + 9 * DAY) for basis in Basis] == [200, 10_000, 2]


def test_what_was_undone_later_counted_until_then() -> None:
    undone = past(0, 0, kept=0, final_from=JUNE + 5 * DAY)

    def then(one: Past, at: datetime) -> Past:
        return replace(one, base=100, kept=10_000) if at <= JUNE + 5 * DAY else one

    found = History([undone, past(1, 50)], then)
    assert names(found, RULE, 1, 5, 6) == ["silver", "silver", None]


def test_what_is_undone_was_never_entered() -> None:
    undone = past(0, 0, kept=0, final_from=JUNE + 5 * DAY)
    found = History([undone, past(1, 50), past(2, 60)], lambda one, _: replace(one, base=100))
    assert found.entered(lambda _: RULE) == {"silver": Entered(SILVER, JUNE + 2 * DAY, RULE)}


def test_a_tier_is_entered_once_with_the_order_that_reaches_it() -> None:
    found = history(past(0), past(1, 250), past(400, 400))
    assert found.entered(lambda _: RULE) == {
        "silver": Entered(SILVER, JUNE, RULE),
        "gold": Entered(GOLD, JUNE + DAY, RULE),
    }


def test_the_rule_of_the_time_decides_what_was_entered() -> None:
    later = replace(
        RULE, ladder=replace(RULE.ladder, tiers=(replace(SILVER, threshold=150, entry_points=7),))
    )
    found = history(past(0), past(1, 10), past(2, 40))
    entered = found.entered(lambda at: PLAIN if at == JUNE else later)
    assert entered == {"silver": Entered(later.ladder.tiers[0], JUNE + 2 * DAY, later)}
    assert history().entered(lambda _: RULE) == {}


def test_a_shop_without_tiers_has_none() -> None:
    assert history(past(0, 999)).tier(PLAIN, JUNE + DAY) is None


def test_a_tier_multiplies_the_points_and_not_what_tiers_count() -> None:
    found = target(order(4_990), RULE, ALWAYS, tier=SILVER)
    assert (found.points, found.base, found.tier) == (74, 49, "silver")
    assert found.breakdown == '["EUR",1000,[[4990]],["Silber",1500]]'
    plain = target(order(4_990), RULE, ALWAYS)
    assert (plain.points, plain.base, plain.tier) == (49, 49, None)


def test_the_highest_reached_and_the_next_above() -> None:
    ladder = RULE.ladder
    assert [ladder.tier(value) for value in (0, 99, 100, 299, 300)] == [None, None, SILVER, SILVER, GOLD]
    assert [ladder.above(value) for value in (0, 100, 299, 300)] == [SILVER, GOLD, GOLD, None]
    assert (ladder.named("gold"), ladder.named("x"), ladder.named(None)) == (GOLD, None, None)


@given(st.integers(0, 40 * 365 * 24), st.integers(1, 120), st.sampled_from([*ZONES, "America/Santiago"]))
def test_an_order_leaves_the_window_once_and_for_good(hours: int, months: int, zone: str) -> None:
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    out = leaves(at, months, zone)
    assert out > at
    assert window(out, months, zone) > at
    assert window(out - timedelta(seconds=1), months, zone) <= at


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 200)), max_size=8),
    st.integers(0, 70),
    st.sampled_from(list(Basis)),
    st.sampled_from([1, 2]),
)
def test_the_value_is_the_plain_sum_over_the_window(
    orders: list[tuple[int, int]], day: int, basis: Basis, months: int
) -> None:
    pasts = [past(days, base, ref=n) for n, (days, base) in enumerate(orders)]
    rule = replace(RULE, ladder=replace(RULE.ladder, basis=basis, months=months))
    at = JUNE + day * DAY
    counted = [one for one in pasts if window(at, months, rule.zone) <= one.at < at]
    expected = {
        Basis.POINTS: sum(one.base for one in counted),
        Basis.SPEND: sum(one.kept for one in counted),
        Basis.ORDERS: sum(one.kept > 0 for one in counted),
    }
    assert history(*pasts).value(rule, at) == expected[basis]
