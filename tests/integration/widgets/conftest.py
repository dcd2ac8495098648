"""A shop that has the app, on both homes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from plugin.database import Database
from tests.integration.widgets.stage import Stage, config, open_stage


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    """One process and its shop."""
    made = await open_stage(db, config(database_url), datetime.now(UTC).replace(microsecond=0))
    yield made
    await made.close()
