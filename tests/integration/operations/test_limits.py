"""PostgreSQL's limits: what a held lock, a slow statement or an exhausted pool comes to, and that nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text, update

from plugin import postgres, tasks
from plugin.config import Config
from plugin.core import accounts
from plugin.core.accounts import account
from plugin.core.ledger import ADJUSTMENT, Entry, append
from plugin.database import database_url
from plugin.errors import Unavailable
from plugin.postgres import PostgresDatabase
from plugin.runtime import open_runtime
from plugin.tasks import TaskRun, Wanted, task
from plugin.worker import Worker
from tests import engine
from tests.copies import Copies
from tests.integration.engine.stories import NOW, bought, installed, states, total
from tests.integration.operations.processes import environment

WRITERS, ROUNDS = 8, 25


@pytest.fixture
def url(postgres_copies: Copies) -> Any:
    """An empty, migrated database."""
    lent = postgres_copies.lend()
    yield lent
    postgres_copies.take_back(lent)


@asynccontextmanager
async def opened(url: str, **limits: Any) -> AsyncIterator[PostgresDatabase]:
    db = PostgresDatabase(database_url(url), **limits)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def holding(url: str, statement: str) -> AsyncIterator[None]:
    """Have somebody else's transaction hold what this statement takes."""
    async with opened(url) as db, db._engine.begin() as conn:
        await conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.exec_driver_sql(statement)
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second stands for the ten seconds and the minute."""
    short = {"lock_timeout": "100ms", "statement_timeout": "1s", "idle_in_transaction_session_timeout": "1s"}
    monkeypatch.setattr(postgres, "SERVER_SETTINGS", postgres.SERVER_SETTINGS | short)


def asleep(conn: Connection) -> None:
    conn.exec_driver_sql("SELECT pg_sleep(30)")


async def test_every_connection_has_its_limits(url: str) -> None:
    async with opened(url) as db:
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            shown = partial(lambda conn, name: conn.exec_driver_sql(f"SHOW {name}").scalar_one(), name=name)
            for door in (db.read, db.write, db.snapshot):
                assert await door(shown) not in {"0", ""}


async def test_writers_of_the_same_accounts_in_any_order_never_wait_for_each_other_in_a_circle(
    url: str,
) -> None:
    async with opened(url, pool=WRITERS) as db:
        shop = await installed(db)
        people = [(shop.id, customer) for customer in range(1, 13)]
        ids = [one.id for one in (await db.write(lambda conn: accounts.ensure(conn, people))).values()]

        def post(conn: Connection, writer: int, round_: int) -> None:
            mine = Random(writer * 1000 + round_).sample(ids, 6)
            accounts.lock(conn, mine)
            entries = [
                Entry(shop.id, one, ADJUSTMENT, 1, f"{writer}:{round_}:{one}", business_at=NOW)
                for one in mine
            ]
            append(conn, entries, NOW)

        async def write(writer: int) -> None:
            for round_ in range(ROUNDS):
                await db.write(partial(post, writer=writer, round_=round_))

        await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
        points = select(func.sum(account.c.total))
        assert await db.read(lambda conn: conn.execute(points).scalar_one()) == WRITERS * ROUNDS * 6
        deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        await db.read(lambda conn: conn.exec_driver_sql("SELECT pg_stat_force_next_flush()"))
        assert await db.read(lambda conn: conn.execute(deadlocks).scalar_one()) == 0


async def test_events_whose_account_is_locked_wait_untouched_and_are_handled_once(
    url: str, impatient: None
) -> None:
    async with open_runtime(Config.from_environment(environment(url))) as runtime:
        await installed(runtime.db)
        worker = Worker(runtime)

        def store(conn: Connection) -> None:
            for number in (1, 2):
                engine.store(conn, "orders/paid", bought(number).body(), now=datetime.now(UTC))

        await runtime.db.write(store)
        async with holding(url, "LOCK TABLE account IN EXCLUSIVE MODE"):
            with pytest.raises(Exception, match="lock timeout"):
                await worker.handle_once()
        assert await runtime.db.read(states) == {"waiting": 2}
        assert await worker.drain() == 2
        assert await runtime.db.read(states) == {"handled": 2}
        assert await runtime.db.read(total) == 2 * 49


async def test_a_task_that_the_database_hinders_is_no_refused_one_and_its_end_is_written_when_it_can_be(
    url: str, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.persisting.PAUSE", 0.05)
    async with open_runtime(Config.from_environment(environment(url))) as runtime:
        shop = await installed(runtime.db)
        worker, now = Worker(runtime), datetime.now(UTC)
        done = list[str]()

        async def handler(run: TaskRun) -> None:
            if run.key == "slow":
                await run.db.write(asleep)
            done.append(run.key)

        worker._handlers = {"do": handler}
        wanted = [Wanted(shop.id, "do", key, now, {}) for key in ("slow", "quick")]
        await runtime.db.write(lambda conn: tasks.enqueue(conn, wanted, now))
        await runtime.db.write(lambda conn: conn.execute(update(task).values(attempts=tasks.MOST_TRIES)))
        claimed = await runtime.db.write(lambda conn: tasks.claim(conn, worker._owner, now))
        async with holding(url, "LOCK TABLE task IN EXCLUSIVE MODE"):
            running = [asyncio.ensure_future(worker.run_task(one)) for one in claimed]
            finished, _ = await asyncio.wait(running, timeout=2)
            assert not finished
        await asyncio.gather(*running)
        assert done == ["quick"]
        rows = await runtime.db.read(lambda conn: conn.execute(select(task)).all())
        assert [(row.key, row.state, row.lease_owner) for row in rows] == [("slow", "waiting", None)]


async def test_who_stands_behind_a_full_line_is_sent_away_at_once_and_the_line_is_served(url: str) -> None:
    async with opened(url, pool=1, line=3) as db:
        go, began = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with db._engine.connect():
                began.set()
                await go.wait()

        one: Callable[[Connection], int] = lambda conn: conn.execute(text("SELECT 1")).scalar_one()  # noqa: E731
        held = asyncio.ensure_future(hold())
        await began.wait()
        line = [asyncio.ensure_future(db.read(one)) for _ in range(3)]
        await asyncio.sleep(0)
        for door in (db.read, db.write, db.snapshot):
            with pytest.raises(Unavailable):
                await door(one)
        assert not any(waiting.done() for waiting in line)
        go.set()
        assert await asyncio.gather(*line) == [1, 1, 1]
        assert await db.snapshot(one) == 1
        await held


async def test_whoever_waits_too_long_for_a_connection_is_told_to_come_back(url: str) -> None:
    async with opened(url, pool=1, patience=0.05) as db, db._engine.connect():
        for door in (db.read, db.write, db.snapshot):
            with pytest.raises(Unavailable):
                await door(lambda conn: None)
