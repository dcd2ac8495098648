"""Forgetting: orders lose everything but their place in the books, accounts their customer, a shop all it has.

Points stay summed: entries and lots name surrogate keys only, and nothing leads from those to a person any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from plugin.core import accounts
from plugin.core.accounts import account
from plugin.core.append_only import ledger_lift, lifted
from plugin.core.order_book import order, refund
from plugin.database import Id, Utc, among, metadata

PORTION = 2000

ERASE = "privacy.erase"
"""The task that erases a customer who asked for it; its key and its payload's ``customer_id`` are Shopify's id."""

erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scope", String(8), nullable=False),
    Column("erased_at", Utc, nullable=False),
    Column("compacted_at", Utc, index=True),
)
"""That something was erased, never whose; ``compacted_at``: since when no file holds it any more."""

_MEMBER = account.alias("member")
_GROUP = (
    select(_MEMBER.c.id, _MEMBER.c.customer_id)
    .join(account, account.c.root_id == _MEMBER.c.root_id)
    .where(account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("customer"))
)
_OF_CUSTOMERS = select(order.c.id, order.c.order_id).where(
    order.c.shop_id == bindparam("shop"), among(order.c.customer_id, "ids")
)
_LISTED = select(order.c.id, order.c.order_id).where(
    order.c.shop_id == bindparam("shop"), among(order.c.order_id, "ids")
)
_SEAL = (
    update(order)
    .where(among(order.c.id, "refs"))
    .values(order_id=None, customer_id=None, state=None, sealed=True)
)
_DROP_REFUNDS = delete(refund).where(among(refund.c.order_ref, "refs"))
_DETACH = update(account).where(among(account.c.id, "ids")).values(customer_id=None)
MINE = select(account.c.id).where(
    account.c.shop_id == bindparam("shop"),
    among(account.c.customer_id, "customers"),
)
_NOTE = insert(erasure)
_PENDING = select(erasure.c.id).where(erasure.c.compacted_at.is_(None)).order_by(erasure.c.id)
_COMPACTED = (
    update(erasure)
    .where(erasure.c.compacted_at.is_(None), erasure.c.id <= bindparam("last"))
    .values(compacted_at=bindparam("at", type_=Utc))
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody within a shop: every customer id merged into one, and their orders, our key to Shopify's id."""

    customer_ids: tuple[int, ...]
    orders: dict[int, int]


def find(conn: Connection, shop_id: int, customer_id: int | None, order_ids: Iterable[int] = ()) -> Person:
    """Return the person: the listed orders, and all orders whose resolved customer it is."""
    customers = set() if customer_id is None else {customer_id}
    for row in conn.execute(_GROUP, {"shop": shop_id, "customer": customer_id}) if customers else ():
        customers |= {row.customer_id} - {None}
    orders: dict[int, int] = {}
    for statement, ids in ((_OF_CUSTOMERS, customers), (_LISTED, set(order_ids))):
        if ids:
            found = conn.execute(statement, {"shop": shop_id, "ids": sorted(ids)})
            orders |= {row.id: row.order_id for row in found}
    return Person(tuple(sorted(customers)), orders)


def is_known(conn: Connection, shop_id: int, person: Person) -> bool:
    """Tell whether anything leads to the person: an order, or an account that has not lost its customer."""
    values = {"shop": shop_id, "customers": list(person.customer_ids)}
    return bool(person.orders) or conn.execute(MINE, values).first() is not None


def seal(conn: Connection, refs: Iterable[int]) -> None:
    """Clear the orders of all that was ever told of them; what they posted stays, and is never changed again."""
    if wanted := sorted(refs):
        conn.execute(_DROP_REFUNDS, {"refs": wanted})
        conn.execute(_SEAL, {"refs": wanted})


def detach(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> None:
    """Take the customers from their accounts; sums and merges stay."""
    ids = list(conn.execute(MINE, {"shop": shop_id, "customers": sorted(customer_ids)}).scalars())
    if ids:
        accounts.lock(conn, ids)
        conn.execute(_DETACH, {"ids": ids})


def erase_shop(conn: Connection, shop_id: int) -> None:
    """Delete all rows of a shop in every table, its entries, secrets and pseudonym key among them."""
    tables = list(reversed(metadata.sorted_tables))
    with lifted(conn, shop_id):
        for table in tables:
            if table.name not in {ledger_lift.name, "shop"}:
                _empty(conn, table, shop_id)
    for table in tables:
        _empty(conn, table, shop_id)


def _empty(conn: Connection, table: Table, shop_id: int) -> None:
    if (owned := owned_by(table, shop_id)) is not None:
        conn.execute(delete(table).where(owned))


def owned_by(table: Table, shop_id: int) -> ColumnElement[bool] | None:
    """Return the condition for a shop's rows: by its key, or through the row they belong to; None without either."""
    if table.name == "shop":
        return table.c.id == shop_id
    if "shop_id" in table.c:
        return table.c.shop_id == shop_id
    for key in sorted(table.foreign_keys, key=lambda key: key.target_fullname):
        parent = key.column.table
        if "shop_id" in parent.c:
            return key.parent.in_(select(key.column).where(parent.c.shop_id == shop_id))
    return None


def note(conn: Connection, scope: str, now: datetime) -> None:
    """Remember that something was erased, so that the files are rewritten."""
    conn.execute(_NOTE, {"scope": scope, "erased_at": now})


def pending(conn: Connection) -> list[int]:
    """Return the erasures whose traces the files may still hold."""
    return list(conn.execute(_PENDING).scalars())


def compacted(conn: Connection, last: int, now: datetime) -> None:
    """Remember that no file holds what was erased up to this erasure."""
    conn.execute(_COMPACTED, {"last": last, "at": now})


def portions(ids: Sequence[int]) -> Iterable[list[int]]:
    """Yield the ids in portions for statements that name each; nothing for none."""
    rest = iter(ids)
    while portion := list(islice(rest, PORTION)):
        yield portion
