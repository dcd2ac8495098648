"""What Stripe tells: none of it is believed but for whom it concerns, and that shop's subscription is fetched anew."""

from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import Connection

from plugin import shops
from plugin.billing import checking, subscriptions
from plugin.billing.subscriptions import State, Told
from plugin.crypto import Keyring
from plugin.errors import Park
from plugin.shops import Shop
from webhooks.inbox import Event
from webhooks.payloads import UNREADABLE

SOURCE = "stripe"
SENDER = "(stripe)"
"""Whose turn it is in the inbox; no shop has such a handle."""

SHOP = "dankbar_shop"

HANDLED = (
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.voided",
)
"""Each may have changed what a shop has: its subscription is fetched."""

IGNORED = {
    "charge.refunded": "money given back changes no subscription",
    "checkout.session.async_payment_failed": "the subscription's own events tell it",
    "checkout.session.async_payment_succeeded": "the subscription's own events tell it",
    "credit_note.created": "papers are listed fresh from Stripe",
    "customer.created": "made by the app itself",
    "customer.updated": "name, address and tax id stay at Stripe",
    "invoice.created": "nothing is due yet",
    "invoice.finalization_failed": "an operator's matter, mailed by Stripe",
    "invoice.finalized": "nothing has been tried yet",
    "invoice.payment_succeeded": "the same as invoice.paid",
    "invoice.sent": "papers are listed fresh from Stripe",
    "invoice.upcoming": "nothing has happened yet",
    "invoice.updated": "papers are listed fresh from Stripe",
    "payment_method.attached": "cards stay at Stripe",
    "price.created": "plans are declared in the program",
    "product.created": "plans are declared in the program",
    "refund.created": "money given back changes no subscription",
    "refund.updated": "money given back changes no subscription",
}
"""Heard and left alone, each with the reason; every other event is parked with a word that nothing is done with it."""

log = structlog.get_logger()


class _Object(Struct, frozen=True):
    """Of the object alone that by which its shop is found."""

    object: str
    id: str = ""
    customer: Any = None
    metadata: dict[str, str] | None = None
    parent: dict[str, Any] | None = None
    subscription_details: dict[str, Any] | None = None


class _Data(Struct, frozen=True):
    object: _Object


class _Body(Struct, frozen=True):
    data: _Data


_body = msgspec.json.Decoder(_Body)


def changed(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Have the subscription fetched of the shop that the event concerns; one that concerns nobody is logged."""
    about = _read(event)
    payer = about.id if about.object == "customer" else about.customer
    payer = payer if isinstance(payer, str) else None
    found = _shop(conn, about, payer)
    if found is None or not found.installed:
        log.warning("stripe event of no shop here", topic=event.topic, webhook=event.webhook_id)
        return
    row = subscriptions.find(conn, found.id)
    if payer is not None and (row is None or (row.payer_id is None and row.state is State.NONE)):
        first = Told(kind=SOURCE, state=State.NONE, checked_at=now, payer_id=payer)
        subscriptions.record(conn, found.id, first)
    checking.ask(conn, found.id, now)


def ignored(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Do nothing, on purpose."""
    _read(event)


def _read(event: Event) -> _Object:
    try:
        return _body.decode(event.body or b"").data.object
    except UNREADABLE as error:
        raise Park(f"The event cannot be read: {error}") from error


def _shop(conn: Connection, about: _Object, payer: str | None) -> Shop | None:
    known = subscriptions.shop_of_payer(conn, SOURCE, payer) if payer else None
    if known is not None:
        return shops.shop_by_id(conn, known)
    details = (about.parent or {}).get("subscription_details") or about.subscription_details or {}
    for metadata in (about.metadata, details.get("metadata") if isinstance(details, dict) else None):
        if isinstance(metadata, dict) and isinstance(metadata.get(SHOP), str):
            return shops.find_shop(conn, metadata[SHOP])
    return None
