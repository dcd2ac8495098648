"""Both homes with the shop table alone, and what a shop needs to be reached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.install import Link
from plugin.shopify.transport import shop_client
from plugin.shops import shop
from tests.integration.edge.shop_server import ShopServer, shop_server
from tests.unit.edge.signing import config


@pytest.fixture
def keyring() -> Keyring:
    return Keyring((b"n" * 32,))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/edge.db"


@pytest.fixture
async def db(database_address: str) -> AsyncIterator[Database]:
    database = await open_database(database_address)
    await database.write(shop.create)
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
