"""Loyalty accounts: one for each customer of a shop, and one root for customers that Shopify has merged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    bindparam,
    select,
    text,
    union,
    update,
)

from plugin.database import Big, Changes, Id, Upsert, Utc, among, lock_rows, metadata

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("customer_id", Big),
    Column("root_id", Id, index=True),
    Column("total", Big, nullable=False, server_default="0"),
    Column("expires", Boolean, nullable=False, server_default="0"),
    Column("expired_to", Utc),
    Column("mirror_due", Utc),
    Column("mirrored", String(250)),
    Index("uq_account_customer_id_shop_id", "customer_id", "shop_id", unique=True),
    Index("ix_account_shop_id", "shop_id", "id"),
    Index(
        "ix_account_mirror_due",
        "shop_id",
        "mirror_due",
        sqlite_where=text("mirror_due IS NOT NULL"),
        postgresql_where=text("mirror_due IS NOT NULL"),
    ),
)
"""``root_id``: the account that stands for all merged ones, its own id mostly; ``total``: the sum of its entries;
``expires``: some of its lots have an end; ``expired_to``: up to when expiry was posted, noted on a root alone; ``mirror_due``: when what
Shopify shows of it must be written anew; ``mirrored``: what that was, the last time."""

_COLUMNS = (account.c.id, account.c.shop_id, account.c.customer_id, account.c.root_id, account.c.expires)
_BY_CUSTOMER = select(*_COLUMNS).where(among(account.c.customer_id, "customers"))
_BY_ID = select(*_COLUMNS).where(among(account.c.id, "ids"))
_MEMBERS = select(*_COLUMNS).where(among(account.c.root_id, "roots"))
_LOCK = select(account.c.id).where(among(account.c.id, "ids"))
_LOCK = _LOCK.order_by(account.c.id).with_for_update()
_ADD = Upsert(
    lambda insert: (
        insert(account)
        .on_conflict_do_nothing(index_elements=["customer_id", "shop_id"])
        .returning(account.c.id)
    )
)
_OWN_ROOT = (
    update(account)
    .where(among(account.c.id, "ids"), account.c.root_id.is_(None))
    .values(root_id=account.c.id)
)
_NEW_ROOT = update(account).where(account.c.root_id == bindparam("old")).values(root_id=bindparam("new"))
_ADD_UP = Changes(
    {"account_id": Id, "points": Big(), "at": Utc()},
    lambda added: (
        update(account)
        .where(account.c.id == added["account_id"])
        .values(total=account.c.total + added["points"], mirror_due=added["at"])
    ),
)
_MARK = update(account).where(among(account.c.id, "ids")).values(mirror_due=bindparam("at", type_=Utc))
_FLAG = update(account).where(among(account.c.id, "ids")).values(expires=True)
_ASKER, _MEMBER = account.alias("asker"), account.alias("member")

PERSON = union(
    select(bindparam("customer", type_=Big).label("customer_id")),
    select(_MEMBER.c.customer_id)
    .join(_ASKER, _ASKER.c.root_id == _MEMBER.c.root_id)
    .where(_ASKER.c.shop_id == bindparam("shop"), _ASKER.c.customer_id == bindparam("customer")),
)
"""The customer ids that are one person, for a statement that is given ``shop`` and ``customer``: the one asked for, who
may have no account, and all that were merged with it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account; entries stay where they were posted, ``root_id`` says whom they belong to now."""

    id: int
    shop_id: int
    customer_id: int | None
    root_id: int
    expires: bool


def ensure(conn: Connection, customers: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Account]:
    """Return the account of each (shop, customer), opened where there was none."""
    wanted = sorted(set(customers), key=lambda pair: (pair[1], pair[0]))
    if not wanted:
        return {}
    found = _of(conn, wanted)
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        rows = [{"shop_id": shop, "customer_id": customer} for shop, customer in missing]
        opened = [row.id for row in _ADD.rows(conn, rows)]
        if opened:
            conn.execute(_OWN_ROOT, {"ids": opened})
        found |= _of(conn, missing)
    return found


def by_id(conn: Connection, ids: Iterable[int]) -> dict[int, Account]:
    """Return the accounts by their ids."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row.id: Account(*row) for row in conn.execute(_BY_ID, {"ids": wanted})}


def members(conn: Connection, roots: Iterable[int]) -> dict[int, list[Account]]:
    """Return, for each root, all accounts that were merged into it and itself."""
    groups: dict[int, list[Account]] = {root: [] for root in roots}
    if groups:
        for row in conn.execute(_MEMBERS, {"roots": list(groups)}):
            groups[row.root_id].append(Account(*row))
    return groups


def lock(conn: Connection, ids: Iterable[int]) -> None:
    """Lock the accounts in the order of their ids, so that two writers can never wait for each other."""
    wanted = sorted(set(ids))
    if wanted and lock_rows(conn):
        conn.execute(_LOCK, {"ids": wanted})


def hold(conn: Connection, ids: Iterable[int]) -> dict[int, Account]:
    """Lock these accounts and their roots in the order of the ids and return them as they are then.

    Should a merge have ended meanwhile, the locks are given back and taken again with the new root's: no other order
    of locking can wait for this one.
    """
    known = by_id(conn, ids)
    while True:
        wanted = known.keys() | {one.root_id for one in known.values()}
        if not wanted or not lock_rows(conn):
            return by_id(conn, wanted)
        with conn.begin_nested() as locks:
            lock(conn, wanted)
            known = by_id(conn, wanted)
            if {one.root_id for one in known.values()} <= wanted:
                return known
            locks.rollback()


def lock_root(conn: Connection, shop_id: int, customer_id: int) -> Account | None:
    """Lock and return the account that stands for the customer, as it is then; None where there is none."""
    mine = _of(conn, [(shop_id, customer_id)]).get((shop_id, customer_id))
    if mine is None:
        return None
    held = hold(conn, [mine.id])
    return held[held[mine.id].root_id]


def add_up(conn: Connection, sums: Mapping[int, int], now: datetime) -> None:
    """Add points to the totals of accounts, in the order of their ids; what Shopify shows of them is due."""
    if sums:
        rows = [{"account_id": id, "points": points, "at": now} for id, points in sorted(sums.items())]
        _ADD_UP.rows(conn, rows)


def mark(conn: Connection, ids: Iterable[int], now: datetime) -> None:
    """Have what Shopify shows of these accounts written anew, though no entry was made."""
    wanted = sorted(set(ids))
    if wanted:
        conn.execute(_MARK, {"ids": wanted, "at": now})


def flag_expiring(conn: Connection, ids: Iterable[int]) -> None:
    """Remember that these accounts hold lots with an end."""
    wanted = sorted(set(ids))
    if wanted:
        conn.execute(_FLAG, {"ids": wanted})


def merge(conn: Connection, shop_id: int, deleted: int, kept: int) -> int:
    """Make ``deleted`` an alias of ``kept`` (customer ids) and return the root's account id.

    No entry moves; chains and repetitions end in the same root, whatever their order (semantics B 14).
    """
    found = ensure(conn, [(shop_id, deleted), (shop_id, kept)])
    one, other = found[shop_id, deleted], found[shop_id, kept]
    locked: set[int] = set()
    while not (roots := {one.root_id, other.root_id}) <= locked:
        lock(conn, roots - locked)
        locked |= roots
        now = by_id(conn, {one.id, other.id})
        one, other = now[one.id], now[other.id]
    if one.root_id != other.root_id:
        conn.execute(_NEW_ROOT, {"old": one.root_id, "new": other.root_id})
    return other.root_id


def _of(conn: Connection, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Account]:
    pairs = set(wanted)
    rows = conn.execute(_BY_CUSTOMER, {"customers": [customer for _, customer in wanted]})
    return {
        (row.shop_id, row.customer_id): Account(*row)
        for row in rows
        if (row.shop_id, row.customer_id) in pairs
    }
