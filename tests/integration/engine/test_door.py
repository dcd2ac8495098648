"""What the door for webhooks keeps is small, opens again, and waits for no other write on PostgreSQL."""

import asyncio
import json
from contextlib import suppress

import pytest
from sqlalchemy import Connection, LargeBinary, bindparam, select, update

from plugin.database import Database, open_database
from plugin.wake import Bells
from tests.engine import KEYRING
from tests.integration.conftest import migrated
from tests.integration.engine.stories import NOW
from webhooks import inbox, turns
from webhooks.inbox import Event, Received
from webhooks.receive import Door

ORDER = json.dumps(
    {"id": 1, "line_items": [{"id": 10**13 + line, "price": "20.00", "quantity": 1} for line in range(200)]}
).encode()
OLDER = update(inbox.inbox).values(body=bindparam("sealed", type_=LargeBinary))


def received(webhook_id: str, body: bytes) -> Received:
    return Received("shopify", "example", webhook_id, "orders/paid", None, NOW, body)


def waiting(conn: Connection) -> list[Event]:
    return turns.due(conn, KEYRING, NOW, 9)[0]


def stored(conn: Connection) -> bytes:
    return bytes(conn.execute(select(inbox.inbox.c.body)).scalar_one())


@pytest.mark.parametrize("body", [ORDER, b"", b"\0z", b"\0z is how a stored body begins", b"{}"])
async def test_a_body_comes_back_as_it_was_sent(db: Database, body: bytes) -> None:
    await Door(db, KEYRING, Bells()).put(received("w1", body))
    assert [event.body for event in await db.read(waiting)] == [body]


async def test_an_order_takes_a_quarter_of_its_room_while_it_waits(db: Database) -> None:
    await Door(db, KEYRING, Bells()).put(received("w1", ORDER))
    assert len(await db.read(stored)) < len(ORDER) / 4


@pytest.mark.parametrize("body", [ORDER, b"\0z no such thing", b""])
async def test_a_body_that_was_stored_as_it_came_still_opens(db: Database, body: bytes) -> None:
    await Door(db, KEYRING, Bells()).put(received("w1", b"{}"))
    sealed = KEYRING.seal(body, context=inbox.body_context("example", "w1"))
    await db.write(lambda conn: conn.execute(OLDER, {"sealed": sealed}))
    assert [event.body for event in await db.read(waiting)] == [body]


async def test_a_write_that_waits_keeps_no_other_webhook_from_being_stored(postgres_url: str) -> None:
    await migrated(postgres_url)
    db, other = await open_database(postgres_url), await open_database(postgres_url)
    door, held, go = Door(db, KEYRING, Bells()), asyncio.Event(), asyncio.Event()

    async def elsewhere() -> None:
        """Another process stores the same webhook and is slow to commit."""
        async with other._engine.begin() as conn:  # type: ignore[attr-defined]
            await conn.run_sync(lambda conn: inbox.store(conn, [received("w1", b"{}").row(KEYRING)]))
            held.set()
            await go.wait()

    slow = asyncio.create_task(elsewhere())
    try:
        await held.wait()
        same = asyncio.create_task(door.put(received("w1", b"{}")))
        await asyncio.sleep(0.1)
        await door.put(received("w2", b"{}"))
        assert not same.done()
        go.set()
        await same
        assert sorted(event.webhook_id for event in await db.read(waiting)) == ["w1", "w2"]
    finally:
        go.set()
        with suppress(Exception):
            await slow
        await db.close()
        await other.close()
