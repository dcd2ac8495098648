"""The copy of each balance that Shopify keeps in a customer metafield, so that pages can show it with no request.

The hot path only marks an account. The clock looks who is due and asks for one task a shop; nothing else does, so that
no two workers wait for the same row, and nothing is missed that commits while a task runs.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, bindparam, exists, select

from plugin import settings, tasks
from plugin.clock import Job
from plugin.core import mirror
from plugin.core.accounts import account
from plugin.core.mirror import Mirror
from plugin.crypto import SealBroken
from plugin.database import Utc
from plugin.language import sentence
from plugin.settings import ShopSettings
from plugin.shopify import AccessDenied, Disconnected, Refused, delete_points, set_points
from plugin.shops import shop
from plugin.tasks import Handler, TaskRun, Wanted, task
from widgets.base import Processing, Seal, Subject

MIRROR, RECALL = "loyalty.mirror", "loyalty.recall"
SCOPE = "write_customers"

AT_ONCE = 25
"""Shopify takes so many metafields in one call."""

CALLS = 60
"""A task ends after so many; the clock asks for the next one while accounts are due."""

PATIENCE = timedelta(days=1)
"""How long Shopify is asked to delete what it shows of an erased customer."""

_TIRED = (
    select(shop.c.id)
    .where(
        shop.c.uninstalled_at.is_(None),
        shop.c.scopes.contains(SCOPE),
        exists().where(account.c.shop_id == shop.c.id, account.c.mirror_due <= bindparam("now", type_=Utc)),
        ~exists().where(task.c.shop_id == shop.c.id, task.c.name == MIRROR),
    )
    .order_by(shop.c.id)
)


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the task of every shop where accounts are due and none is asked for yet, not even one set aside."""
    waiting = _TIRED if shop_id is None else _TIRED.where(shop.c.id == shop_id)
    ids = list(conn.execute(waiting, {"now": now}).scalars())
    tasks.enqueue(conn, [Wanted(id, MIRROR, "all", now, {}) for id in ids], now)
    return 0


async def write(run: TaskRun) -> None:
    """Write the figures of all who are due, longest first, 25 in a call; what is unchanged costs no call."""
    for _ in range(CALLS):
        found = await run.db.read(partial(_due, run=run))
        if not found:
            return
        news = {one.customer_id: one.value for one in found if one.is_news and one.customer_id is not None}
        unknown = await set_points(run.gateway, run.shop, news) if news else set()
        await run.db.write(partial(mirror.settle, done=found, unknown=unknown))


def _due(conn: Connection, run: TaskRun) -> list[Mirror]:
    zone = settings.current(conn, run.shop.id, ShopSettings).zone
    return mirror.due(conn, run.shop.id, zone, run.now, AT_ONCE)


def recall(conn: Connection, subject: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the deletion of what Shopify shows of a person who is about to be erased here."""
    customers = sorted(mirror.shown(conn, subject.shop_id, subject.customer_ids))
    if customers:
        until = (now + PATIENCE).isoformat()
        payload = {"sealed": base64.b64encode(seal(json.dumps(customers).encode())).decode(), "until": until}
        tasks.enqueue(conn, [Wanted(subject.shop_id, RECALL, payload["sealed"][:64], now, payload)], now)


async def forget(run: TaskRun) -> None:
    """Delete what Shopify shows of an erased person, where that is possible: an outage is waited out for a day."""
    if run.now > datetime.fromisoformat(run.payload["until"]):
        return
    try:
        sealed = base64.b64decode(run.payload["sealed"])
        customers = json.loads(run.keyring.open(sealed, context=f"shop:{run.shop.id}:recall"))
        for start in range(0, len(customers), AT_ONCE):
            await delete_points(run.gateway, run.shop, customers[start : start + AT_ONCE])
    except (AccessDenied, Disconnected, Refused, SealBroken):
        return


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield what Shopify shows of the person's points."""
    for customer, figures in mirror.shown(conn, subject.shop_id, subject.customer_ids).items():
        yield {"customer": str(customer), "points": json.loads(figures)}


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget what Shopify shows of the person; it was asked to delete it before."""
    mirror.forget(conn, subject.shop_id, subject.customer_ids)


COPY = Processing(
    what=sentence("A copy of the balance in your customer account at Shopify"),
    purpose=sentence(
        "So that your account shows your points at once, even while this app cannot be reached."
    ),
    basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
    retention=sentence("Until the customer's data is erased; then it is deleted there as well."),
    recipients=(sentence("Shopify, which shows it in the customer account"),),
    columns=("account.mirrored", "account.mirror_due"),
    export=export,
    erase=erase,
)
"""Erased before the accounts lose their customers: it is found by them."""

TASKS: Mapping[str, Handler] = {MIRROR: write, RECALL: forget}
JOBS = (Job(MIRROR, timedelta(seconds=10), ask),)
