"""What became of an order, as a plan counts it: kept, or why it is left out."""

from enum import StrEnum

from plugin.core.orders import OrderState, kept


class Fate(StrEnum):
    """Exactly one holds for each order; whatever is not kept costs nothing."""

    KEPT = "kept"
    REFUNDED = "refunded"
    """All that counted was given back, or the buyer's bank took it back for good."""
    CANCELLED = "cancelled"
    """Called off, deleted, or never paid in time."""
    TEST = "test"
    UNPAID = "unpaid"
    WORTHLESS = "worthless"
    """Free, or gift cards alone: nothing in it counts."""


_CALLED_OFF = {"voided", "expired"}
_UNPAID = {"pending", "authorized", "partially_paid"}


def fate(state: OrderState) -> Fate:
    """Return what became of an order that was told of by a snapshot; a function of its present facts alone."""
    facts = state.facts
    if facts.test:
        return Fate.TEST
    if state.deleted or facts.cancelled_at is not None or facts.status in _CALLED_OFF:
        return Fate.CANCELLED
    if kept(state):
        return Fate.KEPT
    if facts.status in _UNPAID:
        return Fate.UNPAID
    if facts.status == "refunded" or state.refunds or (state.dispute is not None and state.dispute[1]):
        return Fate.REFUNDED
    return Fate.WORTHLESS
