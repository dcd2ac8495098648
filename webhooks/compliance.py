"""customers/data_request, customers/redact and shop/redact: what Shopify asks of everybody who keeps data."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Connection

from plugin.core import data_requests, privacy, tombstones
from plugin.core.tombstones import Kind
from plugin.crypto import Keyring
from plugin.errors import Park
from plugin.pseudonyms import Pseudonyms
from plugin.shops import Shop
from webhooks import erasure
from webhooks.inbox import Event
from webhooks.payloads import UNREADABLE

_Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class Person(Struct, frozen=True):
    """Who asks; somebody whom Shopify knows by e-mail address alone has no id. Nothing else is read."""

    id: _Id | None = None


class AskedFor(Struct, frozen=True):
    """The request itself."""

    id: _Id


class DataRequest(Struct, frozen=True):
    """Somebody wants to see their data."""

    data_request: AskedFor
    customer: Person | None = None
    orders_requested: list[_Id] | None = None


class Redaction(Struct, frozen=True):
    """Somebody is to be forgotten."""

    customer: Person | None = None
    orders_to_redact: list[_Id] | None = None


_request = msgspec.json.Decoder(DataRequest)
_redaction = msgspec.json.Decoder(Redaction)


def data_requested(
    conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring
) -> None:
    """Record the request, due in thirty days; of a shop that never was here nothing is known."""
    try:
        body = _request.decode(event.body or b"")
    except UNREADABLE as error:
        raise Park(f"The request for data cannot be read: {error}") from error
    if shop is None:
        return
    customer = body.customer.id if body.customer else None
    tombstones.share(conn, [shop.id])
    named = set(body.orders_requested or ())
    person = privacy.find(conn, shop.id, customer, named)
    pseudonyms = Pseudonyms(keyring, [shop])
    unknown = named - set(person.orders.values())
    gone = tombstones.erased(conn, shop.id, Kind.ORDER, unknown, pseudonyms)
    buried = tombstones.erased(conn, shop.id, Kind.CUSTOMER, [customer] if customer else [], pseudonyms)
    data_requests.record(
        conn,
        shop.id,
        body.data_request.id,
        customer,
        person.orders,
        event.received_at,
        unknown - gone,
        erased=bool(gone if customer is None else buried),
    )


def customer_redacted(
    conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring
) -> None:
    """Erase the customer and the listed orders; of a shop that never was here at most parked webhooks are left."""
    try:
        body = _redaction.decode(event.body or b"")
    except UNREADABLE as error:
        raise Park(f"The redaction cannot be read: {error}") from error
    customer, orders = body.customer.id if body.customer else None, body.orders_to_redact or []
    if shop is not None:
        erasure.erase_customer(conn, keyring, shop, customer, orders, now)
        return
    customers = frozenset() if customer is None else frozenset({customer})
    erasure.clear_inbox(conn, keyring, event.shop, frozenset(orders), customers, now)


def shop_redacted(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Erase the shop, unless it has installed the app again meanwhile."""
    erasure.erase_shop(conn, event.shop, event.id, now)
