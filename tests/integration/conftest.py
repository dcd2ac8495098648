"""Both homes for every test that needs a database: a copy of a migrated SQLite file, and one of a PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from plugin import schema
from plugin.database import Database, open_database
from tests.copies import Copies
from tests.servers import PostgresServer

HOMES = ("sqlite", "postgresql")

MakeUrl = Callable[[], str]


async def migrated(url: str) -> None:
    """Bring the database at the address to the current schema."""
    db = await open_database(url)
    try:
        await db.write(schema.upgrade)
    finally:
        await db.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "dankbar.db"
    asyncio.run(migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_copies(postgres_server: PostgresServer) -> Copies:
    """A migrated PostgreSQL database to borrow copies of."""
    url = postgres_server.create_database()
    asyncio.run(migrated(url))
    return Copies(postgres_server, url)


@pytest.fixture(params=HOMES)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeUrl]:
    """Make any number of empty, migrated databases of one home; all are removed at the end."""
    made: list[str] = []
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")

        def make() -> str:
            path = tmp_path / f"{len(made)}.db"
            shutil.copy(template, path)
            made.append(str(path))
            return f"sqlite:///{path}"

        yield make
        return
    copies: Copies = request.getfixturevalue("postgres_copies")

    def lend() -> str:
        made.append(copies.lend())
        return made[-1]

    yield lend
    for url in made:
        copies.take_back(url)


@pytest.fixture
def database_url(new_database: MakeUrl) -> str:
    """The address of an empty, migrated database: the test runs on SQLite and on PostgreSQL."""
    return new_database()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An open, empty, migrated database: the test runs on SQLite and on PostgreSQL."""
    opened = await open_database(database_url)
    try:
        yield opened
    finally:
        await opened.close()
