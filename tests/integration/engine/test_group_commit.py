"""Writers that wait together share one commit; each is told how its own work ended, and only after it is durable."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ResourceClosedError

from plugin.clock import job
from plugin.core.accounts import account
from plugin.database import Database, open_database
from plugin.sqlite import SqliteDatabase
from tests.integration.conftest import MakeUrl

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def adds(name: str) -> Callable[[Connection], str]:
    """A work that stores one row of that name and returns it."""

    def work(conn: Connection) -> str:
        conn.execute(insert(job).values(name=name, due_at=NOW))
        return name

    return work


def fails(name: str) -> Callable[[Connection], str]:
    """A work that stores a row and then gives up."""

    def work(conn: Connection) -> str:
        adds(name)(conn)
        raise LookupError(name)

    return work


async def names(db: Database) -> set[str]:
    return set(await db.read(lambda conn: conn.execute(select(job.c.name)).scalars().all()))


class Held:
    """Keeps the one writer busy, so that all that is written meanwhile waits together."""

    def __init__(self, db: Database) -> None:
        self._busy, self._go = threading.Event(), threading.Event()
        self._task = asyncio.ensure_future(db.write(self._wait))

    def _wait(self, conn: Connection) -> None:
        self._busy.set()
        assert self._go.wait(30)

    async def begin(self) -> None:
        assert await asyncio.to_thread(self._busy.wait, 30)

    async def release(self) -> None:
        self._go.set()
        await self._task


async def hold(db: Database) -> Held:
    """Return when the writer is busy."""
    held = Held(db)
    await held.begin()
    return held


@pytest.fixture
async def file(tmp_path: Path, sqlite_template: Path) -> SqliteDatabase:
    """An open SQLite file of this test's own."""
    path = shutil.copy(sqlite_template, tmp_path / "dankbar.db")
    opened = await open_database(f"sqlite:///{path}")
    assert isinstance(opened, SqliteDatabase)
    return opened


def commits(db: SqliteDatabase) -> list[None]:
    """Grows by one with each commit of the writer."""
    seen: list[None] = []
    event.listen(db._writer, "commit", lambda conn: seen.append(None))
    return seen


async def test_a_hundred_waiting_writes_share_one_commit(file: SqliteDatabase) -> None:
    held, seen = await hold(file), commits(file)
    writes = [asyncio.ensure_future(file.write(adds(f"n{number}"))) for number in range(100)]
    await asyncio.sleep(0)
    await held.release()
    assert await asyncio.gather(*writes) == [f"n{number}" for number in range(100)]
    assert len(seen) == 2
    assert len(await names(file)) == 100
    await file.close()


async def test_one_failing_work_undoes_itself_and_nobody_else(db: Database) -> None:
    works = [fails(f"n{number}") if number % 7 == 3 else adds(f"n{number}") for number in range(30)]
    answers = await asyncio.gather(*(db.write(work) for work in works), return_exceptions=True)
    for number, answer in enumerate(answers):
        if number % 7 == 3:
            assert isinstance(answer, LookupError)
            assert str(answer) == f"n{number}"
        else:
            assert answer == f"n{number}"
    assert await names(db) == {f"n{number}" for number in range(30) if number % 7 != 3}


async def test_a_work_that_fails_in_the_database_leaves_the_others_of_its_commit(
    file: SqliteDatabase,
) -> None:
    held = await hold(file)
    writes = [asyncio.ensure_future(file.write(adds(name))) for name in ("a", "a", "b")]
    await asyncio.sleep(0)
    await held.release()
    first, second, third = await asyncio.gather(*writes, return_exceptions=True)
    assert (first, third) == ("a", "b")
    assert isinstance(second, IntegrityError)
    assert await names(file) == {"a", "b"}
    await file.close()


async def test_even_a_work_that_stops_an_iteration_is_told(file: SqliteDatabase) -> None:
    def stops(conn: Connection) -> str:
        return str(next(iter(conn.execute(select(job.c.name)).scalars())))

    alone = await asyncio.gather(file.write(stops), return_exceptions=True)
    assert isinstance(alone[0], RuntimeError)
    held = await hold(file)
    writes = [asyncio.ensure_future(file.write(work)) for work in (stops, adds("a"))]
    await asyncio.sleep(0)
    await held.release()
    async with asyncio.timeout(30):
        first, second = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(first, RuntimeError)
    assert second == "a"
    await file.close()


def breaks_at_commit(conn: Connection) -> None:
    """Leaves an account of no shop behind, which the commit refuses."""
    conn.execute(text("PRAGMA defer_foreign_keys=ON"))
    conn.execute(insert(account).values(shop_id=404, customer_id=1))


async def test_a_commit_that_fails_is_told_to_all_who_shared_it(file: SqliteDatabase) -> None:
    with pytest.raises(IntegrityError):
        await file.write(breaks_at_commit)
    held = await hold(file)
    writes = [
        asyncio.ensure_future(file.write(work))
        for work in (adds("a"), fails("b"), breaks_at_commit, adds("c"))
    ]
    await asyncio.sleep(0)
    await held.release()
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        IntegrityError,
        LookupError,
        IntegrityError,
        IntegrityError,
    ]
    assert await names(file) == set()
    assert await file.write(adds("later")) == "later"
    assert await names(file) == {"later"}
    await file.close()


async def test_a_file_that_cannot_be_opened_is_told_to_all_and_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    db = await open_database(f"sqlite:///{tmp_path / 'folder.db'}")
    for _ in range(2):
        async with asyncio.timeout(30):
            answers = await asyncio.gather(
                *(db.write(adds(name)) for name in ("a", "b")), return_exceptions=True
            )
        assert [type(answer) for answer in answers] == [OperationalError, OperationalError]
    await db.close()


async def test_closing_finishes_what_was_accepted_and_then_refuses(
    tmp_path: Path, file: SqliteDatabase
) -> None:
    held = await hold(file)
    writes = [asyncio.ensure_future(file.write(adds(f"n{number}"))) for number in range(300)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(file.close())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="closed"):
        await file.write(adds("late"))
    await held.release()
    await closing
    assert len(await asyncio.gather(*writes)) == 300
    again = await open_database(f"sqlite:///{tmp_path / 'dankbar.db'}")
    assert len(await names(again)) == 300
    await again.close()
    with pytest.raises(ResourceClosedError):
        await again.read(lambda conn: conn.execute(select(job)).all())


async def test_a_caller_who_gives_up_leaves_the_others_their_answer(file: SqliteDatabase) -> None:
    held = await hold(file)
    impatient = asyncio.ensure_future(file.write(adds("a")))
    patient = asyncio.ensure_future(file.write(adds("b")))
    await asyncio.sleep(0)
    impatient.cancel()
    await held.release()
    assert await patient == "b"
    assert await names(file) == {"a", "b"}
    await file.close()


async def test_a_read_sees_what_was_answered_and_a_snapshot_does_not_change(db: Database) -> None:
    await db.write(adds("a"))
    assert await names(db) == {"a"}
    seen: list[int] = []
    loop = asyncio.get_running_loop()

    def twice(conn: Connection) -> None:
        count = select(func.count()).select_from(job)
        seen.append(conn.execute(count).scalar_one())
        if db.dialect == "sqlite":  # a snapshot has a thread of its own there
            asyncio.run_coroutine_threadsafe(db.write(adds("b")), loop).result(30)
        seen.append(conn.execute(count).scalar_one())

    await db.snapshot(twice)
    assert seen == [1, 1]
    assert await db.read(lambda conn: conn.execute(select(func.count()).select_from(job)).scalar_one()) == (
        2 if db.dialect == "sqlite" else 1
    )


async def test_a_snapshot_of_postgresql_is_one_state(new_database: MakeUrl) -> None:
    db = await open_database(new_database())
    if db.dialect == "postgresql":
        level = await db.snapshot(lambda conn: conn.execute(text("SHOW transaction_isolation")).scalar_one())
        assert level == "repeatable read"
    else:
        assert await db.snapshot(lambda conn: conn.connection.in_transaction)
    await db.close()


async def test_works_that_wait_for_each_other_are_run_again(database_url: str) -> None:
    db = await open_database(database_url)
    await db.write(adds("a"))
    await db.write(adds("b"))
    tries: list[str] = []

    def locks(first: str, second: str) -> Callable[[Connection], None]:
        def work(conn: Connection) -> None:
            tries.append(first)
            slow = db.dialect == "postgresql" and tries.count(first) == 1
            if slow:
                conn.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            for name in (first, second):
                conn.execute(job.update().where(job.c.name == name).values(due_at=NOW))
                if slow:
                    conn.execute(text("SELECT pg_sleep(0.2)"))

        return work

    await asyncio.gather(db.write(locks("a", "b")), db.write(locks("b", "a")))
    assert len(tries) == (3 if db.dialect == "postgresql" else 2)
    await db.close()
