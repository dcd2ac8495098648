"""Copies of what is here that Shopify shows by itself: which shops have some to be written, and how one is taken back.

A transaction only marks what changed. The clock looks who has marks and asks for one task a shop; nothing else does, so
that no two workers wait for the same row, and nothing is missed that commits while a task runs.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, literal, select

from plugin import tasks
from plugin.crypto import SealBroken
from plugin.database import Utc
from plugin.shopify import AccessDenied, Disconnected, Refused
from plugin.shops import shop
from plugin.tasks import TaskRun, Wanted, task

AT_ONCE = 25
"""Shopify takes so many metafields in one call."""

PATIENCE = timedelta(days=1)
"""How long Shopify is asked to delete what it shows of somebody who was erased."""

ASIDE = timedelta(days=1)
"""How long a task that was set aside is left there: what made it fail may have gone by itself."""


def ask(
    conn: Connection, name: str, scope: str, due: ColumnElement[bool], shop_id: int | None, now: datetime
) -> None:
    """Ask for the task of every shop where ``due`` holds and none waits; one set aside is asked for again after a day.

    A shop that does not grant the scope is passed over; its marks stay.
    """
    waiting = select(shop.c.id).where(
        shop.c.uninstalled_at.is_(None),
        shop.c.scopes.contains(scope),
        exists().where(due),
        ~exists().where(
            task.c.shop_id == shop.c.id,
            task.c.name == name,
            (task.c.state != "parked") | (task.c.due_at > literal(now - ASIDE, Utc)),
        ),
    )
    if shop_id is not None:
        waiting = waiting.where(shop.c.id == shop_id)
    ids = conn.execute(waiting.order_by(shop.c.id)).scalars()
    tasks.enqueue(conn, [Wanted(id, name, "all", now, {}) for id in list(ids)], now)


def granted(conn: Connection, shop_id: int, scope: str) -> bool:
    """Tell whether the shop grants the scope."""
    allowed = select(literal(1)).where(shop.c.id == shop_id, shop.c.scopes.contains(scope))
    return conn.execute(allowed).one_or_none() is not None


def take_back(
    conn: Connection,
    name: str,
    shop_id: int,
    owners: Sequence[int],
    seal: Callable[[bytes], bytes],
    now: datetime,
) -> None:
    """Ask for the deletion of what Shopify shows with these owners, who are about to be erased here.

    It is due when no task that read of them before can still write: after the lease that every task ends within.
    """
    if owners:
        until = (now + PATIENCE).isoformat()
        sealed = base64.b64encode(seal(json.dumps(list(owners)).encode())).decode()
        wanted = Wanted(shop_id, name, sealed[:64], now + tasks.LEASE, {"sealed": sealed, "until": until})
        tasks.enqueue(conn, [wanted], now)


async def taken_back(run: TaskRun, delete: Callable[[list[int]], Awaitable[None]]) -> None:
    """Have it deleted, up to 25 owners in a call, where that is possible: an outage is waited out for a day."""
    if run.now > datetime.fromisoformat(run.payload["until"]):
        return
    try:
        sealed = base64.b64decode(run.payload["sealed"])
        owners: list[int] = json.loads(run.keyring.open(sealed, context=f"shop:{run.shop.id}:recall"))
        for start in range(0, len(owners), AT_ONCE):
            await delete(owners[start : start + AT_ONCE])
    except (AccessDenied, Disconnected, Refused, SealBroken):
        return
