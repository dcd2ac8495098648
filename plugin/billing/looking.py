"""What a page may show of a plan: a newer answer of the vendor's where it comes at once, else the last one."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from plugin.billing import subscriptions
from plugin.billing.protocol import Billing
from plugin.database import Database
from plugin.errors import AppError
from plugin.shops import Shop

HINT = "plan_handle"
"""What Shopify appends to the welcome link. It tells that something was approved, and is never taken for the truth."""

log = structlog.get_logger("plugin.billing")


@dataclass(frozen=True, slots=True)
class Look:
    """How old an answer may be before the vendor is asked again, and how many seconds the page waits for it."""

    older_than: timedelta
    patience: float


HOME = Look(timedelta(minutes=1), 0.3)
PAGE = Look(timedelta(0), 1.5)
WELCOME = Look(timedelta(0), 4.0)
"""After the welcome link: the person has just approved something and looks for it."""


async def look(billing: Billing, db: Database, shop: Shop, now: datetime, how: Look) -> bool:
    """Have the vendor asked where its answer is old; False when what stands is older than wanted."""
    if not billing.can.needed:
        return True
    row = await db.read(lambda conn: subscriptions.find(conn, shop.id))
    # A row without an answer is one that the clock has only put on its list.
    known: datetime | None = row.checked_at if row else None
    if known is not None and now - known < how.older_than:
        return True
    try:
        async with asyncio.timeout(how.patience):
            await billing.refresh(shop, now)
    except (AppError, TimeoutError) as error:
        log.info("plan_is_older", shop=shop.handle, reason=type(error).__name__)
        return False
    return True
