"""What people asked to see of their data, until the merchant has handed it over."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    bindparam,
    select,
    update,
)

from plugin.core.accounts import account
from plugin.core.order_book import order
from plugin.database import Big, Id, Upsert, Utc, among, metadata

TIME = timedelta(days=30)
"""Shopify's bound, counted from the request's arrival."""


class Found(StrEnum):
    """What is known of the person who asks."""

    DATA = "data"
    NOTHING = "nothing"
    ONLY_EMAIL = "only_email"
    """Shopify named them by e-mail address alone, and no e-mail address is stored."""


data_request = Table(
    "data_request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("request_id", Big),
    Column("account_id", Id, ForeignKey("account.id"), index=True),
    Column("order_refs", Text, nullable=False),
    Column("orders_unknown", Text, nullable=False, server_default="[]"),
    Column("found", String(10), nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("done_at", Utc),
    Index("uq_data_request_request_id_shop_id", "request_id", "shop_id", unique=True),
    Index("ix_data_request_shop_id_done_at", "shop_id", "done_at"),
)
"""Named by our own keys: ``order_refs`` is a JSON list, ``orders_unknown`` one of Shopify's numbers of orders that were
named and of which nothing was known. ``request_id`` is Shopify's number of it, null once the person is erased."""

_ADD = Upsert(lambda insert: insert(data_request).on_conflict_do_nothing())
_ACCOUNT = select(account.c.id).where(
    account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("customer")
)
_READ = (
    select(data_request, account.c.customer_id)
    .outerjoin(account, account.c.id == data_request.c.account_id)
    .where(data_request.c.shop_id == bindparam("shop"))
    .order_by(data_request.c.due_at, data_request.c.id)
)
_ACCOUNTS = select(account.c.id).where(
    account.c.shop_id == bindparam("shop"),
    among(account.c.customer_id, "customers"),
)
_FORGET = (
    update(data_request)
    .where(data_request.c.shop_id == bindparam("shop"), data_request.c.account_id.in_(_ACCOUNTS))
    .values(request_id=None, order_refs="[]", orders_unknown="[]")
)
_NAMING = select(data_request.c.id, data_request.c.orders_unknown).where(
    data_request.c.shop_id == bindparam("shop"), data_request.c.orders_unknown != "[]"
)
_RENAME = (
    update(data_request)
    .where(data_request.c.id == bindparam("request"))
    .values(orders_unknown=bindparam("left"))
)
_NUMBERS = select(order.c.id, order.c.order_id).where(
    order.c.shop_id == bindparam("shop"), among(order.c.id, "refs"), order.c.order_id.is_not(None)
)
_ONE = _READ.where(data_request.c.id == bindparam("request"))
_DONE = (
    update(data_request)
    .where(
        data_request.c.id == bindparam("request"),
        data_request.c.shop_id == bindparam("shop"),
        data_request.c.done_at.is_(None),
    )
    .values(done_at=bindparam("at", type_=Utc))
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request; ``customer_id`` is None for somebody unknown or erased since.

    ``orders_unknown`` are the orders that were named with it and never came here.
    """

    id: int
    customer_id: int | None
    order_refs: tuple[int, ...]
    orders_unknown: tuple[int, ...]
    found: Found
    received_at: datetime
    due_at: datetime
    done_at: datetime | None


def record(
    conn: Connection,
    shop_id: int,
    request_id: int,
    customer_id: int | None,
    order_refs: Iterable[int],
    received_at: datetime,
    orders_unknown: Iterable[int] = (),
) -> None:
    """Record a request once; whom it is about is kept by our own keys."""
    refs = sorted(order_refs)
    owner = None
    if customer_id is not None:
        owner = conn.execute(_ACCOUNT, {"shop": shop_id, "customer": customer_id}).scalar_one_or_none()
    found = Found.DATA if owner is not None or refs else Found.NOTHING
    if found is Found.NOTHING and customer_id is None:
        found = Found.ONLY_EMAIL
    row = {
        "shop_id": shop_id,
        "request_id": request_id,
        "account_id": owner,
        "order_refs": json.dumps(refs),
        "orders_unknown": json.dumps(sorted(orders_unknown)),
        "found": found.value,
        "received_at": received_at,
        "due_at": received_at + TIME,
    }
    conn.execute(_ADD.on(conn), row)


def requests(conn: Connection, shop_id: int) -> list[Request]:
    """Return the shop's requests, the most urgent first."""
    return [_request(row) for row in conn.execute(_READ, {"shop": shop_id})]


def request(conn: Connection, shop_id: int, number: int) -> Request | None:
    """Return one request of the shop by our own number of it."""
    row = conn.execute(_ONE, {"shop": shop_id, "request": number}).one_or_none()
    return None if row is None else _request(row)


def orders_named(conn: Connection, shop_id: int, found: Request) -> list[int]:
    """Return Shopify's numbers of the orders that were named with the request, but those erased since."""
    rows = conn.execute(_NUMBERS, {"shop": shop_id, "refs": list(found.order_refs)})
    return sorted([row.order_id for row in rows] + list(found.orders_unknown))


def finish(conn: Connection, shop_id: int, request: int, now: datetime) -> bool:
    """Note that the person got their data; False when there is no such open request in this shop."""
    return conn.execute(_DONE, {"shop": shop_id, "request": request, "at": now}).rowcount == 1


def forget(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> None:
    """Drop what these customers' requests name; that there were requests, and when, stays."""
    if customers := sorted(customer_ids):
        conn.execute(_FORGET, {"shop": shop_id, "customers": customers})


def forget_orders(conn: Connection, shop_id: int, order_ids: Collection[int]) -> None:
    """Drop the numbers of erased orders of which nothing was known here but that a request named them."""
    for row in conn.execute(_NAMING, {"shop": shop_id}).all() if order_ids else ():
        named = json.loads(row.orders_unknown)
        left = [number for number in named if number not in order_ids]
        if len(left) < len(named):
            conn.execute(_RENAME, {"request": row.id, "left": json.dumps(left)})


def _request(row: Any) -> Request:
    return Request(
        id=row.id,
        customer_id=row.customer_id,
        order_refs=tuple(json.loads(row.order_refs)),
        orders_unknown=tuple(json.loads(row.orders_unknown)),
        found=Found(row.found),
        received_at=row.received_at,
        due_at=row.due_at,
        done_at=row.done_at,
    )
