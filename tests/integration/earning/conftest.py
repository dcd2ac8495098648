"""Shops of the pocket Shopify on both homes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count

import pytest

from plugin.database import Database
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.integration.earning.shopify import CLIENT, SECRET, Errand, open_errand
from widgets.loyalty.settings import LoyaltySettings

_handles = count(1)

NewErrand = Callable[..., Awaitable[Errand]]


@pytest.fixture(scope="session")
def sim() -> Iterator[Simulator]:
    """One pocket Shopify for all shops."""
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as running:
        yield running


@pytest.fixture
async def new_errand(sim: Simulator, db: Database, database_url: str) -> AsyncIterator[NewErrand]:
    """Make shops with these loyalty settings; points are there at once unless they say otherwise."""
    made: list[Errand] = []

    async def make(**loyalty: object) -> Errand:
        given = LoyaltySettings.model_validate({"pending_days": 0} | loyalty)
        made.append(await open_errand(sim, db, database_url, f"earning-{next(_handles)}", given))
        return made[-1]

    yield make
    for one in made:
        await one.gateway.link.http.aclose()
