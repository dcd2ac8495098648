"""After a rotation of keys nothing stored needs the old one, waiting and parked webhooks neither."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from plugin.crypto import Keyring, SealBroken
from plugin.database import Database
from tests import engine
from webhooks import inbox, rewrap, turns

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
OLD = engine.KEYRING
BOTH = Keyring((b"n" * 32, b"k" * 32))
NEW = Keyring((b"n" * 32,))


async def test_waiting_webhooks_open_with_the_new_key_alone(db: Database) -> None:
    def put(conn: object) -> None:
        for number in range(450):
            engine.store(conn, "orders/create", {"id": number + 1}, now=NOW)  # type: ignore[arg-type]

    await db.write(put)
    assert await rewrap.rotate_keys(db, BOTH) == 450
    assert await rewrap.rotate_keys(db, BOTH) == 0
    events = await db.read(lambda conn: turns.due(conn, NEW, NOW, 1000)[0])
    assert sorted(json.loads(event.body or b"")["id"] for event in events) == list(range(1, 451))


async def test_a_body_that_no_key_opens_is_named_and_kept(db: Database) -> None:
    await db.write(lambda conn: engine.store(conn, "orders/create", {"id": 1}, now=NOW))
    with pytest.raises(SealBroken, match="1 stored webhooks"):
        await rewrap.rotate_keys(db, NEW)
    kept = await db.read(lambda conn: conn.execute(select(inbox.inbox.c.body)).scalar_one())
    assert OLD.knows(kept)
