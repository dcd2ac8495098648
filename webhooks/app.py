"""app/uninstalled, app/scopes_update and shop/update: what happens to the installation itself."""

from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

import widgets
from plugin import shops, tasks
from plugin.billing import leaving
from plugin.crypto import Keyring
from plugin.errors import Park
from plugin.shops import Shop
from webhooks.inbox import Event
from webhooks.payloads import UNREADABLE


class ScopesUpdate(Struct, frozen=True):
    """What the merchant has granted now."""

    current: list[str]


class ShopUpdate(Struct, frozen=True):
    """The two facts of a shop that the rules depend on."""

    currency: str
    iana_timezone: str


_scopes = msgspec.json.Decoder(ScopesUpdate)
_shop = msgspec.json.Decoder(ShopUpdate)


def uninstalled(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Drop the tokens, stop serving and charging; ignored when it was triggered before the last installation."""
    at = event.triggered_at or event.received_at
    if shop is not None and shops.record_uninstall(conn, shop.id, at, now):
        leaving.uninstalled(conn, shop.id, now)


def scopes_updated(
    conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring
) -> None:
    """Remember which scopes are granted; what was set aside for want of one is tried again."""
    try:
        body = _scopes.decode(event.body or b"")
    except UNREADABLE as error:
        raise Park(f"The scopes cannot be read: {error}") from error
    if shop is not None and shops.record_scopes(conn, shop.id, ",".join(body.current)):
        tasks.release_parked(conn, shop.id, now)


def shop_updated(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Follow the shop's currency and time zone: a change is a new version of the rules, an equal value is none.

    What the webhook does not tell, such as that a development store is a real one now, is asked for.
    """
    try:
        body = _shop.decode(event.body or b"")
    except UNREADABLE as error:
        raise Park(f"The shop cannot be read: {error}") from error
    if shop is not None:
        patch = {"currency": body.currency, "time_zone": body.iana_timezone}
        widgets.change_settings(conn, shop.id, "shop", patch, now)
        tasks.enqueue(conn, [tasks.Wanted(shop.id, shops.FACTS, "all", now, {})], now)
