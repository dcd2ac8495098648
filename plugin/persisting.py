"""Writing down what has happened outside, although the database cannot at the moment."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from plugin.database import Database
from plugin.errors import Unavailable
from plugin.outage import passes

PAUSE = 1.0
"""Seconds between two tries."""

T = TypeVar("T")

log = structlog.get_logger()


def only_busy(error: BaseException) -> bool:
    """Tell whether the database is to blame, so that the same work succeeds when it is itself again."""
    return isinstance(error, Unavailable) or passes(error)


async def persist(db: Database, stopping: asyncio.Event, record: Callable[[Connection], T]) -> T:
    """Write until it is written. What no waiting ends is raised, and anything once the process is told to stop."""
    while True:
        try:
            return await db.write(record)
        except Exception as error:
            away = isinstance(error, OSError)  # any: a database's socket is a file, too
            if stopping.is_set() or not (away or only_busy(error)):
                raise
            log.warning("waiting for the database", error=type(error).__name__)
        try:
            async with asyncio.timeout(PAUSE):
                await stopping.wait()
        except TimeoutError:
            continue
