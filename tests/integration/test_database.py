"""The doors under load: who finds no free connection is told so, and a set of rows is stored as its rows would be."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, not_, or_, select, text

from plugin.database import Database, among, database_url
from plugin.errors import Unavailable
from plugin.postgres import PostgresDatabase
from plugin.tasks import Wanted, enqueue, task
from tests import engine
from webhooks import inbox

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


async def test_a_read_that_finds_no_connection_is_unavailable_and_not_a_crash(postgres_url: str) -> None:
    db = PostgresDatabase(database_url(postgres_url), pool=1, patience=0.05)
    try:
        sleeping = asyncio.create_task(db.write(lambda conn: conn.execute(text("SELECT pg_sleep(1)")).all()))
        while not db._engine.pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110  a pool tells nobody
            await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            await db.read(lambda conn: conn.execute(text("SELECT 1")).all())
        with pytest.raises(Unavailable):
            await db.write(lambda conn: conn.execute(text("SELECT 1")).all())
        await sleeping
        assert await db.read(lambda conn: conn.execute(text("SELECT 1")).scalar_one()) == 1
    finally:
        await db.close()


async def test_times_come_back_as_they_were_given_whatever_their_zone(db: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9))) + timedelta(microseconds=1)

    def work(conn: Connection) -> list[datetime]:
        shop = engine.install(conn, now=NOW)
        enqueue(conn, [Wanted(shop.id, "t", "1", elsewhere, {}), Wanted(shop.id, "t", "2", NOW, {})], NOW)
        return list(conn.execute(select(task.c.due_at).order_by(task.c.key)).scalars())

    found = await db.write(work)
    assert found == [elsewhere, NOW]
    assert [one.utcoffset() for one in found] == [timedelta(), timedelta()]


async def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    def work(conn: Connection) -> None:
        shop = engine.install(conn, now=NOW)
        enqueue(conn, [Wanted(shop.id, "t", "1", NOW.replace(tzinfo=None), {})], NOW)

    with pytest.raises(Exception, match="naive"):
        await db.write(work)


async def test_a_text_that_is_too_long_for_its_column_is_never_cut(db: Database) -> None:
    row = {
        "source": "shopify",
        "shop": "s" * 101,
        "webhook_id": "w",
        "topic": "orders/paid",
        "triggered_at": None,
        "received_at": NOW,
        "body": b"{}",
        "due_at": NOW,
    }
    try:
        await db.write(lambda conn: inbox.store(conn, [row]))
    except Exception:  # noqa: BLE001 PostgreSQL refuses what SQLite keeps whole
        assert db.dialect == "postgresql"
    stored = await db.read(lambda conn: conn.execute(select(inbox.inbox.c.shop)).scalars().all())
    assert set(stored) <= {"s" * 101}


async def test_rows_named_by_a_list_are_looked_up_and_not_searched_for(db: Database) -> None:
    statement = select(task.c.key).where(among(task.c.id, "ids"), task.c.name == text("'t'"))

    def work(conn: Connection) -> str:
        if conn.dialect.name == "sqlite":
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.compile(conn)}", ("[1]",))
        else:
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = conn.exec_driver_sql(f"EXPLAIN {statement.compile(conn)}", ([1],))
        return str(plan.all())

    found = await db.write(work)
    assert "SEARCH task USING INTEGER PRIMARY KEY" in found or "Index Cond" in found
    assert "SCAN task" not in found


async def test_a_list_of_rows_stands_among_other_conditions(db: Database) -> None:
    here = among(task.c.key, "keys")

    def work(conn: Connection) -> list[list[str]]:
        shop = engine.install(conn, now=NOW)
        enqueue(conn, [Wanted(shop.id, "t", key, NOW, {}) for key in "abcd"], NOW)
        conditions = (here, not_(here), or_(here, task.c.key == "d"), not_(or_(here, task.c.key == "d")))
        listed = [
            select(task.c.key).where(one, task.c.name == "t").order_by(task.c.key) for one in conditions
        ]
        return [list(conn.execute(one, {"keys": ["a", "b"]}).scalars()) for one in listed]

    assert await db.write(work) == [["a", "b"], ["c", "d"], ["a", "b", "d"], ["c"]]
