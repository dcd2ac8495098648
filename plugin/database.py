"""The two doors to the database, and what every table and statement shares.

All database work is a plain function ``work(conn)``. ``await db.read(work)`` runs it for reading,
``await db.write(work)`` runs it in a transaction and returns after the durable commit. Nothing can be
awaited inside, so no network call ever happens within a transaction.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Insert, Integer, MetaData, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from plugin.errors import ConfigurationError

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""Surrogate key; SQLite numbers only INTEGER keys by itself."""

Big = BigInteger
"""A Shopify id (1 to 2^63-1) or an amount of points or minor units."""


class Utc(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite stores it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Upsert:
    """One INSERT ... ON CONFLICT, prebuilt for both databases."""

    def __init__(self, build: Callable[[Callable[..., Any]], Any]) -> None:
        self._sqlite: Insert = build(sqlite.insert)
        self._postgresql: Insert = build(postgresql.insert)

    def on(self, conn: Connection) -> Insert:
        """Return the statement in the connection's dialect."""
        return self._sqlite if conn.dialect.name == "sqlite" else self._postgresql


class Database(Protocol):
    """The doors; opened once for a process and closed at its end."""

    dialect: str

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` outside any transaction; each statement sees the latest commit."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction and return after its durable commit; an exception undoes all of it."""
        ...

    async def snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` for reading on one unchanging state of the database, off the event loop."""
        ...

    async def compact(self, tables: Iterable[str]) -> bool:
        """Rewrite the storage so that nothing deleted is left in it; False when somebody's reading hindered it.

        SQLite rewrites its file and empties the log beside it; PostgreSQL vacuums these tables.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted and release every connection."""
        ...


def database_url(text: str) -> URL:
    """Parse a database address; only SQLite and PostgreSQL are known. Raises ConfigurationError."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError("DANKBAR_DATABASE_URL is not a database address.") from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+asyncpg")
    raise ConfigurationError("DANKBAR_DATABASE_URL must start with sqlite:/// or postgresql://.")


def lock_rows(conn: Connection) -> bool:
    """Tell whether rows need explicit locks; SQLite has one writer and needs none."""
    return conn.dialect.name != "sqlite"


async def open_database(text: str) -> Database:
    """Open the home that the address names; the schema is not touched. Raises ConfigurationError."""
    url = database_url(text)
    if url.get_backend_name() == "sqlite":
        from plugin.sqlite import SqliteDatabase

        return SqliteDatabase(url)
    from plugin.postgres import PostgresDatabase

    return PostgresDatabase(url)
