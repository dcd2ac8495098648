"""Which topic means what: the explicit map from a topic to its handler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from plugin.core.orders import Arrival
from plugin.crypto import Keyring
from plugin.shops import Shop
from webhooks import app, compliance, customers, fulfillments, orders, refunds, stripe_events
from webhooks.inbox import Event

Decode = Callable[[Event, Shop, bytes], Arrival]
"""Reads an event about an order; ``bytes`` is the shop's pseudonym key. Raises Park."""

Handle = Callable[[Connection, Event, Shop | None, datetime, Keyring], None]
"""Handles any other event in the worker's transaction. Raises Park or Retry."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic is either about one order (``decode``) or has a handler of its own."""

    decode: Decode | None = None
    handle: Handle | None = None
    after_uninstall: bool = False
    """Handled for shops that are unknown or have uninstalled, too."""


TOPICS: Mapping[str, Topic] = {
    "orders/create": Topic(decode=orders.snapshot),
    "orders/paid": Topic(decode=orders.snapshot),
    "orders/updated": Topic(decode=orders.snapshot),
    "orders/cancelled": Topic(decode=orders.snapshot),
    "orders/delete": Topic(decode=orders.deleted),
    "refunds/create": Topic(decode=refunds.created),
    "fulfillments/create": Topic(decode=fulfillments.created),
    "fulfillments/update": Topic(decode=fulfillments.updated),
    "fulfillment_events/create": Topic(decode=fulfillments.reported),
    "customers/merge": Topic(handle=customers.merged),
    "app/uninstalled": Topic(handle=app.uninstalled, after_uninstall=True),
    "app/scopes_update": Topic(handle=app.scopes_updated, after_uninstall=True),
    "shop/update": Topic(handle=app.shop_updated),
    "customers/data_request": Topic(handle=compliance.data_requested, after_uninstall=True),
    "customers/redact": Topic(handle=compliance.customer_redacted, after_uninstall=True),
    "shop/redact": Topic(handle=compliance.shop_redacted, after_uninstall=True),
}

STRIPE: Mapping[str, Topic] = {
    **dict.fromkeys(stripe_events.HANDLED, Topic(handle=stripe_events.changed, after_uninstall=True)),
    **dict.fromkeys(stripe_events.IGNORED, Topic(handle=stripe_events.ignored, after_uninstall=True)),
}
"""Stripe's events; whose shop each concerns is in its body."""


def topic_of(source: str, name: str) -> Topic | None:
    """Return what a topic of this sender means; None where nothing is done with it."""
    return (STRIPE if source == stripe_events.SOURCE else TOPICS).get(name)


def names() -> Sequence[str]:
    """Return every topic that has a meaning here."""
    return sorted(TOPICS)
