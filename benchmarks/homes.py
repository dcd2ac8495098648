"""Databases to measure on: SQLite files and databases of a PostgreSQL server, each gone after use."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeVar

from benchmarks.processor import processor_of_server
from plugin import schema
from plugin.database import Database, open_database
from tests.servers import PostgresServer, running_postgres

T = TypeVar("T")

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(slots=True)
class Home:
    """Where databases of one kind are made; ``folder`` is on the disk that they are on."""

    name: str
    folder: Path
    server: PostgresServer | None = None
    _numbers: "count[int]" = field(default_factory=count)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Lend the address of a new database at the current schema."""
        url = self._new(None)
        try:
            run(url, _upgraded)
            yield url
        finally:
            self._drop(url)

    @contextmanager
    def copy(self, url: str) -> Iterator[str]:
        """Lend the address of a copy of a database that nobody has open."""
        made = self._new(url)
        try:
            yield made
        finally:
            self._drop(made)

    def processor(self) -> float:
        """Return the processor seconds that the database's own processes have used; none on SQLite."""
        return 0.0 if self.server is None else processor_of_server(self.server)

    def _new(self, origin: str | None) -> str:
        if self.server is not None:
            return self.server.create_database(template=origin)
        path = self.folder / f"{next(self._numbers)}.db"
        if origin is not None:
            shutil.copy(_path(origin), path)
        return f"sqlite:///{path}"

    def _drop(self, url: str) -> None:
        if self.server is not None:
            self.server.drop_database(url)
            return
        for path in self.folder.glob(f"{_path(url).name}*"):
            path.unlink()


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def _upgraded(db: Database) -> None:
    await db.write(schema.upgrade)


def run(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run ``work`` on the opened database and close it again."""

    async def opened() -> T:
        db = await open_database(url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(opened())


@contextmanager
def homes(names: set[str]) -> Iterator[list[Home]]:
    """Open the homes asked for; a PostgreSQL server is started for the while."""
    with tempfile.TemporaryDirectory(prefix="dankbar-bench-") as folder:
        sqlite = [Home(SQLITE, Path(folder))] if SQLITE in names else []
        if POSTGRESQL not in names:
            yield sqlite
            return
        with running_postgres() as server:
            yield [*sqlite, Home(POSTGRESQL, Path(folder), server)]
