"""What an answer of the Partner API says of a plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugin.billing.app_pricing import Unreadable, reading
from plugin.billing.plans import PLANS
from plugin.billing.subscriptions import State
from sandbox.pricing import OFFERS, TEST

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
START, END = NOW - timedelta(days=3), NOW + timedelta(days=27)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def item(handle: str | None, amount: str | None = "19.00") -> dict[str, Any]:
    price = {"active": True, "currency": "EUR"} | ({} if amount is None else {"amount": amount})
    return {"handle": handle, "price": price}


def subscription(**changes: Any) -> dict[str, Any]:
    return {
        "billingPeriod": "EVERY_30_DAYS",
        "cancelAtEndOfCycle": False,
        "currentBillingCycle": {"startTime": iso(START), "endTime": iso(END)},
        "items": [item("small")],
        "legacySubscriptionId": "gid://shopify/AppSubscription/7",
        "pendingUpdate": None,
        "trialEndsAt": None,
        **changes,
    }


def event(state: str, handle: str | None = "small") -> dict[str, Any]:
    return {"state": state, "occurredAt": iso(START), "plan": {"handle": handle}, "cancelEffectiveOn": None}


def test_null_is_the_free_plan() -> None:
    told = reading(None, None, NOW)
    assert (told.state, told.plan, told.checked_at, told.kind) == (State.NONE, "free", NOW, "shopify")


def test_a_plan_is_told_whole() -> None:
    told = reading(subscription(), event("CREATED"), NOW)
    assert (told.state, told.plan, told.currency, told.amount) == (State.ACTIVE, "small", "EUR", 19_00)
    assert (told.period_start, told.period_end) == (START, END)
    assert (told.outside_id, told.test, told.cancel_at) == ("gid://shopify/AppSubscription/7", False, None)


def test_a_trial_lasts_until_its_end() -> None:
    trial = subscription(currentBillingCycle=None, trialEndsAt=iso(END))
    assert (reading(trial, None, NOW).state, reading(trial, None, NOW).trial_end) == (State.TRIALING, END)
    assert reading(trial, None, END).state is State.ACTIVE, (
        "our clock is ahead: the plan goes on all the same"
    )
    leaving = reading(trial | {"cancelAtEndOfCycle": True}, None, NOW)
    assert (leaving.state, leaving.cancel_at) == (State.CANCELLED, END)


def test_a_cancellation_and_a_change_come_with_the_cycles_end() -> None:
    told = reading(subscription(cancelAtEndOfCycle=True), event("CREATED"), NOW)
    assert (told.state, told.plan, told.cancel_at) == (State.CANCELLED, "small", END)
    told = reading(subscription(pendingUpdate={"items": [item("free", "0.00")]}), event("CREATED"), NOW)
    assert (told.state, told.plan, told.pending_plan, told.pending_at) == (State.ACTIVE, "small", "free", END)


def test_what_has_ended_is_free_and_says_when() -> None:
    told = reading(None, event("CANCELED"), NOW)
    assert (told.state, told.plan, told.cancel_at) == (State.CANCELLED, "free", START)


@pytest.mark.parametrize("counted", [subscription(), None])
def test_unpaid_bills_of_the_shop_leave_it_its_plan_and_say_so(counted: dict[str, Any] | None) -> None:
    told = reading(counted, event("FROZEN"), NOW)
    assert (told.state, told.plan) == (State.FROZEN, "small")
    assert reading(subscription(), event("UNFROZEN"), NOW).state is State.ACTIVE


def test_a_test_plan_is_its_plan_without_money() -> None:
    told = reading(subscription(items=[item("medium-test", "0.00")]), None, NOW)
    assert (told.plan, told.test, told.amount) == ("medium", True, 0)
    assert reading(subscription(items=[item("other-test")]), None, NOW).test is False


def test_a_plan_that_the_code_no_longer_knows_is_kept_by_its_name() -> None:
    told = reading(subscription(items=[item("golden-2024", "12.50")]), None, NOW)
    assert (told.state, told.plan, told.amount) == (State.ACTIVE, "golden-2024", 12_50)


def test_of_several_items_the_plan_is_the_one_we_know() -> None:
    items = [item("events", None), item("golden"), item("medium", "59.00"), item(None)]
    assert reading(subscription(items=items), None, NOW).plan == "medium"
    assert reading(subscription(items=items[:2]), None, NOW).plan == "golden"


def test_a_year_is_told_by_the_month() -> None:
    told = reading(subscription(billingPeriod="ANNUAL", items=[item("small", "190.00")]), None, NOW)
    assert told.amount == 15_83


@pytest.mark.parametrize(
    "broken",
    [
        subscription(items=[]),
        subscription(items=[item(None)]),
        subscription(items=None),
        subscription(items=[item("small", "many")]),
        subscription(trialEndsAt="soon"),
        subscription(currentBillingCycle={"startTime": iso(START)}),
        {},
    ],
)
def test_what_does_not_fit_the_schema_is_no_answer(broken: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        reading(broken, None, NOW)


def test_the_pocket_shopify_sells_our_plans() -> None:
    public = {one.handle: one.amount for one in OFFERS.values() if not one.private}
    assert public == {plan.handle: plan.price("EUR") for plan in PLANS}
    assert len(public) <= 4, "Shopify shows four public plans at most"
    assert TEST.removesuffix("-test") in public


def test_a_cancellation_that_takes_effect_later_leaves_the_plan_until_that_day() -> None:
    day = (NOW + timedelta(days=9)).date()
    told = reading(None, event("CANCELED") | {"cancelEffectiveOn": day.isoformat()}, NOW)
    assert (told.state, told.plan) == (State.CANCELLED, "small")
    assert told.cancel_at == datetime(day.year, day.month, day.day, tzinfo=UTC)
    passed = reading(None, event("CANCELED") | {"cancelEffectiveOn": "2020-01-01"}, NOW)
    assert passed.cancel_at == START
