"""Points that a merchant gives or takes by hand: one entry in the books, and beside it why, by whom, and who may read it.

The reason is a person's own words about another, so that it stands outside of the ledger, where it can be erased.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    Boolean,
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
    select,
    update,
)

from plugin.core import accounts, positions, redemptions, tombstones
from plugin.core.accounts import Account, account
from plugin.core.ledger import ADJUSTMENT, Entry, ledger_entry
from plugin.core.privacy import MINE
from plugin.core.removals import tally
from plugin.database import Big, Id, Utc, among, metadata

REASON_LENGTH = 200
AUTHORS_FOR = timedelta(days=3 * 365)
"""As long as anybody may ask what became of their points by law, in Germany."""

adjustment = Table(
    "adjustment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("business_key", String(80), nullable=False),
    Column("reason", String(REASON_LENGTH), nullable=False),
    Column("told", Boolean, nullable=False),
    Column("author", Big),
    Column("made_at", Utc, nullable=False, index=True),
    Index("uq_adjustment_business_key_shop_id", "business_key", "shop_id", unique=True),
)
"""``author``: Shopify's number of the staff member, null after its time; ``told``: the customer may read the reason."""

OF_ENTRY = and_(
    adjustment.c.business_key == ledger_entry.c.business_key,
    adjustment.c.shop_id == ledger_entry.c.shop_id,
)
"""How an entry finds what was said of it."""

_POSTED = select(ledger_entry.c.points, account.c.root_id).join(
    account, account.c.id == ledger_entry.c.account_id
)
_POSTED = _POSTED.where(
    ledger_entry.c.business_key == bindparam("key"), ledger_entry.c.shop_id == bindparam("shop")
)
_OF_CUSTOMER = select(account.c.id).where(
    account.c.shop_id == bindparam("shop"), account.c.customer_id == bindparam("customer")
)
_NOTE = insert(adjustment)
_MINE = (adjustment.c.shop_id == bindparam("shop"), adjustment.c.account_id.in_(MINE))
_FORGET = delete(adjustment).where(*_MINE)
_READ = (
    select(adjustment.c.made_at, adjustment.c.reason, adjustment.c.told, ledger_entry.c.points)
    .join(ledger_entry, OF_ENTRY)
    .where(*_MINE)
    .order_by(adjustment.c.made_at, adjustment.c.id)
)
_OLD_AUTHORS = (
    select(adjustment.c.id, adjustment.c.shop_id)
    .where(adjustment.c.author.is_not(None), adjustment.c.made_at < bindparam("before", type_=Utc))
    .order_by(adjustment.c.id)
    .limit(bindparam("most"))
)
_FORGET_AUTHORS = update(adjustment).where(among(adjustment.c.id, "ids")).values(author=None)


class Outcome(StrEnum):
    """What came of a wish to adjust; whatever is not posted changed nothing."""

    POSTED = "posted"
    AGAIN = "again"
    """The same one was posted before, by the same key."""
    TAKEN = "taken"
    """Its key was used for another one."""
    SHORT = "short"
    """It would take more than can be spent."""
    NOBODY = "nobody"
    """The customer has no account, or none any more."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points to give (positive) or take; ``key`` names this one wish, so that asking twice posts once."""

    key: str
    points: int
    reason: str
    author: int
    told: bool


def adjust(
    conn: Connection,
    shop_id: int,
    customer_id: int,
    wanted: Adjustment,
    ends_at: datetime | None,
    now: datetime,
) -> Outcome:
    """Post one entry for the customer, or say why not; points given can be spent at once and end at ``ends_at``.

    An erasure waits for it, and so finds what is said here.
    """
    tombstones.share(conn, [shop_id])
    root = _locked_root(conn, shop_id, customer_id)
    if root is None:
        return Outcome.NOBODY
    key = f"adjust:{wanted.key}"
    posted = conn.execute(_POSTED, {"key": key, "shop": shop_id}).one_or_none()
    if posted is not None:
        same = (posted.points, posted.root_id) == (wanted.points, root.id)
        return Outcome.AGAIN if same else Outcome.TAKEN
    at = redemptions.after_debits(conn, root.id, now) if wanted.points < 0 else now
    if wanted.points < 0 and positions.holdings(conn, [root.id])[root.id].at(at).available < -wanted.points:
        return Outcome.SHORT
    end = ends_at if wanted.points > 0 else None
    entry = Entry(shop_id, root.id, ADJUSTMENT, wanted.points, key, at, expires_at=end)
    positions.post(conn, [entry], now)
    conn.execute(
        _NOTE,
        {
            "shop_id": shop_id,
            "account_id": root.id,
            "business_key": key,
            "reason": wanted.reason,
            "told": wanted.told,
            "author": wanted.author,
            "made_at": now,
        },
    )
    return Outcome.POSTED


def _locked_root(conn: Connection, shop_id: int, customer_id: int) -> Account | None:
    """The account that stands for the customer, locked; a merge that ends meanwhile is followed."""
    own = conn.execute(_OF_CUSTOMER, {"shop": shop_id, "customer": customer_id}).scalar_one_or_none()
    locked: set[int] = set()
    while own is not None:
        found = accounts.by_id(conn, {own})[own]
        if found.customer_id != customer_id:
            return None
        if found.root_id in locked:
            return accounts.by_id(conn, {found.root_id})[found.root_id]
        accounts.lock(conn, {found.root_id})
        locked.add(found.root_id)
    return None


def of_customers(
    conn: Connection, shop_id: int, customer_ids: Iterable[int]
) -> Iterator[Mapping[str, object]]:
    """Yield what was said of these customers' adjustments; who said it is not theirs to know."""
    for row in conn.execute(_READ, {"shop": shop_id, "customers": list(customer_ids)}):
        yield {"at": row.made_at, "points": row.points, "reason": row.reason, "shown_to_customer": row.told}


def forget(conn: Connection, shop_id: int, customer_ids: Iterable[int]) -> None:
    """Erase what was said of these customers' adjustments; the entries stay. Ask before they lose their accounts."""
    conn.execute(_FORGET, {"shop": shop_id, "customers": list(customer_ids)})


def forget_authors(conn: Connection, now: datetime, most: int) -> dict[int, int]:
    """Erase who made adjustments that are older than their time; returns how many by shop, at most ``most``."""
    rows = conn.execute(_OLD_AUTHORS, {"before": now - AUTHORS_FOR, "most": most}).all()
    if rows:
        conn.execute(_FORGET_AUTHORS, {"ids": [row.id for row in rows]})
    return tally(row.shop_id for row in rows)
