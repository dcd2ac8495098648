"""Both homes with the shop table alone, and what a shop needs to be reached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.shops import shop


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
