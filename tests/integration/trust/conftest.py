"""A shop that has the app, on both homes, an issuer's server, and a worker that reaches it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugin.database import Database
from tests.integration.trust.issuer import Issuer, serving
from tests.integration.trust.rounds import Rounds, open_rounds
from tests.integration.widgets.conftest import stage
from tests.integration.widgets.stage import Stage

__all__ = ["stage"]


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    """Its pages are empty until a test says what stands there."""
    async with serving(tmp_path) as found:
        yield found


@pytest.fixture
async def rounds(stage: Stage, issuer: Issuer, db: Database, database_url: str) -> AsyncIterator[Rounds]:
    """The shop with that issuer."""
    async with open_rounds(stage, issuer, database_url) as found:
        yield found
