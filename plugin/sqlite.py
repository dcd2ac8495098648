"""The default home: one SQLite file, reads inline, one writer thread that shares each commit among all who wait."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from plugin.compiled import STATEMENTS

T = TypeVar("T")

SHARE = 256
"""At most this many waiting works share one commit."""

PRAGMAS = (
    "PRAGMA page_size=8192",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=15000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=250",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
)


PATIENCE = 3000
"""Milliseconds for which rewriting the file waits for somebody's reading; webhooks wait as long."""


@dataclass(slots=True)
class _Work:
    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    outside: bool = False
    """Runs outside of any transaction, by itself."""


@dataclass(slots=True)
class _Outcome:
    work: _Work
    value: Any = None
    error: BaseException | None = None


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _engine(url: URL, **options: Any) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
        poolclass=StaticPool,
        execution_options={"compiled_cache": STATEMENTS},
        **options,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _begin_immediate(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")


class _Unwanted(Exception):
    """Nobody waits for this reading any more."""


def _heed(unwanted: threading.Event, *_: object) -> None:
    if unwanted.is_set():
        raise _Unwanted


class SqliteDatabase:
    """Group commit: 256 webhooks that wait at once cost one fsync, and each is answered only after it."""

    dialect = "sqlite"

    def __init__(self, url: URL) -> None:
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._url = url
        self._writer = _engine(url)
        event.listen(self._writer, "begin", _begin_immediate)
        self._reader: Connection | None = None
        self._read_engine = _engine(url, isolation_level="AUTOCOMMIT")
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` at once in the event loop; a row costs a tenth of a millisecond."""
        if self._reader is None:
            self._reader = self._read_engine.connect()
        return work(self._reader)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Hand ``work`` to the writer thread and return after the commit it shares."""
        return await self._hand_over(work)

    async def compact(self, tables: Iterable[str]) -> bool:
        """Rewrite the whole file, then empty the write-ahead log into it; False while a reader holds on to the log."""
        return await self._hand_over(_rewrite, outside=True)

    async def _hand_over(self, work: Callable[[Connection], T], *, outside: bool = False) -> T:
        if self._closed:
            raise RuntimeError("the database is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="sqlite-writer", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Work(work, loop, future, outside))
        return await asyncio.shield(future)

    async def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a thread on a connection of its own, within one read transaction.

        Cancelled, it ends before its next statement, and this returns only then.
        """
        unwanted = threading.Event()

        def run() -> T:
            engine = _engine(self._url)
            event.listen(engine, "begin", _begin_deferred)
            event.listen(engine, "before_cursor_execute", partial(_heed, unwanted))
            try:
                with engine.connect() as conn, conn.begin():
                    return work(conn)
            finally:
                engine.dispose()

        running = asyncio.ensure_future(asyncio.to_thread(run))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            unwanted.set()
            await asyncio.wait([running])
            running.exception()
            raise

    async def close(self) -> None:
        """Let the writer finish all it accepted, then close the file."""
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        if self._reader is not None:
            self._reader.close()
        self._read_engine.dispose()
        self._writer.dispose()

    def _drain(self) -> None:
        while (first := self._queue.get()) is not None:
            works, ended = self._waiting(first)
            self._answer(works)
            if ended:
                return

    def _waiting(self, first: _Work) -> tuple[list[_Work], bool]:
        works = [first]
        while len(works) < SHARE:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                return works, True
            works.append(item)
        return works, False

    def _answer(self, works: list[_Work]) -> None:
        try:
            with self._writer.connect() as conn:
                self._deliver(self._commit(conn, [work for work in works if not work.outside]))
                self._deliver([_run_outside(conn, work) for work in works if work.outside])
        except BaseException as error:  # noqa: BLE001 whoever was not told yet hears that the file cannot be opened
            self._deliver([_Outcome(work, error=error) for work in works])

    def _commit(self, conn: Connection, works: list[_Work]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        if not works:
            return outcomes
        try:
            with conn.begin():
                outcomes.extend(_run_within(conn, work, alone=len(works) == 1) for work in works)
        except BaseException as error:  # noqa: BLE001 whoever waits must be told
            if len(works) == 1 and outcomes == []:
                return [_Outcome(works[0], error=error)]
            return [
                outcome if outcome.error is not None else _Outcome(outcome.work, error=error)
                for outcome in outcomes
            ] + [_Outcome(work, error=error) for work in works[len(outcomes) :]]
        return outcomes

    @staticmethod
    def _deliver(outcomes: list[_Outcome]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome.work.loop, []).append(outcome)
        for loop, group in by_loop.items():
            with contextlib.suppress(RuntimeError):  # whoever waited in a closed loop is gone
                loop.call_soon_threadsafe(_settle, group)


def _run_within(conn: Connection, work: _Work, *, alone: bool) -> _Outcome:
    if alone:
        return _Outcome(work, value=work.run(conn))
    conn.exec_driver_sql("SAVEPOINT work")
    try:
        value = work.run(conn)
    except BaseException as error:  # noqa: BLE001 whoever waits must be told
        conn.exec_driver_sql("ROLLBACK TO work")
        conn.exec_driver_sql("RELEASE work")
        return _Outcome(work, error=error)
    conn.exec_driver_sql("RELEASE work")
    return _Outcome(work, value=value)


def _run_outside(conn: Connection, work: _Work) -> _Outcome:
    try:
        return _Outcome(work, value=work.run(conn))
    except BaseException as error:  # noqa: BLE001 whoever waits must be told
        return _Outcome(work, error=error)


def _rewrite(conn: Connection) -> bool:
    raw = conn.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("this is no connection to SQLite")
    raw.execute("PRAGMA temp_store=FILE")  # the whole database passes through there
    raw.execute(f"PRAGMA busy_timeout={PATIENCE}")
    try:
        raw.execute("VACUUM")
        busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        for pragma in PRAGMAS:
            raw.execute(pragma)
    return not busy


def _settle(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        future = outcome.work.future
        if future.done():
            continue
        if isinstance(outcome.error, StopIteration):  # which no future can carry
            future.set_exception(RuntimeError("a work asked for more than there was"))
        elif outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)
