"""The second home: PostgreSQL through asyncpg, for many web and worker processes."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from plugin.compiled import STATEMENTS
from plugin.errors import Unavailable

T = TypeVar("T")

TRIES = 5
_TRY_AGAIN = {"40001", "40P01"}
"""SQLSTATE of a serialisation failure and of a deadlock: the work is run again from its start."""

SERVER_SETTINGS = {
    "application_name": "dankbar",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "jit": "off",
}


class PostgresDatabase:
    """Reads on autocommit connections, writes in one transaction each; a deadlocked work runs again.

    Raises Unavailable when no connection becomes free within ``patience`` seconds, and at once where ``line`` others
    wait for one already.
    """

    dialect = "postgresql"

    def __init__(self, url: URL, *, pool: int = 10, patience: float = 10, line: int = 500) -> None:
        self._line = line
        self._waiting = 0
        self._engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=patience,
            pool_pre_ping=False,
            execution_options={"compiled_cache": STATEMENTS},
            connect_args={"server_settings": SERVER_SETTINGS, "timeout": 10},
        )
        self._reads = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on an autocommit connection."""
        for attempt in range(2):
            try:
                async with aclosing(await self._connected(self._reads)) as conn:
                    return await conn.run_sync(work)
            except DBAPIError as error:
                if attempt or not error.connection_invalidated:
                    raise
        raise AssertionError("unreachable")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; on a deadlock or serialisation failure all of it runs again."""
        attempt = 0
        while True:
            try:
                async with aclosing(await self._connected(self._engine)) as conn, conn.begin():
                    return await conn.run_sync(work)
            except DBAPIError as error:
                attempt += 1
                if attempt >= TRIES or getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                    raise
                await asyncio.sleep(0.01 * 2**attempt)

    async def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` for reading within one repeatable-read transaction."""
        async with aclosing(await self._connected(self._snapshots)) as conn, conn.begin():
            return await conn.run_sync(work)

    async def compact(self, tables: Iterable[str]) -> bool:
        """Vacuum the tables one by one, however long it takes; always True."""
        async with aclosing(await self._connected(self._reads)) as conn:
            await conn.exec_driver_sql("SET statement_timeout = 0")
            try:
                for table in tables:
                    await conn.exec_driver_sql(f'VACUUM "{table}"')
            finally:
                await conn.exec_driver_sql("RESET statement_timeout")
        return True

    async def _connected(self, engine: AsyncEngine) -> AsyncConnection:
        if self._waiting >= self._line:
            raise _busy()
        self._waiting += 1
        try:
            return await engine.connect()
        except PoolTimeout as error:
            raise _busy() from error
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Release every connection."""
        await self._engine.dispose()


def _busy() -> Unavailable:
    return Unavailable("The database is busy: please try again in a moment.")
