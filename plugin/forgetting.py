"""Erasing somebody because they asked for it themselves: the same erasure as when Shopify asks."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import Connection

from plugin.core import privacy
from plugin.tasks import Handler, TaskRun
from webhooks.erasure import erase_customer


async def forget(run: TaskRun) -> None:
    """Erase the customer of the task's payload with all their orders; doing it twice changes nothing."""
    await run.db.write(partial(_erase, run=run, customer_id=int(run.payload["customer_id"])))


def _erase(conn: Connection, run: TaskRun, customer_id: int) -> None:
    erase_customer(conn, run.keyring, run.shop, customer_id, (), run.now)


TASKS: Mapping[str, Handler] = {privacy.ERASE: forget}
"""All of them are done for a shop that has uninstalled the app as well: what was promised to a person still holds."""
