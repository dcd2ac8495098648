"""The shops that installed the app: who they are, whether they still do, and their sealed secrets.

``handle`` is the name without its host: ``example`` of ``example.myshopify.com``. Every function works inside the
caller's transaction.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    bindparam,
    false,
    select,
    update,
)

from plugin.crypto import Keyring
from plugin.database import Id, Upsert, Utc, among, lock_rows, metadata

shop = Table(
    "shop",
    metadata,
    Column("id", Id, primary_key=True),
    Column("handle", String(63), nullable=False, unique=True),
    Column("installed_at", Utc, nullable=False),
    Column("uninstalled_at", Utc),
    Column("exchanged_at", Utc, nullable=False),
    Column("development", Boolean, nullable=False, server_default=false()),
    Column("country", String(2)),
    Column("name", Text),
    Column("gid", String(64)),
    Column("primary_domain", Text),
    Column("pseudonym_key", LargeBinary, nullable=False),
    Column("access_token", LargeBinary),
    Column("refresh_token", LargeBinary),
    Column("access_expires", Utc),
    Column("refresh_expires", Utc),
    Column("scopes", Text, nullable=False, server_default=""),
    Column("needs_reopen", Boolean, nullable=False, server_default=false()),
    Column("lease_owner", String(32)),
    Column("lease_until", Utc),
    sqlite_autoincrement=True,
)
"""One row a shop. An id is never given twice, so that a late reference to an erased shop finds nobody."""

FACTS = "shop.facts"
"""The task that reads again what Shopify says of the shop itself: a development store may become a real one."""

SEALED = ("pseudonym_key", "access_token", "refresh_token")
"""The columns that hold ciphertext, each sealed for ``shop:<id>:<column>``."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as the rest of the program knows it; ``host`` is where its storefront is reached."""

    id: int
    handle: str
    domain: str
    name: str
    installed: bool
    development: bool
    host: str
    country: str | None
    installed_at: datetime
    needs_reopen: bool
    sealed_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair as Shopify gave it; without an expiry it lives until the app is uninstalled."""

    access: str = field(repr=False)
    access_expires: datetime | None
    refresh: str | None = field(repr=False)
    refresh_expires: datetime | None


_COLUMNS = (
    shop.c.id,
    shop.c.handle,
    shop.c.name,
    shop.c.uninstalled_at,
    shop.c.development,
    shop.c.primary_domain,
    shop.c.country,
    shop.c.installed_at,
    shop.c.needs_reopen,
    shop.c.pseudonym_key,
)
_BY_HANDLE = select(*_COLUMNS).where(shop.c.handle == bindparam("handle"))
_BY_ID = select(*_COLUMNS).where(shop.c.id == bindparam("id"))
_BY_HANDLES = select(*_COLUMNS).where(among(shop.c.handle, "handles"))
_ALL = select(*_COLUMNS).where(shop.c.uninstalled_at.is_(None)).order_by(shop.c.id)
_KEYS = select(shop.c.id, shop.c.pseudonym_key).where(among(shop.c.id, "ids"))
_ADD = Upsert(
    lambda insert: insert(shop).on_conflict_do_nothing(index_elements=["handle"]).returning(shop.c.id)
)
_BEFORE = select(shop.c.id, shop.c.installed_at).where(shop.c.handle == bindparam("handle"))
_TRIGGERED_AFTER_EXCHANGE = (
    update(shop)
    .where(
        shop.c.id == bindparam("shop_id"),
        shop.c.exchanged_at <= bindparam("triggered_at", type_=Utc),
        shop.c.uninstalled_at.is_(None),
    )
    .values(
        uninstalled_at=bindparam("at", type_=Utc),
        access_token=None,
        refresh_token=None,
        access_expires=None,
        refresh_expires=None,
        needs_reopen=False,
        lease_owner=None,
        lease_until=None,
    )
)


def context(shop_id: int, column: str) -> str:
    """The place a sealed column belongs to."""
    return f"shop:{shop_id}:{column}"


def find_shop(conn: Connection, handle: str) -> Shop | None:
    """The shop of that handle, installed or not; None when it never was here."""
    row = conn.execute(_BY_HANDLE, {"handle": handle}).one_or_none()
    return _shop(row) if row else None


def shop_by_id(conn: Connection, shop_id: int) -> Shop | None:
    """The shop of that surrogate id, installed or not."""
    row = conn.execute(_BY_ID, {"id": shop_id}).one_or_none()
    return _shop(row) if row else None


def shops_by_handle(conn: Connection, handles: Iterable[str]) -> dict[str, Shop]:
    """The shops among these handles, by handle, in one statement."""
    wanted = sorted(set(handles))
    if not wanted:
        return {}
    return {row.handle: _shop(row) for row in conn.execute(_BY_HANDLES, {"handles": wanted})}


def installed_shops(conn: Connection) -> list[Shop]:
    """Every shop that has the app now, oldest first."""
    return [_shop(row) for row in conn.execute(_ALL)]


def record_exchange(
    conn: Connection, handle: str, tokens: Tokens, scopes: str, now: datetime, keyring: Keyring
) -> Shop:
    """Record a fresh pair of tokens; makes the shop's row at first sight, with a pseudonym key of its own.

    The time of the first installation is kept: ``active_from`` begins with it, and a reinstall moves neither.
    """
    shop_id, installed_at = _open_row(conn, handle, now, keyring)
    conn.execute(
        update(shop)
        .where(shop.c.id == shop_id)
        .values(
            **sealed_pair(keyring, shop_id, tokens),
            scopes=scopes,
            installed_at=installed_at,
            uninstalled_at=None,
            exchanged_at=now,
            needs_reopen=False,
            lease_owner=None,
            lease_until=None,
        )
    )
    found = shop_by_id(conn, shop_id)
    if found is None:
        raise LookupError("the shop's row vanished inside its own transaction")
    return found


def sealed_pair(keyring: Keyring, shop_id: int, tokens: Tokens) -> dict[str, object]:
    """The four token columns for this pair."""

    def sealed(text: str | None, column: str) -> bytes | None:
        return None if text is None else keyring.seal(text.encode(), context=context(shop_id, column))

    return {
        "access_token": sealed(tokens.access, "access_token"),
        "refresh_token": sealed(tokens.refresh, "refresh_token"),
        "access_expires": tokens.access_expires,
        "refresh_expires": tokens.refresh_expires,
    }


def record_uninstall(conn: Connection, shop_id: int, triggered_at: datetime, now: datetime) -> bool:
    """Drop the tokens and close the shop; True when it was open until now.

    A notice triggered before the last token exchange is ignored: it arrives late, after a reinstall (semantics 33).
    """
    values = {"shop_id": shop_id, "triggered_at": triggered_at, "at": now}
    return conn.execute(_TRIGGERED_AFTER_EXCHANGE, values).rowcount == 1


def record_facts(
    conn: Connection,
    shop_id: int,
    *,
    gid: str,
    name: str,
    country: str | None,
    development: bool,
    primary_domain: str | None,
) -> None:
    """Record what Shopify says of the shop itself; currency, zone and tone are settings."""
    conn.execute(
        update(shop)
        .where(shop.c.id == shop_id)
        .values(gid=gid, name=name, country=country, development=development, primary_domain=primary_domain)
    )


def record_scopes(conn: Connection, shop_id: int, scopes: str) -> bool:
    """Record what the shop grants now, as ``app/scopes_update`` tells; returns whether one is new."""
    before = conn.execute(select(shop.c.scopes).where(shop.c.id == shop_id)).scalar_one()
    conn.execute(update(shop).where(shop.c.id == shop_id).values(scopes=scopes))
    return not set(scopes.split(",")) <= set(before.split(","))


def pseudonym_key(conn: Connection, keyring: Keyring, shop_id: int) -> bytes:
    """The shop's key for keyed hashes, never kept in memory beyond its use. Raises LookupError once it is destroyed."""
    found = pseudonym_keys(conn, keyring, [shop_id])
    if shop_id not in found:
        raise LookupError("this shop has no pseudonym key: it was erased")
    return found[shop_id]


def pseudonym_keys(conn: Connection, keyring: Keyring, shop_ids: Iterable[int]) -> Mapping[int, bytes]:
    """The keys of these shops in one statement, for a batch; erased shops are left out."""
    wanted = sorted(set(shop_ids))
    if not wanted:
        return {}
    rows = conn.execute(_KEYS, {"ids": wanted})
    return {row.id: _open_key(keyring, row.id, row.pseudonym_key) for row in rows}


def shop_key(keyring: Keyring, of: Shop) -> bytes:
    """The pseudonym key of a shop already read, without another statement."""
    return _open_key(keyring, of.id, of.sealed_key)


def unreadable(conn: Connection, keyring: Keyring) -> int:
    """How many shops hold a secret sealed with a key that is configured no longer; the process is not ready then."""
    columns = [shop.c[name] for name in SEALED]
    rows = conn.execute(select(*columns))
    return sum(any(value is not None and not keyring.knows(value) for value in row) for row in rows)


def _open_row(conn: Connection, handle: str, now: datetime, keyring: Keyring) -> tuple[int, datetime]:
    first = now.replace(microsecond=0)  # an order's times are whole seconds: one of this very second counts
    added = conn.execute(
        _ADD.on(conn), {"handle": handle, "installed_at": first, "exchanged_at": now, "pseudonym_key": b""}
    ).scalar_one_or_none()
    if added is not None:
        key = keyring.seal(os.urandom(32), context=context(added, "pseudonym_key"))
        conn.execute(update(shop).where(shop.c.id == added).values(pseudonym_key=key))
        return int(added), first
    statement = _BEFORE.with_for_update() if lock_rows(conn) else _BEFORE
    row = conn.execute(statement, {"handle": handle}).one()
    return int(row.id), row.installed_at


def _open_key(keyring: Keyring, shop_id: int, sealed: bytes) -> bytes:
    return keyring.open(sealed, context=context(shop_id, "pseudonym_key"))


def _shop(row: Row[*tuple[Any, ...]]) -> Shop:
    domain = f"{row.handle}.myshopify.com"
    return Shop(
        id=row.id,
        handle=row.handle,
        domain=domain,
        name=row.name or row.handle,
        installed=row.uninstalled_at is None,
        development=row.development,
        host=row.primary_domain or domain,
        country=row.country,
        installed_at=row.installed_at,
        needs_reopen=row.needs_reopen,
        sealed_key=row.pseudonym_key,
    )
