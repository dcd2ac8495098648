"""Shops of the pocket Shopify with a worker, on both homes."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from plugin.runtime import open_runtime
from plugin.settings import Section
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.integration.books.office import CLIENT, SECRET, NewOffice, Office, config, open_office

_handles = count(1)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """One pocket Shopify for all shops of a module."""
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as running:
        yield running


@pytest.fixture
async def new_office(sim: Simulator, database_url: str) -> AsyncIterator[NewOffice]:
    """Make shops that have long had the app, served by one process."""
    async with open_runtime(config(sim, database_url)) as runtime:

        async def make(*sections: Section) -> Office:
            return await open_office(sim, runtime, f"books-{next(_handles)}", *sections)

        yield make


@pytest.fixture
async def office(new_office: NewOffice) -> Office:
    """Such a shop with every setting at its default."""
    return await new_office()
