"""Whether an order is owed a coupon: judged once, when it is first handled (semantics A 7, C 18)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from plugin.core.earning import Counting, counts
from plugin.core.orders import OrderState, net

FRESH = timedelta(days=7)
"""An order processed this long before it is first handled comes too late for a thank-you."""

_VOID = {"voided", "refunded"}
_SOURCES = {"web", "shopify_draft_order"}


class Refusal(StrEnum):
    """Why an order gets no coupon."""

    SOURCE = "source"
    EARLY = "early"
    LATE = "late"
    PAST = "past"
    EMPTY = "empty"
    MINIMUM = "minimum"
    CURRENCY = "currency"
    FIRST = "first"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a shop promises when an order is first handled; ``minimum`` in minor units of ``currency``."""

    minimum: int
    currency: str
    valid_days: int
    zone: ZoneInfo
    counting: Counting
    installed_at: datetime


def refusal(state: OrderState, terms: Terms, now: datetime) -> Refusal | None:
    """Return why the order is owed no coupon, or None when it is; its payment plays no part."""
    facts = state.facts
    if not from_checkout(facts.source):
        return Refusal.SOURCE
    if not counts(state, terms.counting):
        return Refusal.EARLY
    backdated = terms.counting.active_from < terms.installed_at
    if now - facts.processed_at >= FRESH and not backdated:
        return Refusal.LATE
    if expires_on(state, terms) < now.astimezone(terms.zone).date():
        return Refusal.PAST
    if facts.currency != terms.currency:
        return Refusal.CURRENCY
    value = net(state)
    if value <= 0:
        return Refusal.EMPTY
    return Refusal.MINIMUM if value < terms.minimum else None


def from_checkout(source: str | None) -> bool:
    """Tell whether an order came from the online checkout or the invoice of a draft.

    ``source_name`` is ``web`` for the one and ``shopify_draft_order`` for the other. Everything else is off: the point
    of sale (``pos``), renewals (``subscription_contract`` and longer), and other channels' and importers' own names
    or app numbers, since those cannot be told from orders that nobody placed here.
    """
    return source in _SOURCES


def expires_on(state: OrderState, terms: Terms) -> date:
    """Return the coupon's last day: so many days after the order's, on the shop's clock."""
    return state.facts.processed_at.astimezone(terms.zone).date() + timedelta(days=terms.valid_days)


def is_void(state: OrderState) -> bool:
    """Tell whether the order was undone as a whole, by today's facts."""
    facts = state.facts
    return state.deleted or facts.cancelled_at is not None or facts.status in _VOID
