"""A shop's admin on both homes."""

from collections.abc import AsyncIterator

import pytest

from plugin.database import Database
from tests.integration.admin.stage import Stage, open_stage
from tests.integration.widgets.stage import config


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    """One process and its shops."""
    made = await open_stage(db, config(database_url))
    yield made
    await made.close()
