"""Whether a process can do its work: the truth for a load balancer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from plugin import clock, schema, shops
from plugin.crypto import Keyring
from plugin.database import Database

PATIENCE = 5.0
"""Seconds after which a database that has not answered is missing."""

FRESH = 5.0
"""Seconds for which what was found when it could write is told again: each look costs a commit."""

PROBE = "readiness"
"""The name of the row among the clock's jobs that is written to see whether anything can be."""


class Readiness:
    """Looks at the database as the work itself does: it reads, and it writes."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db = db
        self._keyring = keyring
        self._wrote_at = float("-inf")

    async def missing(self) -> list[str]:
        """Return the parts that are missing.

        ``database`` does not answer; ``schema`` is older than this program; ``keys`` while rows need one that was
        removed; ``writes`` while nothing can be stored, as on a full disk or a server that only reads.
        """
        if not await _works(self._reads):
            return ["database"]
        if not await self._db.read(schema.is_current):
            return ["schema"]
        if await self._db.read(lambda conn: shops.unreadable(conn, self._keyring)):
            return ["keys"]
        if time.monotonic() - self._wrote_at < FRESH:
            return []
        if not await _works(self._writes):
            return ["writes"]
        self._wrote_at = time.monotonic()
        return []

    async def _reads(self) -> None:
        await self._db.read(schema.is_current)

    async def _writes(self) -> None:
        await self._db.write(_touch)


def _touch(conn: Connection) -> None:
    now = datetime.now(UTC)
    clock.reach(conn, PROBE, now, int(now.timestamp()))


async def _works(look: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await look()
    except Exception:  # noqa: BLE001 whatever is wrong with the database, it is not ready
        return False
    return True
