"""The inbox: every accepted webhook is one row, and the row is the queue."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    literal_column,
    select,
    text,
    update,
)

from plugin.crypto import Keyring, SealBroken
from plugin.database import Id, Upsert, Utc, among, metadata

MOST_TRIES = 8
WAITS = (1, 2, 5, 15, 60, 300, 900)
"""Seconds until a failed event is tried again, by the number of its tries."""

WAITING = "waiting"
PARKED = "parked"
HANDLED = "handled"

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(8), nullable=False),
    Column("shop", String(100), nullable=False),
    Column("webhook_id", String(120), nullable=False),
    Column("topic", String(80), nullable=False),
    Column("triggered_at", Utc),
    Column("received_at", Utc, nullable=False),
    Column("body", LargeBinary),
    Column("state", String(8), nullable=False, server_default=WAITING),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Utc, nullable=False),
    Column("handled_at", Utc),
    Column("reason", Text),
    Index("uq_inbox_webhook_id_shop_source", "webhook_id", "shop", "source", unique=True),
    Index(
        "ix_inbox_turn",
        "shop",
        "due_at",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_inbox_parked",
        "shop",
        "id",
        sqlite_where=text("state = 'parked'"),
        postgresql_where=text("state = 'parked'"),
    ),
    Index(
        "ix_inbox_handled",
        "shop",
        "id",
        sqlite_where=text("state = 'handled'"),
        postgresql_where=text("state = 'handled'"),
    ),
)
"""``body`` is compressed and encrypted while it waits and null once it is handled."""

_PACKED = b"\0z"
"""What a compressed body begins with; one that an earlier release stored begins as Shopify sent it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A proved webhook as it came in."""

    source: str
    shop: str
    webhook_id: str
    topic: str
    triggered_at: datetime | None
    received_at: datetime
    body: bytes

    def row(self, keyring: Keyring) -> dict[str, Any]:
        """Return the inbox row, its body compressed and encrypted."""
        return {
            "source": self.source,
            "shop": self.shop,
            "webhook_id": self.webhook_id,
            "topic": self.topic,
            "triggered_at": self.triggered_at,
            "received_at": self.received_at,
            "body": keyring.seal(_packed(self.body), context=body_context(self.shop, self.webhook_id)),
            "due_at": self.received_at,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """A stored webhook under work; ``body`` is None when it cannot be decrypted any more."""

    id: int
    source: str
    shop: str
    webhook_id: str
    topic: str
    triggered_at: datetime | None
    received_at: datetime
    body: bytes | None
    attempts: int


def is_state(state: str) -> ColumnElement[bool]:
    """Return that an event is in a state; written out, since a parameter in its place finds no partial index."""
    return inbox.c.state == literal_column(f"'{state}'")


_STORE = Upsert(
    lambda insert: insert(inbox).on_conflict_do_nothing(index_elements=["webhook_id", "shop", "source"])
)
_HANDLED = (
    update(inbox)
    .where(among(inbox.c.id, "ids"))
    .values(state=HANDLED, body=None, handled_at=bindparam("at"), reason=None)
)
_PARKED = (
    update(inbox)
    .where(inbox.c.id == bindparam("event_id"))
    .values(state=PARKED, reason=bindparam("why"), attempts=inbox.c.attempts + 1)
)
_FAILED = (
    update(inbox)
    .where(inbox.c.id == bindparam("event_id"))
    .values(due_at=bindparam("again_at"), reason=bindparam("why"), attempts=inbox.c.attempts + 1)
)

_NEWEST = [
    select(inbox.c.received_at)
    .where(is_state(state), inbox.c.shop == bindparam("of"))
    .order_by(inbox.c.id.desc())
    .limit(1)
    for state in (WAITING, PARKED, HANDLED)
]


def store(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store accepted webhooks; one that is there already stays as it is."""
    _STORE.rows(conn, rows)


def finish(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """Mark events as handled and erase their bodies, in the transaction of their effects."""
    if ids:
        conn.execute(_HANDLED, {"ids": list(ids), "at": now})


def park(conn: Connection, event: Event, reason: str) -> None:
    """Set an event aside with the reason; its body stays, encrypted, until retention ends."""
    conn.execute(_PARKED, {"event_id": event.id, "why": _sentence(reason)})


def fail(conn: Connection, event: Event, reason: str, now: datetime) -> bool:
    """Try the event again later, or park it after its last try; returns whether it was parked."""
    if event.attempts + 1 >= MOST_TRIES:
        park(conn, event, reason)
        return True
    wait = timedelta(seconds=WAITS[min(event.attempts, len(WAITS) - 1)])
    conn.execute(_FAILED, {"event_id": event.id, "why": _sentence(reason), "again_at": now + wait})
    return False


def release(conn: Connection, now: datetime, *, shop: str | None = None, event_id: int | None = None) -> int:
    """Let parked events be tried again: all of a shop, or one; returns how many."""
    statement = update(inbox).where(is_state(PARKED), inbox.c.body.is_not(None))
    if shop is not None:
        statement = statement.where(inbox.c.shop == shop)
    if event_id is not None:
        statement = statement.where(inbox.c.id == event_id)
    result = conn.execute(statement.values(state=WAITING, due_at=now, attempts=0, reason=None))
    return result.rowcount


def newest(conn: Connection, shop: str) -> datetime | None:
    """Return when the shop's last webhook came in; None before its first."""
    found = [conn.execute(statement, {"of": shop}).scalar_one_or_none() for statement in _NEWEST]
    return max((one for one in found if one is not None), default=None)


def opened(row: Any, keyring: Keyring) -> bytes | None:
    """Return the body of a stored row; None when it is erased or its key was removed."""
    if row.body is None:
        return None
    try:
        return _unpacked(keyring.open(row.body, context=body_context(row.shop, row.webhook_id)))
    except SealBroken:
        return None


def _packed(body: bytes) -> bytes:
    """A window of 8 KB makes an order as small as one of 32 KB does, in a fifth of the time."""
    packing = zlib.compressobj(1, zlib.DEFLATED, 13, 7)
    return _PACKED + packing.compress(body) + packing.flush()


def _unpacked(stored: bytes) -> bytes:
    try:
        return zlib.decompress(stored[len(_PACKED) :]) if stored.startswith(_PACKED) else stored
    except zlib.error:
        return stored


def _sentence(reason: str) -> str:
    """No database stores a null character in a text."""
    return reason.replace("\0", "")[:500]


def event(row: Any, keyring: Keyring) -> Event:
    """Return a stored row as an event, its body opened."""
    return Event(
        id=row.id,
        source=row.source,
        shop=row.shop,
        webhook_id=row.webhook_id,
        topic=row.topic,
        triggered_at=row.triggered_at,
        received_at=row.received_at,
        body=opened(row, keyring),
        attempts=row.attempts,
    )


def body_context(shop: str, webhook_id: str) -> str:
    """Return the place a sealed body belongs to."""
    return f"inbox:{shop}:{webhook_id}"
