"""Bringing a database to the current schema while the release before still works on it.

On PostgreSQL each step is a transaction of its own. A step that does not get its lock at once lets all others by and
tries again: a lock that is waited for stops everybody who comes after. Two hosts may begin at the same time.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import monotonic

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from plugin import schema
from plugin.config import Config
from plugin.database import Database, database_url, open_database
from plugin.errors import Retry
from plugin.runtime import opened

LOCK = 1000
"""Milliseconds that a step waits for a lock, and holds up whoever asks after it."""

PATIENCE = 900.0
"""Seconds after which it gives up, those of waiting for another host among them; every finished step is kept."""

LONGEST_PAUSE = 5.0

ONE = 0x64616E6B626172
"""The advisory lock of whoever migrates."""

_ALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
"""The server notices within a minute that a host is gone, and gives its turn to the next one."""

_HELD = {"55P03", "40P01"}
"""SQLSTATE of a lock that did not come in time, and of a deadlock."""

log = structlog.get_logger()


async def run(config: Config) -> None:
    """Bring the configured database to the newest revision. Raises ConfigurationError when it cannot be opened."""
    async with opened(config, bare=True):
        pass
    await migrate(config.database_url)


async def migrate(address: str, versions: Sequence[Path] = ()) -> None:
    """Bring the database to the newest revision, those in the folders ``versions`` included.

    Raises Retry when others held what it needs for too long; it may then simply be run again.
    """
    url = database_url(address)
    if url.get_backend_name() == "sqlite":
        await _at_once(await open_database(address), versions)
        return
    settings = {"application_name": "dankbar migrate", "lock_timeout": str(LOCK), "timezone": "UTC", **_ALIVE}
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"server_settings": settings, "timeout": 10},
    )
    try:
        deadline = monotonic() + PATIENCE
        async with _only_one(engine, deadline):
            await _step_by_step(engine, versions, deadline)
    finally:
        await engine.dispose()


async def _at_once(db: Database, versions: Sequence[Path]) -> None:
    try:
        await db.write(partial(schema.upgrade, versions=versions))
    finally:
        await db.close()


async def _step_by_step(engine: AsyncEngine, versions: Sequence[Path], deadline: float) -> None:
    tries = 0
    while True:
        try:
            async with engine.connect() as conn:
                await conn.run_sync(partial(schema.upgrade, versions=versions))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _HELD:
                raise
            tries += 1
            if tries == 1:
                log.warning("migration waits for others to let go", patience=PATIENCE)
        else:
            return
        if monotonic() > deadline:
            raise Retry("Others held tables of the database for too long, see pg_stat_activity.")
        await asyncio.sleep(min(LONGEST_PAUSE, 0.1 * 2**tries) * random.uniform(0.5, 1))  # noqa: S311


@asynccontextmanager
async def _only_one(engine: AsyncEngine, deadline: float) -> AsyncIterator[None]:
    """Wait until nobody else migrates. Raises Retry where that takes too long.

    It is asked again and again, never waited for: a waiting statement would itself be waited for by an index that
    is built beside the work.
    """
    guarded = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with guarded.connect() as guard:
        told = False
        while not await _taken(guard):
            if monotonic() > deadline:
                raise Retry(
                    "Another host has been migrating the database for too long, see pg_stat_activity."
                )
            if not told:
                log.warning("migration waits for another host that migrates", patience=PATIENCE)
            told = True
            await asyncio.sleep(0.1)
        yield


async def _taken(guard: AsyncConnection) -> bool:
    def take(conn: Connection) -> bool:
        return bool(conn.execute(text("SELECT pg_try_advisory_lock(:one)"), {"one": ONE}).scalar_one())

    return await guard.run_sync(take)
