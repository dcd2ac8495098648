"""A shop that goes does not go on paying: what it has ends with what is paid, and at once when the shop is erased.

Only a vendor that goes on by itself is told; Shopify ends its plans with the app.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Column, Connection, String, Table, bindparam, delete, select

from plugin import tasks
from plugin.billing import subscriptions
from plugin.billing.protocol import Billing
from plugin.billing.subscriptions import State
from plugin.clock import Job
from plugin.database import Database, Upsert, Utc, metadata
from plugin.errors import AppError, Conflict, Retry, Unavailable
from plugin.tasks import Handler, TaskRun, Wanted

LEAVE = "billing.leave"
"""The task that cancels for a shop that has uninstalled the app; done for it all the same."""

EVERY = timedelta(minutes=5)
PORTION = 50

orphan = Table(
    "orphan",
    metadata,
    Column("outside_id", String(255), primary_key=True),
    Column("left_at", Utc, nullable=False),
)
"""Subscriptions of erased shops that have to be ended, by the vendor's name for them alone; one that is ended is gone."""

_ADD = Upsert(lambda insert: insert(orphan).on_conflict_do_nothing(index_elements=["outside_id"]))
_WAITING = select(orphan.c.outside_id).order_by(orphan.c.left_at, orphan.c.outside_id).limit(PORTION)
_ENDED = delete(orphan).where(orphan.c.outside_id == bindparam("ended"))

log = structlog.get_logger("plugin.billing")


def uninstalled(conn: Connection, shop_id: int, now: datetime) -> None:
    """Have the shop's subscription cancelled, in the transaction that closes the shop."""
    row = subscriptions.find(conn, shop_id)
    if row is not None and row.outside_id is not None:
        tasks.enqueue(conn, [Wanted(shop_id, LEAVE, "now", now, {})], now)


def erased(conn: Connection, shop_id: int, now: datetime) -> None:
    """Keep what is needed to end the shop's subscription, in the transaction that erases all else of it."""
    row = subscriptions.find(conn, shop_id)
    if row is None or row.outside_id is None or row.state is State.NONE:
        return
    if row.state is State.CANCELLED and row.cancel_at is not None and row.cancel_at <= now:
        return
    conn.execute(_ADD.on(conn), {"outside_id": row.outside_id, "left_at": now})


def handlers(billing: Billing) -> Mapping[str, Handler]:
    """Return the task that cancels at this vendor."""

    async def leave(run: TaskRun) -> None:
        if run.shop.installed or not billing.can.cancels:
            return
        try:
            await billing.cancel(run.shop, run.now)
        except Unavailable as error:
            raise Retry(error.message) from error
        except Conflict as error:
            log.warning("a shop left, nothing was cancelled", shop=run.shop.handle, reason=error.message)
            return
        log.warning("a shop left, its subscription ends with what is paid", shop=run.shop.handle)

    return {LEAVE: leave}


def jobs(billing: Billing) -> Sequence[Job]:
    """Return the job that ends at this vendor what erased shops have left."""

    async def end(db: Database, shop_id: int | None, now: datetime) -> int:
        waiting = await db.read(lambda conn: list(conn.execute(_WAITING).scalars()))
        return sum([await _end(billing, db, one) for one in waiting])

    return (Job("billing.end", EVERY, lambda conn, shop_id, now: 0, end),) if billing.can.cancels else ()


async def _end(billing: Billing, db: Database, outside_id: str) -> int:
    try:
        await billing.end(outside_id)
    except AppError as error:
        log.warning("subscription of an erased shop goes on", subscription=outside_id, reason=error.message)
        return 0
    await db.write(lambda conn: conn.execute(_ENDED, {"ended": outside_id}))
    log.warning("subscription of an erased shop was ended", subscription=outside_id)
    return 1
