"""The vendor's truth, fetched again: each shop once a day, a few at a time, and whenever somebody asks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from plugin import tasks
from plugin.billing import standing, subscriptions
from plugin.billing.protocol import Billing
from plugin.clock import Job
from plugin.errors import Retry, Unavailable
from plugin.tasks import Handler, TaskRun, Wanted

REFRESH = "billing.refresh"
EVERY = timedelta(minutes=10)
AGAIN_AFTER = timedelta(days=1) - EVERY
OUTAGE = timedelta(hours=1)
"""A shop whose vendor did not answer its daily question is asked about again then, within the same portions."""

DAILY = "daily"
PORTION = 100
"""Shops asked about in each ten minutes, evenly: one in six seconds, 14,400 a day."""


def ask(conn: Connection, shop_id: int, now: datetime) -> None:
    """Have a shop's vendor asked soon, in the transaction that found out that something changed."""
    tasks.enqueue(conn, [Wanted(shop_id, REFRESH, "now", now, {})], now)


def handlers(billing: Billing) -> Mapping[str, Handler]:
    """Return the task that asks this vendor."""

    async def refresh(run: TaskRun) -> None:
        try:
            await billing.refresh(run.shop, run.now)
        except Unavailable as error:
            if run.key != DAILY:
                raise Retry(error.message) from error
            later = run.now + OUTAGE - AGAIN_AFTER
            await run.db.write(partial(subscriptions.keep_asked, shop_id=run.shop.id, at=later))
        await run.db.write(lambda conn: standing.keep(conn, run.shop, run.now, billing.kind))

    return {REFRESH: refresh}


def jobs(kind: str) -> tuple[Job, ...]:
    """Return what the clock does for this kind of billing; nothing where nobody pays."""

    def spread(conn: Connection, shop_id: int | None, now: datetime) -> int:
        if shop_id is not None:
            ask(conn, shop_id, now)
            return 0
        due = subscriptions.to_ask(conn, kind, now - AGAIN_AFTER, now, PORTION)
        step = EVERY / PORTION
        wanted = [Wanted(id, REFRESH, DAILY, now + number * step, {}) for number, id in enumerate(due)]
        tasks.enqueue(conn, wanted, now)
        return 0

    return () if kind == "none" else (Job("billing.check", EVERY, spread),)
