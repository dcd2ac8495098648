"""A shop that sends much holds up nobody, and no room of a batch is wasted; counted in batches, not by a clock."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, event, insert, select, update

from plugin.config import Config
from plugin.database import Database
from plugin.runtime import open_runtime
from plugin.worker import Worker
from tests import engine
from tests.engine import KEYRING
from tests.integration.engine.stories import NOW, bought
from tests.integration.engine.test_tasks import ENVIRONMENT
from webhooks import inbox, turns
from webhooks.inbox import HANDLED

MOST = 128


def put(conn: Connection, sent: Mapping[str, int], at: datetime = NOW, first: int = 0) -> None:
    """Store so many events of each shop, as the door does."""
    rows = [
        {
            "source": "shopify",
            "shop": shop,
            "webhook_id": f"{shop}-{first + number}",
            "topic": "no/topic",
            "received_at": at,
            "due_at": at,
        }
        for shop, count in sent.items()
        for number in range(count)
    ]
    conn.execute(insert(inbox.inbox), rows)


def take(
    conn: Connection, most: int = MOST, after: str = "", now: datetime = NOW
) -> tuple[Counter[str], str]:
    """Claim a batch and finish it; how many there were of each shop, and after whom the next begins."""
    events, turn = turns.due(conn, KEYRING, now, most, after)
    assert len(events) == len({event.id for event in events}) <= most
    inbox.finish(conn, [event.id for event in events], now)
    return Counter(event.shop for event in events), turn


async def test_ten_events_behind_ten_thousand_of_another_shop_are_in_the_first_batch(db: Database) -> None:
    await db.write(lambda conn: put(conn, {"anna": 10_000}, NOW - timedelta(hours=1)))
    await db.write(lambda conn: put(conn, {"bert": 10}))
    taken, batches = Counter[str](), 0
    while found := (await db.write(take))[0]:
        batches += 1
        taken += found
        assert taken["bert"] == 10
        assert sum(found.values()) == min(MOST, 10_010 - (batches - 1) * MOST)
    assert taken == {"anna": 10_000, "bert": 10}
    assert batches == -(-10_010 // MOST)


async def test_a_hundredfold_flood_delays_nobody_by_a_batch(db: Database) -> None:
    """What a small shop sends between two batches is in the next one, as it is when nobody else sends anything."""

    async def delays(flood: int) -> list[int]:
        waits, turn = [], ""
        for step in range(1, 21):
            sent = {"small": 1} | ({"big": flood} if flood else {})
            await db.write(partial(put, sent=sent, first=step * 1000 + (500_000 if flood else 0)))
            waited = 0
            while True:
                waited += 1
                found, turn = await db.write(partial(take, most=50, after=turn))
                if found["small"]:
                    break
            waits.append(waited)
        return waits

    assert await delays(0) == [1] * 20
    assert await delays(100) == [1] * 20


async def test_more_shops_than_a_batch_has_room_for_follow_each_other_in_a_circle(db: Database) -> None:
    shops = [f"shop-{number:03}" for number in range(300)]
    await db.write(lambda conn: put(conn, dict.fromkeys(shops, 3)))
    taken, turn = Counter[str](), ""
    for _ in range(3):
        found, turn = await db.write(partial(take, after=turn))
        assert sum(found.values()) == MOST
        taken += found
    assert set(taken) == set(shops)
    assert max(taken.values()) <= 2
    while found := (await db.write(partial(take, after=turn)))[0]:
        taken += found
    assert taken == dict.fromkeys(shops, 3)


async def test_room_that_small_shops_leave_goes_to_those_that_have_more(db: Database) -> None:
    await db.write(lambda conn: put(conn, {"a": 1, "b": 60, "c": 500, "d": 500}))
    found, turn = await db.write(take)
    assert turn == ""
    assert found["a"] == 1
    assert sum(found.values()) == MOST
    assert found["c"] >= 32
    assert found["d"] >= 32


async def test_each_shops_oldest_come_first_and_none_before_it_is_due(db: Database) -> None:
    def store(conn: Connection) -> None:
        for minutes in (3, 1, 2, -1):
            put(conn, {"anna": 1, "bert": 1}, NOW - timedelta(minutes=minutes), first=minutes)

    await db.write(store)
    events, _ = await db.write(lambda conn: turns.due(conn, KEYRING, NOW, 4))
    assert [event.webhook_id for event in events] == ["anna-3", "bert-3", "anna-2", "bert-2"]
    found, _ = await db.write(take)
    assert found == {"anna": 3, "bert": 3}
    await db.write(lambda conn: conn.execute(update(inbox.inbox).values(due_at=NOW)))
    assert (await db.write(take))[0] == {"anna": 1, "bert": 1}


async def test_a_claim_reads_nothing_but_the_index_in_its_order(db: Database) -> None:
    await db.write(lambda conn: put(conn, {"anna": 300, "bert": 5}))
    said: list[tuple[str, Any]] = []

    def plans(conn: Connection) -> Iterable[str]:
        def note(*given: Any) -> None:
            if "inbox" in given[2] and not given[2].startswith("EXPLAIN"):
                said.append((given[2], given[3]))

        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(conn, "before_cursor_execute", note)
        turns.due(conn, KEYRING, NOW, MOST)
        word = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        for statement, values in said:
            yield "\n".join(str(row) for row in conn.exec_driver_sql(f"{word} {statement}", values))

    found = await db.write(lambda conn: list(plans(conn)))
    assert len(found) >= 2
    for plan in found:
        assert "ix_inbox_turn" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
        assert "SCAN inbox" not in plan
        assert "Seq Scan" not in plan


async def test_a_worker_goes_round(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    shops = [f"shop-{number}" for number in range(5)]

    def store(conn: Connection) -> None:
        now = datetime.now(UTC)
        for number, shop in enumerate(shops):
            engine.install(conn, shop, now=NOW)
            for order in range(4):
                engine.store(conn, "orders/paid", bought(number * 10 + order + 1).body(), now=now, shop=shop)

    async with open_runtime(config) as runtime:
        await runtime.db.write(store)
        worker = Worker(runtime)
        worker._batch = 2
        for _ in range(3):
            assert await worker.handle_once() == 2
        handled = select(inbox.inbox.c.shop).where(inbox.inbox.c.state == HANDLED)
        found = await runtime.db.read(lambda conn: set(conn.execute(handled).scalars()))
        assert found == set(shops)
