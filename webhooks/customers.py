"""customers/merge: one customer becomes an alias of another."""

import re
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

import widgets
from plugin.core import accounts, positions, tombstones
from plugin.core.tombstones import Kind
from plugin.crypto import Keyring
from plugin.errors import Park
from plugin.pseudonyms import Pseudonyms
from plugin.shops import Shop
from webhooks import erasure
from webhooks.inbox import Event
from webhooks.payloads import UNREADABLE

_GID = re.compile(r"gid://shopify/Customer/([1-9][0-9]{0,18})")


class Merge(Struct, frozen=True):
    """The published body; ``status`` says whether the merge was carried out."""

    admin_graphql_api_customer_kept_id: str
    admin_graphql_api_customer_deleted_id: str
    status: str


_merge = msgspec.json.Decoder(Merge)


def merged(conn: Connection, event: Event, shop: Shop | None, now: datetime, keyring: Keyring) -> None:
    """Join the accounts of a completed merge; a failed or running one changes nothing.

    One into an erased customer, told late, erases the other too: it is the same person. One of an erased customer
    into another changes nothing.
    """
    try:
        body = _merge.decode(event.body or b"")
        kept = _customer(body.admin_graphql_api_customer_kept_id)
        deleted = _customer(body.admin_graphql_api_customer_deleted_id)
    except UNREADABLE as error:
        raise Park(f"The merge cannot be read: {error}") from error
    if shop is None or body.status.lower() != "completed" or kept == deleted:
        return
    tombstones.share(conn, [shop.id])
    gone = tombstones.erased(conn, shop.id, Kind.CUSTOMER, [deleted, kept], Pseudonyms(keyring, [shop]))
    if kept in gone:
        erasure.erase_customer(conn, keyring, shop, deleted, (), now)
    if gone:
        return
    root = accounts.merge(conn, shop.id, deleted, kept)
    accounts.mark(conn, [root], now)
    widgets.merged(conn, shop.id, root, now)
    joined = accounts.members(conn, [root])[root]
    if any(account.expires for account in joined):
        accounts.flag_expiring(conn, [root])
        positions.post_expiry(conn, [root], now)


def _customer(gid: str) -> int:
    found = _GID.fullmatch(gid)
    if found is None or int(found.group(1)) > 2**63 - 1:
        raise ValueError("a customer id is not one")
    return int(found.group(1))
