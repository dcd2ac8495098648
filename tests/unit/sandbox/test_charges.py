"""A subscription's life at Shopify: approvals, changes, trials, cancellations, unpaid bills, and what time makes of them."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.pricing import TEST, Contract, Kind
from sandbox.simulator import Simulator
from sandbox.state import Refused

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


class Clock:
    """A present that moves when told to."""

    now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shopify(clock: Clock) -> Simulator:
    return Simulator(client_id="c", client_secret="s", clock=clock)


def contract(shopify: Simulator) -> Contract | None:
    """What is in force now."""
    from sandbox.charges import pass_time

    shop = shopify.shop()
    pass_time(shopify.state, shop, shopify.state.now())
    return shop.pricing.contract


def kinds(shopify: Simulator) -> list[Kind]:
    return [one.kind for one in shopify.shop().pricing.history]


def test_a_first_plan_begins_at_once_and_goes_on_by_the_month(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("small")
    found = contract(shopify)
    assert found is not None
    assert (found.handle, found.cycle_start, found.cycle_end) == ("small", START, START + MONTH)
    clock.on(70)
    assert (found := contract(shopify)) is not None
    assert found.cycle_end == START + 3 * MONTH
    assert kinds(shopify) == ["CREATED"]


def test_a_trial_has_no_cycle_and_is_had_once(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("medium")
    found = contract(shopify)
    assert found is not None
    assert (found.cycle_end, found.trial_ends_at) == (None, START + timedelta(days=14))
    shopify.cancel_plan()
    assert contract(shopify) is None
    shopify.approve_plan("medium")
    again = contract(shopify)
    assert again is not None
    assert again.trial_ends_at is None
    assert kinds(shopify) == ["CREATED", "CANCELED", "CREATED"]


def test_a_trial_that_ends_becomes_a_billing_cycle(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("medium")
    clock.on(15)
    found = contract(shopify)
    assert found is not None
    assert (found.trial_ends_at, found.cycle_start) == (None, START + timedelta(days=14))


def test_dearer_is_now_and_cheaper_is_later(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("small")
    shopify.approve_plan("large")
    assert (found := contract(shopify)) is not None
    assert (found.handle, found.pending) == ("large", None)
    shopify.approve_plan("free")
    assert (found.handle, found.pending) == ("large", "free")
    clock.on(31)
    assert (found := contract(shopify)) is not None
    assert (found.handle, found.pending) == ("free", None)


def test_the_plan_in_force_chosen_again_takes_back_what_was_to_come(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("large")
    shopify.approve_plan("small")
    shopify.approve_plan("large")
    shopify.cancel_plan()
    shopify.approve_plan("large")
    clock.on(31)
    assert (found := contract(shopify)) is not None
    assert (found.handle, found.pending, found.cancel_at_end) == ("large", None, False)


def test_a_cancellation_comes_with_the_end_of_the_cycle(shopify: Simulator, clock: Clock) -> None:
    shopify.approve_plan("small")
    shopify.cancel_plan()
    clock.on(29)
    assert (found := contract(shopify)) is not None
    assert found.cancel_at_end
    clock.on(2)
    assert contract(shopify) is None
    assert kinds(shopify) == ["CREATED", "CANCELLATION_SCHEDULED", "CANCELED"]
    assert shopify.shop().pricing.history[-1].at == START + MONTH
    with pytest.raises(Refused):
        shopify.cancel_plan()


def test_unpaid_bills_freeze_and_uninstalling_ends(shopify: Simulator) -> None:
    shopify.approve_plan("small")
    shopify.freeze_plan()
    shopify.freeze_plan()
    shopify.freeze_plan(frozen=False)
    shopify.uninstall()
    shopify.install()
    assert contract(shopify) is None
    assert kinds(shopify) == ["CREATED", "FROZEN", "UNFROZEN", "CANCELED"]


def test_a_private_plan_is_for_whom_it_is_offered(shopify: Simulator) -> None:
    with pytest.raises(Refused):
        shopify.approve_plan(TEST)
    shopify.shop().pricing.test_offered = True
    shopify.approve_plan(TEST)
    assert contract(shopify) is not None
