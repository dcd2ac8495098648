"""The two doors to the database, and what every table and statement shares.

All database work is a plain function ``work(conn)``. ``await db.read(work)`` runs it for reading,
``await db.write(work)`` runs it in a transaction and returns after the durable commit. Nothing can be
awaited inside, so no network call ever happens within a transaction.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Insert,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    TableValuedAlias,
    Text,
    TypeDecorator,
    Update,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

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

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Return what converts to UTC, on SQLite to text without the zone; every hot statement passes here."""
        return _utc_text if dialect.name == "sqlite" else _utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return what gives the zone back."""
        return _from_utc_text if dialect.name == "sqlite" else _utc


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return value.astimezone(UTC)


def _utc_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_utc_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


class Upsert:
    """One INSERT, mostly with ON CONFLICT, prebuilt for both databases."""

    def __init__(self, build: Callable[[Callable[..., Any]], Any]) -> None:
        self._build = build
        self._sqlite: Insert = build(sqlite.insert)
        self._postgresql: Insert = build(postgresql.insert)
        self._arrays: dict[tuple[str, ...], Insert] = {}

    def on(self, conn: Connection) -> Insert:
        """Return the statement in the connection's dialect."""
        return self._sqlite if conn.dialect.name == "sqlite" else self._postgresql

    def rows(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Insert rows that all have the same columns as one set; PostgreSQL is given an array for each column.

        With DO UPDATE no two rows may meet the same conflict.
        """
        if conn.dialect.name == "sqlite":
            return conn.execute(self._sqlite, rows)
        names = tuple(rows[0])
        statement = self._arrays.get(names)
        if statement is None:
            statement = self._arrays[names] = self._build(partial(_insert_arrays, names=names))
        return conn.execute(statement, _by_column(names, rows))


class Changes:
    """One UPDATE of many rows, each with values of its own: ``build`` gets the values by name, of these types."""

    def __init__(
        self, types: Mapping[str, TypeEngine[Any]], build: Callable[[Mapping[str, Any]], Update]
    ) -> None:
        self._names = tuple(types)
        self._sqlite = build({name: bindparam(name, type_=kind) for name, kind in types.items()})
        self._postgresql = build(dict(arrays(types).c.items()))

    def rows(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change them; no two rows of ``rows`` may change the same one."""
        if conn.dialect.name == "sqlite":
            conn.execute(self._sqlite, rows)
        else:
            conn.execute(self._postgresql, _by_column(self._names, rows))


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return that the column is one of the values of the parameter ``name``, a list.

    One parameter whatever the list's length, so that the statement is prepared once and not for each length.
    """
    return _Among(column, listed(name, column.type))


def listed(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """Return a list of these as one parameter: an array, and JSON on SQLite."""
    return bindparam(name, type_=_Listed(kind))


def arrays(types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Return a table ``given`` whose columns are array parameters of these names; for PostgreSQL."""
    arrays = (bindparam(name, type_=_array_of(kind)) for name, kind in types.items())
    columns = (column(name, kind) for name, kind in types.items())
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")


class _Listed(TypeDecorator[list[Any]]):
    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that carries the list."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else _array_of(self.item))

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """Return the list as the database is given it."""
        return json.dumps(value) if dialect.name == "sqlite" else value


class _Among(FunctionElement[bool]):
    type = Boolean()
    name = "among"
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Any:
        """Return it as it is: on SQLite a condition would become ``... = 1``, which no index can answer."""
        return self


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    given = compiler.process(values, **options)
    listed = f"SELECT value FROM json_each({given})"  # noqa: S608 a parameter's place, no value
    return f"{compiler.process(column, **options)} IN ({listed})"


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} = ANY ({compiler.process(values, **options)})"


def _insert_arrays(table: Table, names: Sequence[str]) -> Insert:
    given = arrays({name: table.c[name].type for name in names})
    return postgresql.insert(table).from_select(names, select(*given.c), include_defaults=False)


def _array_of(item: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return an array of these; texts without their length, since casting to one would cut what is too long."""
    return postgresql.ARRAY(Text() if isinstance(item, String) else item)


def _by_column(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


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


def portions(conn: Connection, statement: Select[Any], size: int = 500) -> Iterator[Sequence[Row[Any]]]:
    """Yield what the statement finds, so many rows at a time and never all of them; within a transaction only.

    Other statements may be run on the connection in between.
    """
    options = {"yield_per": size, "stream_results": True}
    with closing(conn.execute(statement, execution_options=options)) as found:
        yield from found.partitions()


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
