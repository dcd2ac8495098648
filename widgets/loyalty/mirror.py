"""The copy of each balance that Shopify keeps in a customer metafield, so that pages can show it with no request.

The hot path only marks an account; ``plugin.copies`` has the rest.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, literal

from plugin import copies, settings
from plugin.clock import Job
from plugin.core import mirror
from plugin.core.accounts import account
from plugin.core.mirror import Mirror
from plugin.database import Utc
from plugin.language import sentence
from plugin.settings import ShopSettings
from plugin.shopify import delete_points, set_points
from plugin.shops import shop
from plugin.tasks import Handler, TaskRun
from widgets.base import Processing, Seal, Subject

MIRROR, RECALL = "loyalty.mirror", "loyalty.recall"
SCOPE = "write_customers"

CALLS = 60
"""A task ends after so many; the clock asks for the next one while accounts are due."""


def ask(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the task of every shop where accounts are due."""
    due = (account.c.shop_id == shop.c.id) & (account.c.mirror_due <= literal(now, Utc))
    copies.ask(conn, MIRROR, SCOPE, due, shop_id, now)
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
    return mirror.due(conn, run.shop.id, zone, run.now, copies.AT_ONCE)


def recall(conn: Connection, subject: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the deletion of what Shopify shows of a person who is about to be erased here.

    It is asked whatever is noted here: a first write may be on its way.
    """
    if copies.granted(conn, subject.shop_id, SCOPE):
        copies.take_back(conn, RECALL, subject.shop_id, sorted(subject.customer_ids), seal, now)


async def forget(run: TaskRun) -> None:
    """Delete what Shopify shows of an erased person."""
    await copies.taken_back(run, lambda customers: delete_points(run.gateway, run.shop, customers))


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
    scopes=(SCOPE,),
    export=export,
    erase=erase,
)
"""Erased before the accounts lose their customers: it is found by them."""

TASKS: Mapping[str, Handler] = {MIRROR: write, RECALL: forget}
JOBS = (Job(MIRROR, timedelta(seconds=10), ask),)
