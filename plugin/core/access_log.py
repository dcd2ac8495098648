"""Who of the shop's staff looked at whose record, and when: by our own keys, which lead to nobody once they are erased."""

from collections.abc import Iterable, Iterator, Mapping
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
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from plugin.core.accounts import account
from plugin.core.data_requests import Request
from plugin.core.order_book import order
from plugin.core.privacy import MINE
from plugin.core.removals import tally
from plugin.database import Big, Id, Utc, among, metadata

KEPT_FOR = timedelta(days=365)


class Look(StrEnum):
    """What was looked at."""

    STATEMENT = "statement"
    ENTRIES = "entries"
    """One customer's entries, as a file."""
    LEDGER = "ledger"
    """Everybody's entries, as a file: about nobody in particular."""
    REPORT = "report"
    """Orders that a report lists, on its page or as a file: about nobody in particular."""
    REQUEST = "request"
    """All that is kept about somebody, as a file, to answer a request for data."""


access_log = Table(
    "access_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("staff", Big, nullable=False),
    Column("what", String(10), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), index=True),
    Column("order_ref", Id, ForeignKey("order.id"), index=True),
    Column("seen_at", Utc, nullable=False, index=True),
    Index("ix_access_log_shop_id_seen_at", "shop_id", "seen_at"),
)
"""``staff``: Shopify's number of who looked. Both keys are null for everybody's entries and for reports, and once somebody is erased."""

_ACCOUNT = select(account.c.id).where(
    account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("number")
)
_ORDER = select(order.c.id).where(
    order.c.shop_id == bindparam("shop"), order.c.order_id == bindparam("number")
)
_NOTE = insert(access_log)
_LATELY = (
    select(
        access_log.c.staff,
        access_log.c.what,
        access_log.c.seen_at,
        account.c.customer_id,
        order.c.order_id,
    )
    .outerjoin(account, account.c.id == access_log.c.account_id)
    .outerjoin(order, order.c.id == access_log.c.order_ref)
    .where(access_log.c.shop_id == bindparam("shop"))
    .order_by(access_log.c.seen_at.desc(), access_log.c.id.desc())
    .limit(bindparam("most"))
)
_OF_ACCOUNTS = and_(access_log.c.shop_id == bindparam("shop"), access_log.c.account_id.in_(MINE))
_OF_ORDERS = and_(access_log.c.shop_id == bindparam("shop"), among(access_log.c.order_ref, "refs"))
_MINE = (
    select(access_log.c.seen_at, access_log.c.what)
    .where(or_(_OF_ACCOUNTS, _OF_ORDERS))
    .order_by(access_log.c.seen_at, access_log.c.id)
)
_FORGET = update(access_log).where(or_(_OF_ACCOUNTS, _OF_ORDERS)).values(account_id=None, order_ref=None)
_OLD = (
    select(access_log.c.id, access_log.c.shop_id)
    .where(access_log.c.seen_at < bindparam("before", type_=Utc))
    .order_by(access_log.c.id)
    .limit(bindparam("most"))
)
_DROP = delete(access_log).where(among(access_log.c.id, "ids"))


@dataclass(frozen=True, slots=True)
class Seen:
    """One look; both ids are None for everybody's entries, and once whoever it was is erased."""

    staff: int
    what: Look
    at: datetime
    customer_id: int | None
    order_id: int | None


def note(
    conn: Connection,
    shop_id: int,
    staff: int,
    what: Look,
    now: datetime,
    *,
    customer_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """Write down that a member of the staff looks at a customer, or at an order of nobody known.

    Nothing is written where whoever is named is not known, since nothing is seen then.
    """
    owner = None if customer_id is None else _key(conn, shop_id, customer_id, _ACCOUNT)
    ref = None if order_id is None or owner is not None else _key(conn, shop_id, order_id, _ORDER)
    if owner is None and ref is None and (customer_id, order_id) != (None, None):
        return
    row = {
        "shop_id": shop_id,
        "staff": staff,
        "what": what.value,
        "account_id": owner,
        "order_ref": ref,
        "seen_at": now,
    }
    conn.execute(_NOTE, row)


def note_request(conn: Connection, shop_id: int, staff: int, found: Request, now: datetime) -> None:
    """Write down that somebody's whole record is handed out to answer their request."""
    owner = None if found.customer_id is None else _key(conn, shop_id, found.customer_id, _ACCOUNT)
    refs = [None] if owner is not None or not found.order_refs else list(found.order_refs)
    rows = [
        {
            "shop_id": shop_id,
            "staff": staff,
            "what": Look.REQUEST.value,
            "account_id": owner,
            "order_ref": ref,
            "seen_at": now,
        }
        for ref in refs
    ]
    conn.execute(_NOTE, rows)


def lately(conn: Connection, shop_id: int, most: int) -> list[Seen]:
    """Return the newest looks of the shop's staff."""
    return [
        Seen(row.staff, Look(row.what), row.seen_at, row.customer_id, row.order_id)
        for row in conn.execute(_LATELY, {"shop": shop_id, "most": most})
    ]


def of_person(
    conn: Connection, shop_id: int, customer_ids: Iterable[int], refs: Iterable[int]
) -> Iterator[Mapping[str, object]]:
    """Yield when the person's record was looked at and how; who looked is not theirs to know."""
    for row in conn.execute(_MINE, _whose(shop_id, customer_ids, refs)):
        yield {"seen_at": row.seen_at, "seen": row.what}


def forget(conn: Connection, shop_id: int, customer_ids: Iterable[int], refs: Iterable[int]) -> None:
    """Drop whom the looks were at; that somebody looked, and when, stays. Ask before they lose their accounts."""
    conn.execute(_FORGET, _whose(shop_id, customer_ids, refs))


def forget_old(conn: Connection, now: datetime, most: int) -> dict[int, int]:
    """Delete looks that are older than their time; returns how many by shop, at most ``most``."""
    rows = conn.execute(_OLD, {"before": now - KEPT_FOR, "most": most}).all()
    if rows:
        conn.execute(_DROP, {"ids": [row.id for row in rows]})
    return tally(row.shop_id for row in rows)


def _key(conn: Connection, shop_id: int, number: int, statement: Any) -> int | None:
    found: int | None = conn.execute(statement, {"shop": shop_id, "number": number}).scalar_one_or_none()
    return found


def _whose(shop_id: int, customer_ids: Iterable[int], refs: Iterable[int]) -> dict[str, object]:
    return {"shop": shop_id, "customers": sorted(customer_ids), "refs": sorted(refs)}
