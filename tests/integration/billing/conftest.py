"""A shop under Shopify App Pricing, and a process that asks for its plan."""

from collections.abc import AsyncIterator

import pytest

from plugin.billing.shopify import ShopifyBilling
from plugin.database import Database
from tests.integration.billing.pocket import Pocket, pocket


@pytest.fixture
async def place(db: Database) -> AsyncIterator[Pocket]:
    made = await pocket(db)
    yield made
    await made.http.aclose()


@pytest.fixture
def billing(place: Pocket) -> ShopifyBilling:
    return place.process()
