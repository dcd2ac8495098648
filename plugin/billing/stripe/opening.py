"""Stripe opened for a process, and the contract kept: a shop that has no part in it is not served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from plugin.billing.protocol import Billing
from plugin.billing.stripe.billing import EVERYTHING, StripeBilling
from plugin.billing.stripe.wire import Wire, client
from plugin.config import Config
from plugin.database import Database


@asynccontextmanager
async def open_stripe(config: Config, db: Database) -> AsyncIterator[Billing]:
    """Hold one connection pool to Stripe for as long as the process lives."""
    wire = Wire()
    stripe = client(config.stripe_api_key or "", config.stripe_origin, wire)
    billing = StripeBilling(
        db, stripe, tax=config.stripe_tax, can=replace(EVERYTHING, taxed=config.stripe_tax)
    )
    try:
        yield billing
    finally:
        await billing.flights.close()
        await wire.close_async()
