"""Erasing a customer or a whole shop, everywhere, in the caller's transaction (semantics E 31 to 33).

Waiting webhooks that nobody has tried yet are not looked through: the tombstones meet them when their turn comes,
moments later, and their bodies go with that. Should a later order of an erased customer be parked, its body stays
encrypted for its time like any other, since it is a guest's order that may still be told.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

import widgets
from plugin import shops
from plugin.billing import leaving
from plugin.core import data_requests, privacy, removals, tombstones
from plugin.core.removals import Removed
from plugin.core.tombstones import Kind
from plugin.crypto import Keyring
from plugin.database import among
from plugin.pseudonyms import Pseudonyms
from plugin.shops import Shop
from plugin.tasks import task
from webhooks import inbox as events
from webhooks.inbox import inbox
from webhooks.named import named

PORTION = 500

_KEPT = (
    select(inbox.c.id, inbox.c.shop, inbox.c.webhook_id, inbox.c.topic, inbox.c.body)
    .where(
        inbox.c.id > bindparam("after"),
        inbox.c.body.is_not(None),
        or_(
            and_(events.is_state(events.PARKED), inbox.c.shop == bindparam("shop")),
            and_(events.is_state(events.WAITING), inbox.c.shop == bindparam("shop"), inbox.c.attempts > 0),
        ),
    )
    .order_by(inbox.c.id)
    .limit(PORTION)
)
_TASKS = delete(task).where(
    task.c.shop_id == bindparam("shop"),
    task.c.name == bindparam("task_name"),
    among(task.c.key, "keys"),
)
_OTHERS = delete(inbox).where(inbox.c.shop == bindparam("shop"), inbox.c.id != bindparam("but"))


def erase_customer(
    conn: Connection,
    keyring: Keyring,
    shop: Shop,
    customer_id: int | None,
    order_ids: Iterable[int],
    now: datetime,
) -> None:
    """Erase the listed orders and all orders whose resolved customer it is, and what is kept about that customer.

    Points stay summed without an owner. Late webhooks bring nothing back; erasing twice, or somebody unknown, changes
    nothing but that they are recognised from now on. Tasks that name them go too: whoever runs one ends it all the same.
    """
    pseudonyms = Pseudonyms(keyring, [shop])
    tombstones.alone(conn, shop.id)
    listed = frozenset(order_ids)
    person = privacy.find(conn, shop.id, customer_id, listed)
    orders, customers = listed | set(person.orders.values()), frozenset(person.customer_ids)
    tombstones.bury(conn, shop.id, Kind.ORDER, sorted(orders), pseudonyms)
    tombstones.bury(conn, shop.id, Kind.CUSTOMER, sorted(customers), pseudonyms)
    clear_inbox(conn, keyring, shop.handle, orders, customers, now)
    for name, ids in ((widgets.FETCH_ORDER, orders), (privacy.ERASE, customers)):
        keys = [str(id) for id in sorted(ids)]
        conn.execute(_TASKS, {"shop": shop.id, "task_name": name, "keys": keys})
    data_requests.forget_orders(conn, shop.id, person.orders, orders)
    subject = widgets.Subject(shop.id, tuple(sorted(customers)), tuple(sorted(person.orders)))
    if shop.installed:
        widgets.recall(conn, subject, partial(keyring.seal, context=f"shop:{shop.id}:recall"), now)
    if privacy.is_known(conn, shop.id, person):
        removals.note(conn, Removed.PEOPLE, {shop.id: 1}, now)
    widgets.erase(conn, subject, now)
    privacy.note(conn, "customer", now)


def clear_inbox(
    conn: Connection,
    keyring: Keyring,
    handle: str,
    orders: frozenset[int],
    customers: frozenset[int],
    now: datetime,
) -> int:
    """End every parked or failed webhook that concerns these orders or customers; returns how many."""
    traces = [str(id).encode() for id in orders | customers]
    count = after = 0
    while rows := conn.execute(_KEPT, {"shop": handle, "after": after}).all():
        cleared = []
        for row in rows:
            body = events.opened(row, keyring)
            if body is None or not any(trace in body for trace in traces):
                continue
            if named(row.topic, body).concerns(orders, customers):
                cleared.append(row.id)
        events.finish(conn, cleared, now)
        count, after = count + len(cleared), rows[-1].id
    return count


def erase_shop(conn: Connection, handle: str, but: int, now: datetime) -> bool:
    """Erase a shop with all it has, unless it has the app (again); ``but`` is the webhook that asks for it."""
    found = shops.find_shop(conn, handle)
    if found is not None and found.installed:
        return False
    if found is not None:
        tombstones.alone(conn, found.id)
        leaving.erased(conn, found.id, now)
        privacy.erase_shop(conn, found.id)
    conn.execute(_OTHERS, {"shop": handle, "but": but})
    privacy.note(conn, "shop", now)
    return True
