"""``dankbar move``: everything from a SQLite file into an empty PostgreSQL database, in one transaction, proved equal.

Nobody can write to the file meanwhile. A move that is broken off leaves nothing, and is simply begun again.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, exists, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from plugin import schema
from plugin.database import Database, portions
from plugin.errors import ConfigurationError, DankbarError

PORTION = 1000
"""Rows that are read and written at a time."""

_SUMS = 1 << 256


class NotMoved(DankbarError):
    """The target is as it was before."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A table that is the same in both databases: as many rows, with one checksum over all of them."""

    table: str
    rows: int
    checksum: str


async def move(source: Database, target: Database, told: Callable[[Moved], None]) -> list[Moved]:
    """Copy every table and return them, each told as soon as it is proved equal.

    Raises ConfigurationError when these are no such databases or the target holds anything, NotMoved when a value does
    not fit or something differs; then nothing was written.
    """
    if (source.dialect, target.dialect) != ("sqlite", "postgresql"):
        raise ConfigurationError("A move goes from a SQLite file to a PostgreSQL database.")
    tables = schema.load().sorted_tables
    await target.write(schema.upgrade)
    async with _held(source):
        origin = await source.read(lambda conn: conn)
        _expect_same_schema(origin, tables)
        return await target.write(lambda conn: _move(origin, conn, tables, told))


@asynccontextmanager
async def _held(source: Database) -> AsyncIterator[None]:
    """Keep everybody from writing to the file for as long as this lasts."""
    loop, held, done = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def hold(conn: Connection) -> None:
        loop.call_soon_threadsafe(held.set)
        done.wait()

    holding = asyncio.ensure_future(source.write(hold))
    waiting = asyncio.ensure_future(held.wait())
    try:
        await asyncio.wait([holding, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not held.is_set():
            await holding
        yield
    finally:
        done.set()
        waiting.cancel()
        await asyncio.wait([holding])


def _expect_same_schema(origin: Connection, tables: Sequence[Table]) -> None:
    found = set(inspect(origin).get_table_names()) - {"alembic_version"}
    unknown = sorted(found - {table.name for table in tables})
    if unknown:
        raise ConfigurationError(
            f"This release does not know the table {unknown[0]}: move with the newer one."
        )


def _move(
    origin: Connection, conn: Connection, tables: Sequence[Table], told: Callable[[Moved], None]
) -> list[Moved]:
    names = ", ".join(conn.dialect.identifier_preparer.format_table(table) for table in tables)
    conn.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    for table in tables:
        if conn.execute(select(exists().select_from(table))).scalar_one():
            raise ConfigurationError(
                f"The target is not empty: {table.name} has rows. Move into a new database."
            )
    moved = []
    for table in tables:
        given = _copy(origin, conn, table)
        arrived = _sum(conn, table)
        if given != arrived:
            raise NotMoved(f"The rows of {table.name} are not the same after the move: nothing was moved.")
        _set_sequence(origin, conn, table)
        moved.append(Moved(table.name, arrived[0], f"{arrived[1]:064x}"))
        told(moved[-1])
    conn.exec_driver_sql("ANALYZE")
    return moved


def _copy(origin: Connection, conn: Connection, table: Table) -> tuple[int, int]:
    rows, total = 0, 0
    names = [column.name for column in table.columns]
    for portion in portions(origin, select(table), PORTION):
        rows, total = _added(rows, total, portion)
        try:
            conn.execute(insert(table), [dict(zip(names, row, strict=True)) for row in portion])
        except DBAPIError as error:
            kind = type(error.orig).__name__
            raise NotMoved(f"PostgreSQL refuses rows of {table.name} ({kind}): nothing was moved.") from error
    return rows, total


def _sum(conn: Connection, table: Table) -> tuple[int, int]:
    rows, total = 0, 0
    for portion in portions(conn, select(table), PORTION):
        rows, total = _added(rows, total, portion)
    return rows, total


def _added(rows: int, total: int, portion: Sequence[Row[Any]]) -> tuple[int, int]:
    """Add the rows' digests, in which their order does not matter: the databases sort texts differently."""
    for row in portion:
        total += int.from_bytes(sha256(repr(tuple(row)).encode()).digest())
    return rows + len(portion), total % _SUMS


def _set_sequence(origin: Connection, conn: Connection, table: Table) -> None:
    """Have the next id be one that no row ever had, as far as the file remembers."""
    key = table.autoincrement_column
    if not isinstance(key, Column):
        return
    place = {"name": conn.dialect.identifier_preparer.format_table(table), "key": key.name}
    sequence = conn.execute(text("SELECT pg_get_serial_sequence(:name, :key)"), place).scalar_one()
    greatest = max(conn.execute(select(func.max(key))).scalar_one() or 0, _remembered(origin, table))
    if sequence is not None and greatest > 0:
        conn.execute(text("SELECT setval(:sequence, :at)"), {"sequence": sequence, "at": greatest})


def _remembered(origin: Connection, table: Table) -> int:
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    kept = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(origin.execute(kept, {"name": table.name}).scalar_one_or_none() or 0)
