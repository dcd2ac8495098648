"""What merchants do on Shopify's plan page, and what time and unpaid bills make of a subscription."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sandbox.pricing import OFFERS, Contract, Happening, Kind, Offer, Pricing
from sandbox.state import Refused, Shop, State
from sandbox.world import World

CYCLE = timedelta(days=30)
"""The Partner API's ``EVERY_30_DAYS``."""


class Charges(World):
    """The part of `sandbox.simulator.Simulator` that is about what the app costs."""

    def approve_plan(self, handle: str, shop: str = "example") -> None:
        """Approve a plan: a first one and a dearer one begin at once, a cheaper one with the next billing cycle.

        The plan in force, chosen again, takes back what was to come. Raises Refused for a plan not offered here, and
        while the subscription is frozen.
        """
        found = self.shop(shop)
        with self.state.lock:
            now, pricing = self.state.now(), found.pricing
            pass_time(self.state, found, now)
            offer = next((one for one in offers(pricing) if one.handle == handle), None)
            if offer is None:
                raise Refused(f"There is no plan {handle} for {found.name}.")
            if pricing.contract is not None and pricing.contract.frozen:
                raise Refused("While the shop's bills are unpaid, its plans rest.")
            if pricing.contract is None:
                _begin(self.state, pricing, offer, now)
            else:
                _change(self.state, pricing, pricing.contract, offer, now)

    def cancel_plan(self, shop: str = "example") -> None:
        """Cancel at the end of the billing cycle; in a trial at once. Raises Refused without a subscription."""
        found = self.shop(shop)
        with self.state.lock:
            now, contract = self.state.now(), _contract(self.state, found)
            if contract.frozen:
                raise Refused("While the shop's bills are unpaid, its plans rest.")
            if contract.cycle_end is None:
                end(self.state, found, now)
            else:
                contract.cancel_at_end, contract.pending = True, None
                _record(self.state, found.pricing, "CANCELLATION_SCHEDULED", now, contract.cycle_end.date())

    def freeze_plan(self, shop: str = "example", *, frozen: bool = True) -> None:
        """Let the shop's bills go unpaid, or be paid: the subscription rests, or goes on."""
        found = self.shop(shop)
        with self.state.lock:
            contract = _contract(self.state, found)
            if contract.frozen != frozen:
                contract.frozen = frozen
                _record(self.state, found.pricing, "FROZEN" if frozen else "UNFROZEN", self.state.now())

    def finish_period(self, shop: str = "example") -> None:
        """Let the trial or the billing cycle end now instead of in some weeks."""
        found = self.shop(shop)
        with self.state.lock:
            now, contract = self.state.now(), _contract(self.state, found)
            if contract.cycle_end is None:
                contract.trial_ends_at = now
            else:
                contract.cycle_end = now
            pass_time(self.state, found, now)


def offers(pricing: Pricing) -> list[Offer]:
    """Return what this shop may choose: the public plans, and a private one that names it."""
    return [one for one in OFFERS.values() if pricing.test_offered or not one.private]


def end(state: State, shop: Shop, now: datetime) -> None:
    """End a subscription at once, as Shopify does when the app is uninstalled; nothing where there is none."""
    if shop.pricing.contract is not None:
        _record(state, shop.pricing, "CANCELED", now, now.date())
        shop.pricing.contract = None


def pass_time(state: State, shop: Shop, now: datetime) -> None:
    """Bring a subscription up to the present: trials and cycles end, and what was to come comes; a frozen one rests."""
    pricing = shop.pricing
    contract = pricing.contract
    if contract is None or contract.frozen:
        return
    if contract.trial_ends_at is not None and contract.trial_ends_at <= now:
        contract.cycle_start, contract.trial_ends_at = contract.trial_ends_at, None
        contract.cycle_end = contract.cycle_start + CYCLE
    while contract.cycle_end is not None and contract.cycle_end <= now:
        if contract.cancel_at_end:
            end(state, shop, contract.cycle_end)
            return
        turn = contract.cycle_end
        contract.cycle_start, contract.cycle_end = turn, turn + CYCLE
        if contract.pending is not None:
            contract.handle, contract.pending = contract.pending, None
            _record(state, pricing, "UPDATED", turn)


def _begin(state: State, pricing: Pricing, offer: Offer, now: datetime) -> None:
    contract = Contract(state.ids.next(), offer.handle, now)
    if offer.trial_days and not pricing.tried:
        pricing.tried = True
        contract.trial_ends_at = now + timedelta(days=offer.trial_days)
    else:
        contract.cycle_start, contract.cycle_end = now, now + CYCLE
    pricing.contract = contract
    _record(state, pricing, "CREATED", now)


def _change(state: State, pricing: Pricing, contract: Contract, offer: Offer, now: datetime) -> None:
    contract.cancel_at_end = False
    at_once = OFFERS[contract.handle].amount <= offer.amount or contract.cycle_end is None
    if at_once:
        contract.handle, contract.pending = offer.handle, None
    else:
        contract.pending = offer.handle
    _record(state, pricing, "UPDATED", now)


def _contract(state: State, shop: Shop) -> Contract:
    pass_time(state, shop, state.now())
    if shop.pricing.contract is None:
        raise Refused(f"{shop.name} has no subscription.")
    return shop.pricing.contract


def _record(
    state: State, pricing: Pricing, kind: Kind, at: datetime, effective_on: date | None = None
) -> None:
    handle = pricing.contract.handle if pricing.contract else ""
    pricing.history.append(Happening(state.ids.next(), kind, at, handle, effective_on))
