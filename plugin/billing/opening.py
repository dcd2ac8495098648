"""Which vendor a process works with, opened with it and closed with it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from plugin.billing.contracts import unrelated
from plugin.billing.nobody import NOBODY
from plugin.billing.protocol import Billing
from plugin.billing.shopify import open_shopify
from plugin.config import Config
from plugin.database import Database
from plugin.errors import ConfigurationError
from plugin.shops import installed_shops

Opening = Callable[[Config, Database], AbstractAsyncContextManager[Billing]]
"""Opens what the vendor needs, such as its connections, and closes it at the end."""


@asynccontextmanager
async def _nobody(config: Config, db: Database) -> AsyncIterator[Billing]:
    yield NOBODY


@asynccontextmanager
async def _stripe(config: Config, db: Database) -> AsyncIterator[Billing]:
    # Its package is large, and no other kind of billing needs it.
    from plugin.billing.stripe.opening import open_stripe

    await expect_one_contract(config, db)
    async with open_stripe(config, db) as billing:
        yield billing


async def expect_one_contract(config: Config, db: Database) -> None:
    """Raise ConfigurationError where Stripe would bill a shop that has no part in the contract."""
    if config.billing != "stripe":
        return
    handles = await db.read(lambda conn: [shop.handle for shop in installed_shops(conn)])
    other = unrelated(handles, config.stripe_shops)
    if other is not None:
        raise ConfigurationError(
            f"DANKBAR_BILLING=stripe is for the shops of one contract, and {other} is not on it: list them all in "
            "DANKBAR_STRIPE_SHOPS, or start with DANKBAR_BILLING=none until that shop has removed the app."
        )


VENDORS: Mapping[str, Opening] = {"none": _nobody, "shopify": open_shopify, "stripe": _stripe}


def open_billing(config: Config, db: Database) -> AbstractAsyncContextManager[Billing]:
    """Return the vendor that DANKBAR_BILLING names, to be entered. Raises ConfigurationError for an unknown one."""
    opening = VENDORS.get(config.billing)
    if opening is None:
        raise ConfigurationError(f"This release has no DANKBAR_BILLING={config.billing}: set it to none.")
    return opening(config, db)
