"""Which vendor a process works with, opened with it and closed with it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from plugin.billing.nobody import NOBODY
from plugin.billing.protocol import Billing
from plugin.billing.shopify import open_shopify
from plugin.config import Config
from plugin.database import Database
from plugin.errors import ConfigurationError

Opening = Callable[[Config, Database], AbstractAsyncContextManager[Billing]]
"""Opens what the vendor needs, such as its connections, and closes it at the end."""


@asynccontextmanager
async def _nobody(config: Config, db: Database) -> AsyncIterator[Billing]:
    yield NOBODY


VENDORS: Mapping[str, Opening] = {"none": _nobody, "shopify": open_shopify}


def open_billing(config: Config, db: Database) -> AbstractAsyncContextManager[Billing]:
    """Return the vendor that DANKBAR_BILLING names, to be entered. Raises ConfigurationError for an unknown one."""
    opening = VENDORS.get(config.billing)
    if opening is None:
        raise ConfigurationError(f"This release has no DANKBAR_BILLING={config.billing}: set it to none.")
    return opening(config, db)
