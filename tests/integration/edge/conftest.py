"""Both homes with the shop table alone, and what a shop needs to be reached."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete

from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.install import Link
from plugin.shopify.transport import shop_client
from plugin.shops import shop
from tests.integration.edge.shop_server import ShopServer, shop_server
from tests.servers import PostgresServer
from tests.unit.edge.signing import config


@pytest.fixture
def keyring() -> Keyring:
    return Keyring((b"n" * 32,))


@pytest.fixture(scope="module")
def postgres_home(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for a module; each test finds it without a shop."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_home"))
    return f"sqlite:///{tmp_path}/edge.db"


@pytest.fixture
async def db(database_address: str) -> AsyncIterator[Database]:
    def emptied(conn: Connection) -> None:
        shop.create(conn, checkfirst=True)
        conn.execute(delete(shop))

    database = await open_database(database_address)
    await database.write(emptied)
    yield database
    await database.close()


@pytest.fixture
async def api() -> AsyncIterator[ShopServer]:
    async with shop_server() as server:
        yield server


@pytest.fixture
async def link(db: Database, keyring: Keyring, api: ShopServer) -> AsyncIterator[Link]:
    settings = config(DANKBAR_SHOPIFY_ORIGIN=f"{api.origin}/{{shop}}")
    async with shop_client(settings) as http:
        yield Link(settings, db, keyring, http)
