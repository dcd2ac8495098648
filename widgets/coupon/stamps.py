"""The stamp card: which order of a customer this is, and how far their card is (semantics C 21)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from plugin.core import order_codec
from plugin.core.earning import Counting, counts
from plugin.core.orders import net
from widgets.coupon.owed import from_checkout, is_void


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order of a customer: ``stands`` unless it was undone or has no value, ``stamp`` where it counts on the card."""

    ref: int
    customer_id: int
    at: datetime
    order_id: int
    created_at: datetime
    known_at: datetime
    stands: bool
    stamp: bool

    @property
    def place(self) -> tuple[datetime, int]:
        """Where the order stands among the customer's."""
        return self.at, self.order_id


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders Shopify counted for a customer, asked once: ``orders`` at the instant ``at``."""

    orders: int
    at: datetime


Counts: TypeAlias = Mapping[int, Counted]
"""By customer id: all that were merged into one person, as far as they were asked about."""


def purchase(row: Any, counting: Counting) -> Purchase:
    """Return what an order's row is to its customer's card; one that could bring no coupon is no stamp."""
    state = order_codec.decode(row.state)
    facts = state.facts
    stands = not is_void(state) and net(state) > 0
    stamp = stands and from_checkout(facts.source) and counts(state, counting)
    return Purchase(
        ref=row.id,
        customer_id=row.customer_id,
        at=facts.processed_at,
        order_id=row.order_id,
        created_at=facts.created_at,
        known_at=row.first_at,
        stands=stands,
        stamp=stamp,
    )


def before(counted: Counts, purchases: Collection[Purchase]) -> int:
    """Return the orders that Shopify counted and nobody told us of: those from before our first contact.

    An order that reached us late was counted although we did not know it.
    """
    known = sum(1 for one in purchases if _was_counted(one, counted.get(one.customer_id)))
    return max(0, sum(one.orders for one in counted.values()) - known)


def is_first(own: Purchase, counted: Counts, purchases: Collection[Purchase]) -> bool:
    """Tell whether nothing that stands was bought before this order."""
    earlier = any(one.stands and one.place < own.place for one in purchases)
    return not earlier and before(counted, purchases) == 0


def position(own: Purchase, counted: Counts, purchases: Collection[Purchase]) -> int:
    """Return which stamp the order is, counted from 1, the orders before our first contact among them."""
    earlier = sum(1 for one in purchases if one.stamp and one.place < own.place)
    return before(counted, purchases) + earlier + 1


def total(counted: Counts, purchases: Collection[Purchase]) -> int:
    """Return how many stamps the customer has, on this card and on full ones."""
    return before(counted, purchases) + sum(1 for one in purchases if one.stamp)


def on_card(stamps: int, every: int) -> int:
    """Return how many of them are on the present card; a full one stays until the next order."""
    return 0 if stamps == 0 else (stamps - 1) % every + 1


def _was_counted(one: Purchase, counted: Counted | None) -> bool:
    return counted is not None and (one.known_at <= counted.at or one.created_at <= counted.at)
