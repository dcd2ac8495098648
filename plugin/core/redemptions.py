"""Redemptions: rewards bought with points, and the codes they became.

A redemption is a fact of the server's own time, written down with its debit; what comes back of it is settled in
``plugin.core.settlement``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from plugin.core import accounts, ledger
from plugin.core.ledger import ADJUSTMENT, REDEMPTION, Entry, ledger_entry, of_kind
from plugin.database import Big, Id, Utc, among, lock_rows, metadata

PENDING = "pending"
"""Paid for; its code is not known to be at Shopify yet."""
READY = "ready"
"""Its code is at Shopify."""
REVERSED = "reversed"
"""Its code never came to be: the points are back."""
EXPIRED = "expired"
"""Past its date and unused: the code is to be removed at Shopify, then the points come back."""
ENDED = "ended"
"""Past its date and removed unused: the points are back."""
SPENT = "spent"
"""Past its date and used: nothing is left to do."""

redemption = Table(
    "redemption",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("request_id", String(64)),
    Column("reward", String(40), nullable=False),
    Column("title", String(80), nullable=False),
    Column("kind", String(13), nullable=False),
    Column("value", String(80)),
    Column("minimum", Big, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cost", Big, nullable=False),
    Column("code", String(32)),
    Column("gid", String(80)),
    Column("state", String(8), nullable=False),
    Column("redeemed_at", Utc, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("ends_at", Utc, nullable=False),
    Column("absent_at", Utc),
    Column("closed_at", Utc),
    Column("removed_at", Utc),
    Index("uq_redemption_code_shop_id", "code", "shop_id", unique=True),
    Index("uq_redemption_account_id_request_id", "account_id", "request_id", unique=True),
    Index("ix_redemption_state_ends_at", "state", "ends_at"),
)
"""The reward as it was when it was bought. ``code`` is None once its owner was erased: nothing changes any more.
``absent_at``: when Shopify was first found not to have the code; ``closed_at``: when it was reversed or ended;
``removed_at``: since when the code of a redemption whose points are back is known to be gone."""

redemption_use = Table(
    "redemption_use",
    metadata,
    Column("redemption_id", Id, ForeignKey("redemption.id"), primary_key=True, autoincrement=False),
    Column("order_ref", Id, ForeignKey("order.id"), primary_key=True, autoincrement=False),
    Index("ix_redemption_use_order_ref", "order_ref"),
)
"""Which orders show the code, by today's facts."""

redemption_return = Table(
    "redemption_return",
    metadata,
    Column("redemption_id", Id, ForeignKey("redemption.id"), primary_key=True, autoincrement=False),
    Column("at", Utc, primary_key=True),
    Column("points", Big, nullable=False),
    Column("lives_until", Utc, nullable=False, index=True),
)
"""Today's target of what comes back, so that it can be replayed without any order's facts."""

_ADD = insert(redemption).returning(redemption.c.id)
_FIND = select(redemption).where(among(redemption.c.id, "ids")).order_by(redemption.c.id)
_FIND_LOCKED = _FIND.with_for_update()
_ACCOUNTS = (
    select(redemption.c.account_id, accounts.account.c.root_id)
    .join(accounts.account, accounts.account.c.id == redemption.c.account_id)
    .where(among(redemption.c.id, "ids"))
)
_TAKEN = select(
    select(func.max(redemption.c.redeemed_at))
    .join(accounts.account, accounts.account.c.id == redemption.c.account_id)
    .where(accounts.account.c.root_id == bindparam("root"))
    .scalar_subquery(),
    select(func.max(ledger_entry.c.business_at))
    .join(accounts.account, accounts.account.c.id == ledger_entry.c.account_id)
    .where(accounts.account.c.root_id == bindparam("root"), of_kind(ADJUSTMENT), ledger_entry.c.points < 0)
    .scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A reward as somebody buys it; ``expires_on`` is the last day of its code, ``ends_at`` that day's end."""

    shop_id: int
    account_id: int
    request_id: str
    reward: str
    title: str
    kind: str
    value: str | None
    minimum: int
    currency: str
    cost: int
    code: str
    at: datetime
    expires_on: date
    ends_at: datetime


def add(conn: Connection, made: Redeemed, now: datetime) -> int:
    """Write a redemption down with its debit and return its id; the caller holds the account's lock."""
    row = {
        "shop_id": made.shop_id,
        "account_id": made.account_id,
        "request_id": made.request_id,
        "reward": made.reward,
        "title": made.title,
        "kind": made.kind,
        "value": made.value,
        "minimum": made.minimum,
        "currency": made.currency,
        "cost": made.cost,
        "code": made.code,
        "state": PENDING,
        "redeemed_at": made.at,
        "expires_on": made.expires_on,
        "ends_at": made.ends_at,
    }
    id = int(conn.execute(_ADD, row).scalar_one())
    debit = Entry(
        shop_id=made.shop_id,
        account_id=made.account_id,
        kind=REDEMPTION,
        points=-made.cost,
        key=f"redemption:{id}:1",
        business_at=made.at,
        redemption_id=id,
    )
    ledger.append(conn, [debit], now)
    return id


def after_debits(conn: Connection, root: int, now: datetime) -> datetime:
    """Return an instant, not before ``now``, at which every debit counts; the caller holds the account's lock.

    Whoever had the lock before may have come after: what they took is of a later instant than ``now``.
    """
    taken: list[datetime] = [one for one in conn.execute(_TAKEN, {"root": root}).one() if one is not None]
    return max([now, *taken])


def lock(conn: Connection, ids: Iterable[int]) -> list[Row[Any]]:
    """Lock the accounts, then the redemptions, and return these as they are then, in the order of their ids.

    Whoever locks other accounts in the same transaction locks those of ``accounts_of`` with them, beforehand.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return []
    if not lock_rows(conn):
        return list(conn.execute(_FIND, {"ids": wanted}))
    accounts.lock(conn, accounts_of(conn, wanted))
    return list(conn.execute(_FIND_LOCKED, {"ids": wanted}))


def accounts_of(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Return the accounts that a change of these redemptions touches: their own, and the roots."""
    wanted = sorted(set(ids))
    return {id for row in conn.execute(_ACCOUNTS, {"ids": wanted}) for id in row} if wanted else set()
