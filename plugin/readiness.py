"""Whether a process can do its work: the truth for a load balancer."""

from sqlalchemy import Connection

from plugin import schema, shops
from plugin.crypto import Keyring
from plugin.database import Database


async def missing(db: Database, keyring: Keyring) -> list[str]:
    """Return the parts that are missing: ``database``, ``schema``, or ``keys`` while rows need one that was removed."""
    try:
        if not await db.read(schema.is_current):
            return ["schema"]
        if await db.read(lambda conn: _unreadable(conn, keyring)):
            return ["keys"]
    except Exception:  # noqa: BLE001 whatever is wrong with the database, it is not ready
        return ["database"]
    return []


def _unreadable(conn: Connection, keyring: Keyring) -> int:
    return shops.unreadable(conn, keyring)
