"""What people asked to see of their data, until the merchant has handed it over."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    or_,
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
    ERASED = "erased"
    """Whatever was known is erased."""


data_request = Table(
    "data_request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("request_id", Big),
    Column("customer_id", Big),
    Column("order_refs", Text, nullable=False),
    Column("orders_unknown", Text, nullable=False, server_default="[]"),
    Column("found", String(10), nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("done_at", Utc),
    Index("uq_data_request_request_id_shop_id", "request_id", "shop_id", unique=True),
    Index("ix_data_request_shop_id_done_at", "shop_id", "done_at"),
)
"""``customer_id`` may be of somebody of whom nothing else is known yet. ``order_refs`` is a JSON list of our own keys,
``orders_unknown`` one of Shopify's numbers of orders that were named and of which nothing was known then.
``request_id`` is Shopify's number of it; it and the customer are null once the person is erased."""

_ADD = Upsert(lambda insert: insert(data_request).on_conflict_do_nothing())
_READ = (
    select(data_request)
    .where(data_request.c.shop_id == bindparam("shop"))
    .order_by(data_request.c.due_at, data_request.c.id)
)
_CUSTOMERS = (
    select(account.c.customer_id)
    .where(account.c.shop_id == bindparam("shop"), among(account.c.customer_id, "customers"))
    .union(
        select(order.c.customer_id).where(
            order.c.shop_id == bindparam("shop"), among(order.c.customer_id, "customers")
        )
    )
)
_ORDERS = select(order.c.id, order.c.order_id).where(
    order.c.shop_id == bindparam("shop"),
    ~order.c.sealed,
    or_(among(order.c.id, "refs"), among(order.c.order_id, "numbers")),
)
_FORGET = (
    update(data_request)
    .where(data_request.c.shop_id == bindparam("shop"), among(data_request.c.customer_id, "customers"))
    .values(request_id=None, customer_id=None, order_refs="[]", orders_unknown="[]", found=Found.ERASED.value)
)
_NAMING = select(data_request).where(
    data_request.c.shop_id == bindparam("shop"),
    or_(data_request.c.order_refs != "[]", data_request.c.orders_unknown != "[]"),
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
    """A request, with what is known now; ``customer_id`` is None for somebody named without, or erased since.

    ``orders_unknown`` are the orders that were named with it and have not come here.
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
    *,
    erased: bool = False,
) -> None:
    """Record a request once. Of somebody who was ``erased`` before, neither their number nor that of the request is kept."""
    refs = sorted(order_refs)
    found = Found.DATA if refs else Found.ONLY_EMAIL if customer_id is None else Found.NOTHING
    row = {
        "shop_id": shop_id,
        "request_id": None if erased else request_id,
        "customer_id": None if erased else customer_id,
        "order_refs": json.dumps(refs),
        "orders_unknown": json.dumps(sorted(orders_unknown)),
        "found": Found.ERASED.value if erased else found.value,
        "received_at": received_at,
        "due_at": received_at + TIME,
    }
    conn.execute(_ADD.on(conn), row)


def requests(conn: Connection, shop_id: int) -> list[Request]:
    """Return the shop's requests, the most urgent first."""
    return _known(conn, shop_id, conn.execute(_READ, {"shop": shop_id}).all())


def request(conn: Connection, shop_id: int, number: int) -> Request | None:
    """Return one request of the shop by our own number of it."""
    found = _known(conn, shop_id, conn.execute(_ONE, {"shop": shop_id, "request": number}).all())
    return found[0] if found else None


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


def forget_orders(
    conn: Connection, shop_id: int, orders: Mapping[int, int], numbers: Collection[int]
) -> None:
    """Drop erased orders from all requests: ``orders`` by our keys, ``numbers`` those of which nothing was known here.

    A request without a customer was about whoever bought them: Shopify's number of it goes with the first.
    """
    for row in conn.execute(_NAMING, {"shop": shop_id}).all() if orders or numbers else ():
        refs, unknown = json.loads(row.order_refs), json.loads(row.orders_unknown)
        new: dict[str, str | None] = {
            "order_refs": json.dumps([ref for ref in refs if ref not in orders]),
            "orders_unknown": json.dumps([number for number in unknown if number not in numbers]),
        }
        if new == {"order_refs": row.order_refs, "orders_unknown": row.orders_unknown}:
            continue
        if row.customer_id is None:
            new |= {"request_id": None, "found": Found.ERASED.value}
        conn.execute(update(data_request).where(data_request.c.id == row.id).values(**new))


def _known(conn: Connection, shop_id: int, rows: Sequence[Any]) -> list[Request]:
    """Compare what was named with what is here now: orders and customers may have come since, or gone."""
    if not rows:
        return []
    named = {
        "refs": sorted({ref for row in rows for ref in json.loads(row.order_refs)}),
        "numbers": sorted({number for row in rows for number in json.loads(row.orders_unknown)}),
    }
    orders = {row.order_id: row.id for row in conn.execute(_ORDERS, {"shop": shop_id, **named})}
    whose = sorted({row.customer_id for row in rows} - {None})
    customers = set(conn.execute(_CUSTOMERS, {"shop": shop_id, "customers": whose}).scalars())
    return [_request(row, orders, customers) for row in rows]


def _request(row: Any, orders: Mapping[int, int], customers: Collection[int]) -> Request:
    unknown = json.loads(row.orders_unknown)
    refs = set(json.loads(row.order_refs)) & set(orders.values())
    refs |= {orders[number] for number in unknown if number in orders}
    found = Found(row.found)
    if refs or row.customer_id in customers:
        found = Found.DATA
    elif found is Found.DATA:
        found = Found.ERASED
    return Request(
        id=row.id,
        customer_id=row.customer_id,
        order_refs=tuple(sorted(refs)),
        orders_unknown=tuple(number for number in unknown if number not in orders),
        found=found,
        received_at=row.received_at,
        due_at=row.due_at,
        done_at=row.done_at,
    )
