"""Each accepted webhook is handled exactly once, whoever works, whatever fails and wherever it crashes."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import DBAPIError

from plugin import backlog
from plugin.core.ledger import ledger_entry
from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.wake import Bells
from tests import engine
from tests.engine import KEYRING
from tests.integration.engine.stories import (
    ANNA,
    NOW,
    bought,
    figures,
    installed,
    reasons,
    states,
    tell,
    total,
)
from tests.oracle.bodies import Piece
from webhooks import handle, inbox
from webhooks.inbox import Received
from webhooks.receive import Door, Full
from widgets.loyalty.settings import LoyaltySettings


def received(webhook_id: str, body: bytes = b"{}") -> Received:
    return Received("shopify", "example", webhook_id, "orders/paid", None, NOW, body)


def rows(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(inbox.inbox)).scalar_one()


def body_of(number: int = 1, **changes: Any) -> dict[str, Any]:
    return bought(number).body() | changes


async def handle_all(db: Database, now: Any = NOW) -> None:
    await db.write(lambda conn: engine.handle_all(conn, now))


async def test_fifty_simultaneous_duplicates_are_stored_once(db: Database) -> None:
    door = Door(db, KEYRING, Bells())
    await asyncio.gather(*(door.put(received("same")) for _ in range(50)))
    await asyncio.gather(*(door.put(received(f"other{number % 5}")) for number in range(50)))
    assert await db.read(rows) == 6


async def test_duplicates_at_several_doors_are_stored_once(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(3)]
    doors = [Door(home, KEYRING, Bells()) for home in homes]
    puts = [door.put(received(f"w{number}")) for number in range(20) for door in doors]
    await asyncio.gather(*puts)
    assert await homes[0].read(rows) == 20
    for home in homes:
        await home.close()


async def test_what_the_database_refuses_is_told_and_is_stored_when_sent_again(db: Database) -> None:
    door = Door(db, KEYRING, Bells())
    await db.write(lambda conn: conn.execute(text("ALTER TABLE inbox RENAME TO elsewhere")))
    answers = await asyncio.gather(*(door.put(received(f"w{n}")) for n in range(5)), return_exceptions=True)
    assert all(isinstance(answer, DBAPIError) for answer in answers)
    await db.write(lambda conn: conn.execute(text("ALTER TABLE elsewhere RENAME TO inbox")))
    await door.put(received("w0"))
    assert await db.read(rows) == 1


async def test_a_door_takes_no_more_than_it_can_hold(db: Database) -> None:
    door = Door(db, KEYRING, Bells())
    puts = [asyncio.ensure_future(door.put(received(f"w{number}"))) for number in range(4097)]
    answers = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [Full]
    assert await db.read(rows) == 4096


async def test_four_workers_handle_each_event_exactly_once(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    shop = await installed(homes[0])

    def store(conn: Connection) -> None:
        for number in range(1, 121):
            engine.store(conn, "orders/paid", body_of(number, customer={"id": ANNA + number % 7}), now=NOW)

    await homes[0].write(store)
    handled: list[int] = []

    async def work(home: Database) -> None:
        while (batch := await home.write(lambda conn: handle.handle_due(conn, KEYRING, NOW, 9))).taken:
            handled.extend(batch.handled)

    await asyncio.gather(*(work(home) for home in homes))
    assert len(handled) == len(set(handled)) == 120
    entries = select(func.count()).select_from(ledger_entry)
    assert await homes[0].read(lambda conn: conn.execute(entries).scalar_one()) == 120
    sums = [await homes[0].read(partial(total, customer=ANNA + number)) for number in range(7)]
    assert sum(sums) == 120 * 49
    report = await engine.verified(homes[0], NOW)
    assert (report.breaches, report.inbox_waiting, report.parked) == ((), 0, 0)
    assert shop.installed
    for home in homes:
        await home.close()


NESTED = b'{"more":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
HUGE = {"shop_money": {"amount": "40000000000000000.00", "currency_code": "EUR"}}

POISON: dict[str, tuple[str, Any]] = {
    "nothing": ("orders/paid", b""),
    "no json": ("orders/paid", b"<html>"),
    "nested": ("orders/paid", NESTED),
    "nested refund": ("refunds/create", NESTED),
    "nested deletion": ("orders/delete", NESTED),
    "nested merge": ("customers/merge", NESTED),
    "nested shop": ("shop/update", NESTED),
    "absent key": ("orders/paid", {"id": 7}),
    "no number": ("orders/paid", body_of(7, total_outstanding="much")),
    "no time": ("orders/paid", body_of(7, updated_at="0001-01-01T00:00:00+14:00")),
    "null character": ("orders/paid", body_of(7, currency="E\x00R")),
    "foreign currency": ("orders/paid", body_of(7, currency="USD")),
    "too large": ("orders/paid", body_of(7, current_subtotal_price_set=HUGE)),
    "refund of no currency": (
        "refunds/create",
        {
            "id": 9,
            "order_id": 7,
            "created_at": "2026-05-01T12:00:00Z",
            "refund_line_items": [],
            "order_adjustments": [{"kind": "refund_discrepancy", "amount": "-1.00"}],
        },
    ),
    "scope with a null character": ("app/scopes_update", {"current": ["read_\x00orders"]}),
    "unknown currency": (
        "shop/update",
        {"currency": "\x00", "iana_timezone": "Europe/Berlin", "myshopify_domain": "example.myshopify.com"},
    ),
    "unknown topic": ("products/update", {}),
    "another shop": ("shop/update", {"myshopify_domain": "other.myshopify.com"}),
}


async def test_poisoned_events_block_nobody(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(points_per_unit=Decimal(1000))])

    def store(conn: Connection) -> None:
        for number, (what, (topic, body)) in enumerate(sorted(POISON.items()), 100):
            engine.store(conn, "orders/paid", body_of(number), now=NOW)
            engine.store(conn, topic, body, now=NOW, webhook_id=what)
        engine.store(conn, "orders/paid", body_of(1), now=NOW)

    await db.write(store)
    later = NOW
    for _ in range(8):
        await handle_all(db, later)
        assert (await db.read(states))["handled"] >= len(POISON) + 1
        later += timedelta(minutes=20)
    harmless = {"scope with a null character"} if db.dialect == "sqlite" else set()
    events = select(inbox.inbox.c.webhook_id, inbox.inbox.c.reason).where(inbox.inbox.c.state == "parked")
    parked = {row.webhook_id: row.reason for row in await db.read(lambda conn: conn.execute(events).all())}
    assert parked.keys() == POISON.keys() - harmless
    assert all(why and "\x00" not in why for why in parked.values())
    whole = (len(POISON) + 1) * 49_900
    assert await db.read(lambda conn: figures(conn, shop)) == (whole, 0, 0)
    assert (await engine.verified(db, NOW)).breaches == ()


async def test_a_body_whose_key_is_gone_is_parked_and_blocks_nobody(db: Database) -> None:
    shop = await installed(db)
    lost = Keyring((b"l" * 32,))

    def store(conn: Connection) -> None:
        inbox.store(conn, [received("lost", json.dumps(body_of(7)).encode()).row(lost)])
        engine.store(conn, "orders/paid", body_of(1), now=NOW)

    await db.write(store)
    await handle_all(db)
    assert await db.read(states) == {"handled": 1, "parked": 1}
    assert "decrypted" in (await db.read(reasons))[0]
    assert await db.read(lambda conn: figures(conn, shop)) == (49, 0, 0)


async def test_a_shop_whose_own_key_is_gone_holds_up_itself_alone(db: Database) -> None:
    shop = await installed(db)

    def store(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW)
        conn.execute(
            text("UPDATE shop SET pseudonym_key = :key WHERE id = :id"), {"key": b"x" * 60, "id": other.id}
        )
        engine.store(conn, "orders/paid", body_of(7), now=NOW, shop="other")
        engine.store(conn, "orders/paid", body_of(1), now=NOW)

    await db.write(store)
    await handle_all(db)
    assert await db.read(states) == {"handled": 1, "waiting": 1}
    assert await db.read(lambda conn: figures(conn, shop)) == (49, 0, 0)


async def test_an_order_or_refund_of_another_shop_is_not_taken_over(db: Database) -> None:
    shop = await installed(db)
    purchase = bought(1)
    purchase.wait(60)
    purchase.refund(5, {0: 1})
    await db.write(lambda conn: tell(conn, bought(1)))

    def foreign(conn: Connection) -> None:
        engine.install(conn, "other", now=NOW)
        engine.store(conn, "orders/delete", {"id": 1}, now=NOW, shop="other")
        engine.store(conn, "orders/updated", purchase.body(), now=NOW, shop="other")
        engine.handle_all(conn, NOW)

    await db.write(foreign)
    assert (await db.read(states))["parked"] == 2
    assert all("another shop" in why for why in await db.read(reasons))
    await db.write(lambda conn: tell(conn, purchase))

    def steal(conn: Connection) -> None:
        stolen = bought(2).body() | {"refunds": purchase.body()["refunds"]}
        engine.store(conn, "orders/updated", stolen, now=NOW, shop="other")
        engine.handle_all(conn, NOW)

    await db.write(steal)
    assert (await db.read(states))["parked"] == 3
    assert await db.read(lambda conn: figures(conn, shop)) == (0, 0, 0)
    assert (await engine.verified(db, NOW)).breaches == ()


def without_settings(conn: Connection) -> None:
    """A shop whose facts Shopify has not told yet: its orders cannot be judged."""
    engine.install(conn, now=NOW)
    conn.execute(text("DELETE FROM setting"))


async def test_a_failing_event_waits_longer_each_time_and_is_parked_at_last(db: Database) -> None:
    await db.write(without_settings)
    await db.write(lambda conn: engine.store(conn, "orders/paid", body_of(1), now=NOW))
    now, waits = NOW, []
    due = select(inbox.inbox.c.due_at)
    while (await db.read(states)) == {"waiting": 1}:
        early = partial(handle.handle_due, keyring=KEYRING, now=now - timedelta(microseconds=1), most=10)
        assert (await db.write(early)).taken == 0
        await handle_all(db, now)
        again = await db.read(lambda conn: conn.execute(due).scalar_one())
        waits.append(int((again - now).total_seconds()))
        now = again
    assert waits[:-1] == sorted(waits[:-1])
    assert waits[:-1] == [1, 2, 5, 15, 60, 300, 900]
    assert await db.read(states) == {"parked": 1}
    assert all(await db.read(reasons))


async def test_a_parked_event_is_handled_when_it_is_retried(db: Database) -> None:
    await db.write(lambda conn: engine.store(conn, "orders/paid", body_of(1), now=NOW))
    await handle_all(db)
    found = await db.read(lambda conn: backlog.read(conn, NOW))
    assert (found.inbox_parked, found.inbox_waiting) == (1, 0)
    assert [one.what for one in found.parked] == ["orders/paid"]
    shop = await installed(db)
    assert await db.write(lambda conn: backlog.retry(conn, found.parked[0].id, NOW))
    await handle_all(db)
    assert await db.read(states) == {"handled": 1}
    assert await db.read(lambda conn: figures(conn, shop)) == (49, 0, 0)
    assert not await db.write(lambda conn: backlog.retry(conn, found.parked[0].id, NOW))
    for nonsense in ("", "e", "x1", "e-1", "e999", "t1", "e" + "9" * 30):
        assert not await db.write(partial(backlog.retry, id=nonsense, now=NOW))


def crashes(work: Callable[[Connection], Any]) -> Callable[[Connection], None]:
    def run(conn: Connection) -> None:
        work(conn)
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        raise ConnectionError("gone before the commit")

    return run


async def test_a_crash_before_the_commit_loses_nothing_and_doubles_nothing(db: Database) -> None:
    shop = await installed(db)

    def store(conn: Connection) -> None:
        for number in range(1, 6):
            engine.store(conn, "orders/paid", body_of(number), now=NOW)

    await db.write(store)
    for _ in range(2):
        with pytest.raises((ConnectionError, DBAPIError)):
            await db.write(crashes(lambda conn: handle.handle_due(conn, KEYRING, NOW, 50)))
        assert await db.read(states) == {"waiting": 5}
        assert await db.read(total) == 0
    await handle_all(db)
    await handle_all(db)
    assert await db.read(states) == {"handled": 5}
    assert await db.read(lambda conn: figures(conn, shop)) == (5 * 49, 0, 0)
    assert (await engine.verified(db, NOW)).breaches == ()


async def test_an_outage_is_nobodys_fault(db: Database) -> None:
    await installed(db)
    long = bought(1, pieces=[Piece(number, 100) for number in range(1_000, 1_400)])
    await db.write(lambda conn: engine.store(conn, "orders/paid", long.body(), now=NOW))
    if db.dialect == "sqlite":
        breaks, matter = "PRAGMA max_page_count=1", "full"
        mends = "PRAGMA max_page_count=1000000"
    else:
        breaks, matter = "ALTER TABLE ledger_entry RENAME TO elsewhere", "does not exist"
        mends = "ALTER TABLE elsewhere RENAME TO ledger_entry"
    await db.write(lambda conn: conn.execute(text(breaks)))
    with pytest.raises(DBAPIError, match=matter):
        await handle_all(db)
    await db.write(lambda conn: conn.execute(text(mends)))
    attempts = select(inbox.inbox.c.attempts)
    assert await db.read(lambda conn: conn.execute(attempts).scalar_one()) == 0
    await handle_all(db)
    assert await db.read(states) == {"handled": 1}


async def test_a_body_is_encrypted_while_it_waits_and_gone_when_it_is_handled(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: engine.store(conn, "orders/paid", body_of(1), now=NOW))
    await db.write(lambda conn: engine.store(conn, "products/update", {"title": "Tasse"}, now=NOW))
    bodies = select(inbox.inbox.c.body).order_by(inbox.inbox.c.id)

    async def stored() -> list[bytes | None]:
        return await db.read(lambda conn: list(conn.execute(bodies).scalars()))

    assert all(body and b"checkout" not in body and b"Tasse" not in body for body in await stored())
    await handle_all(db)
    handled, parked = await stored()
    assert handled is None
    assert parked is not None


async def test_what_was_parked_is_not_claimed_and_what_is_not_due_neither(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: engine.store(conn, "orders/paid", body_of(1), now=NOW))
    early = NOW - timedelta(seconds=1)
    assert await db.write(lambda conn: handle.handle_due(conn, KEYRING, early, 9).taken) == 0
    await db.write(lambda conn: conn.execute(update(inbox.inbox).values(state="parked")))
    assert await db.write(lambda conn: handle.handle_due(conn, KEYRING, NOW, 9).taken) == 0
