"""A shop with rewards on both homes."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from plugin.database import Database
from sandbox.simulator import Simulator
from tests.integration.coupon.shopify import pocket_shopify
from tests.integration.loyalty.till import Till, open_till

_handles = count(1)


@pytest.fixture(scope="session")
def sim() -> Iterator[Simulator]:
    """One pocket Shopify for all shops."""
    with pocket_shopify() as running:
        yield running


@pytest.fixture
async def till(sim: Simulator, db: Database, database_url: str) -> AsyncIterator[Till]:
    """A shop whose shoppers can redeem."""
    made = await open_till(sim, db, database_url, f"rewards-{next(_handles)}")
    yield made
    await made.stage.close()
    await made.gateway.link.http.aclose()
