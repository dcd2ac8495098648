"""What people asked to see of their data, until the merchant has handed it over."""

import json
from collections.abc import Iterable
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
    Column("found", String(10), nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("done_at", Utc),
    Index("uq_data_request_request_id_shop_id", "request_id", "shop_id", unique=True),
    Index("ix_data_request_shop_id_done_at", "shop_id", "done_at"),
)
"""Named by our own keys: ``order_refs`` is a JSON list. ``request_id`` is Shopify's number of it, null once the
person is erased."""

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
    .values(request_id=None, order_refs="[]")
)
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
    """A request; ``customer_id`` is None for somebody unknown or erased since."""

    id: int
    customer_id: int | None
    order_refs: tuple[int, ...]
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
        "found": found.value,
        "received_at": received_at,
        "due_at": received_at + TIME,
    }
    conn.execute(_ADD.on(conn), row)


def requests(conn: Connection, shop_id: int) -> list[Request]:
    """Return the shop's requests, the most urgent first."""
    return [_request(row) for row in conn.execute(_READ, {"shop": shop_id})]


def finish(conn: Connection, shop_id: int, request: int, now: datetime) -> bool:
    """Note that the person got their data; False when there is no such open request in this shop."""
    return conn.execute(_DONE, {"shop": shop_id, "request": request, "at": now}).rowcount == 1


def forget(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> None:
    """Drop what these customers' requests name; that there were requests, and when, stays."""
    if customers := sorted(customer_ids):
        conn.execute(_FORGET, {"shop": shop_id, "customers": customers})


def _request(row: Any) -> Request:
    refs = tuple(json.loads(row.order_refs))
    found = Found(row.found)
    return Request(row.id, row.customer_id, refs, found, row.received_at, row.due_at, row.done_at)
