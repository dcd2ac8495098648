"""Databases of PostgreSQL that are copies of one: lent to a test, emptied when it gives them back, and lent again.

Making a copy costs ten times as much as emptying one, and nearly every test wants one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import asyncpg

from tests.servers import PostgresServer, apart

T = TypeVar("T")

ROOM = 8 * 2**20
"""Bytes by which a copy may have grown and still be emptied."""

SHAPE = """
SELECT array[
  (SELECT string_agg(xmin::text, ' ' ORDER BY oid) FROM pg_class WHERE oid >= 16384),
  (SELECT string_agg(xmin::text, ' ' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384),
  (SELECT string_agg(xmin::text, ' ' ORDER BY oid) FROM pg_constraint WHERE oid >= 16384),
  (SELECT string_agg(xmin::text, ' ' ORDER BY oid) FROM pg_trigger WHERE oid >= 16384),
  (SELECT string_agg(xmin::text, ' ' ORDER BY oid) FROM pg_proc WHERE oid >= 16384)
]
"""
"""Which transaction wrote each part of the schema: the same in every copy whose schema nobody has touched."""

OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SEQUENCES = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a copy is like when nobody has used it: its schema, its size, its rows, and how to get back there."""

    shape: list[str]
    size: int
    kept: str
    rows: list[str]
    emptying: str


@dataclass
class Copies:
    """Copies of the database at the address ``template``, in which only a few tables have rows."""

    server: PostgresServer
    template: str
    _free: list[str] = field(default_factory=list)

    def lend(self) -> str:
        """The address of a copy in which nobody has done anything."""
        return self._free.pop() if self._free else self.server.create_database(template=self.template)

    def take_back(self, url: str) -> None:
        """End what is still connected to the copy and empty it; one whose schema was touched is dropped."""
        origin = self._origin
        if _with(url, lambda conn: _emptied(conn, origin)):
            self._free.append(url)
        else:
            self.server.drop_database(url)

    @cached_property
    def _origin(self) -> Origin:
        return _with(self.template, _origin)


def _with(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        conn = await asyncpg.connect(url)
        try:
            return await work(conn)
        finally:
            await conn.close()

    return apart(run())


async def _origin(conn: Any) -> Origin:
    tables = [row["relname"] for row in await conn.fetch(TABLES)]
    filled = [name for name in tables if await conn.fetchval(f'SELECT EXISTS (SELECT FROM "{name}")')]
    kept = " UNION ALL ".join(f'SELECT xmin::text FROM "{name}"' for name in filled)
    return Origin(
        shape=await conn.fetchval(SHAPE),
        size=await conn.fetchval("SELECT pg_database_size(current_database())"),
        kept=kept,
        rows=[row[0] for row in await conn.fetch(kept)],
        emptying="".join(
            [
                "SET session_replication_role = replica;",
                *(f'DELETE FROM "{name}";' for name in tables if name not in filled),
                *(f"SELECT setval('\"{row['relname']}\"', 1, false);" for row in await conn.fetch(SEQUENCES)),
            ]
        ),
    )


async def _emptied(conn: Any, origin: Origin) -> bool:
    while await conn.fetchval(OTHERS):
        await conn.execute("SELECT pg_sleep(0.01)")
    if await conn.fetchval(SHAPE) != origin.shape:
        return False
    if [row[0] for row in await conn.fetch(origin.kept)] != origin.rows:
        return False
    if await conn.fetchval("SELECT pg_database_size(current_database())") > origin.size + ROOM:
        return False
    await conn.execute(origin.emptying)
    return True
