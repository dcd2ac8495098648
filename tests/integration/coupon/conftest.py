"""A shop with coupons on both homes."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from plugin.database import Database
from sandbox.simulator import Simulator
from tests.integration.coupon.shopify import Errand, NewErrand, open_errand, pocket_shopify
from tests.integration.coupon.stage import Stage, open_stage
from widgets.coupon.settings import CouponSettings

_handles = count(1)


@pytest.fixture
async def stage(db: Database) -> Stage:
    """A shop that installed the app an hour ago and has 300 codes to give."""
    made = await open_stage(db, datetime(2026, 11, 21, 10, tzinfo=UTC))
    await made.fill(300)
    return made


@pytest.fixture(scope="session")
def sim() -> Iterator[Simulator]:
    """One pocket Shopify for all shops."""
    with pocket_shopify() as running:
        yield running


@pytest.fixture
async def new_errand(sim: Simulator, db: Database, database_url: str) -> AsyncIterator[NewErrand]:
    """Make shops of the pocket Shopify that have just installed the app."""
    made: list[Errand] = []

    async def make(coupon: CouponSettings | None = None) -> Errand:
        handle = f"coupon-{next(_handles)}"
        made.append(await open_errand(sim, db, database_url, handle, coupon))
        return made[-1]

    yield make
    for one in made:
        await one.gateway.link.http.aclose()


@pytest.fixture
async def errand(new_errand: NewErrand) -> Errand:
    """Such a shop with the default settings."""
    return await new_errand()
