"""Notices ahead of expiry: which lots end soon, and of which a customer was told, once for each notice period.

A lot is named by our own key of its order or entry, so that neither a merge of customers nor an erasure makes it another.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    cast,
    delete,
    exists,
    literal,
    select,
    union_all,
    update,
)

from plugin.core import positions
from plugin.core.accounts import account
from plugin.core.bonuses import bonus
from plugin.core.ledger import BONUS, earning, ledger_entry, of_kind
from plugin.core.mirror import UNKNOWN
from plugin.core.order_book import order
from plugin.database import Id, Upsert, Utc, among, metadata

expiry_notice = Table(
    "expiry_notice",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("lot", String(24), primary_key=True),
    Column("days", Integer, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("expires_at", Utc, nullable=False),
    Column("sent_at", Utc),
    Index("ix_expiry_notice_shop_id_sent_at", "shop_id", "sent_at"),
)
"""``lot``: ``o`` and our key of an order, ``b`` and a bonus's, or ``e`` and an entry's; kept until the lot has ended."""

_ORDER_LOT, _BONUS_LOT, _ENTRY_LOT = (
    literal("o") + cast(earning.c.order_ref, String),
    literal("b") + cast(bonus.c.id, String),
    literal("e") + cast(ledger_entry.c.id, String),
)
_WINDOW = {"now": bindparam("now", type_=Utc), "until": bindparam("until", type_=Utc)}


def _untold(lot: ColumnElement[str]) -> ColumnElement[bool]:
    return ~exists().where(
        expiry_notice.c.shop_id == bindparam("shop"),
        expiry_notice.c.lot == lot,
        expiry_notice.c.days <= bindparam("days"),
    )


_ORDERS = select(_ORDER_LOT.label("lot"), earning.c.account_id, earning.c.expires_at).where(
    earning.c.shop_id == bindparam("shop"),
    earning.c.account_id.is_not(None),
    earning.c.points > 0,
    earning.c.expires_at > _WINDOW["now"],
    earning.c.expires_at <= _WINDOW["until"],
    _untold(_ORDER_LOT),
)
_BONUSES = select(_BONUS_LOT.label("lot"), bonus.c.account_id, bonus.c.expires_at).where(
    bonus.c.shop_id == bindparam("shop"),
    bonus.c.points > 0,
    bonus.c.expires_at > _WINDOW["now"],
    bonus.c.expires_at <= _WINDOW["until"],
    _untold(_BONUS_LOT),
)
_CREDITS = (
    select(_ENTRY_LOT.label("lot"), ledger_entry.c.account_id, ledger_entry.c.expires_at)
    .join(account, account.c.id == ledger_entry.c.account_id)
    .where(
        account.c.shop_id == bindparam("shop"),
        ledger_entry.c.points > 0,
        ~of_kind(BONUS),
        ledger_entry.c.expires_at > _WINDOW["now"],
        ledger_entry.c.expires_at <= _WINDOW["until"],
        _untold(_ENTRY_LOT),
    )
)
_ENDING = union_all(_ORDERS, _BONUSES, _CREDITS).limit(bindparam("most"))
_ADD = Upsert(lambda insert: insert(expiry_notice).on_conflict_do_nothing())
_OVER = delete(expiry_notice).where(expiry_notice.c.expires_at <= _WINDOW["now"])
_ROOT = account.alias("root")
_WAITING = (
    select(
        expiry_notice.c.lot,
        expiry_notice.c.days,
        expiry_notice.c.expires_at,
        account.c.root_id,
        _ROOT.c.customer_id,
        _ROOT.c.mirrored,
    )
    .join(account, account.c.id == expiry_notice.c.account_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .where(expiry_notice.c.shop_id == bindparam("shop"), expiry_notice.c.sent_at.is_(None))
    .order_by(account.c.root_id, expiry_notice.c.expires_at)
    .limit(bindparam("most"))
)
_SENT = (
    update(expiry_notice)
    .where(
        expiry_notice.c.shop_id == bindparam("shop"),
        among(expiry_notice.c.lot, "lots"),
        expiry_notice.c.expires_at.between(bindparam("first", type_=Utc), bindparam("last", type_=Utc)),
    )
    .values(sent_at=bindparam("at", type_=Utc))
)
_SENDING = _SENT.where(expiry_notice.c.sent_at.is_(None))
_ORDER_IDS = select(order.c.id, order.c.order_id).where(among(order.c.id, "refs"))
_MINE = (expiry_notice.c.shop_id == bindparam("shop")) & expiry_notice.c.account_id.in_(
    select(account.c.id).where(
        account.c.shop_id == bindparam("shop"), among(account.c.customer_id, "customers")
    )
)
_OF_CUSTOMERS = (
    select(expiry_notice.c.expires_at, expiry_notice.c.days, expiry_notice.c.sent_at)
    .where(_MINE)
    .order_by(expiry_notice.c.expires_at, expiry_notice.c.days)
)
_FORGET = delete(expiry_notice).where(_MINE)


@dataclass(frozen=True, slots=True)
class Due:
    """Lots of one person that end on one day of the shop's clock and of which nobody was told.

    ``points`` are what is left of them; ``first`` and ``last`` are the instants at which they end.
    """

    customer_id: int | None
    first: datetime
    last: datetime
    points: int
    lots: tuple[str, ...]


def note(conn: Connection, shop_id: int, until: Mapping[int, datetime], now: datetime, most: int) -> int:
    """Write down lots that end within the notice periods (days to their end), at most so many; returns how many.

    A lot is noted for the shortest period that it is within and of which it was not noted yet.
    """
    count = 0
    for days in sorted(until):
        values = {"shop": shop_id, "now": now, "until": until[days], "days": days, "most": most - count}
        rows = [
            {
                "shop_id": shop_id,
                "lot": row.lot,
                "days": days,
                "account_id": row.account_id,
                "expires_at": row.expires_at,
            }
            for row in conn.execute(_ENDING, values)
        ]
        if rows:
            _ADD.rows(conn, rows)
        count += len(rows)
        if count >= most:
            break
    return count


def over(conn: Connection, now: datetime) -> None:
    """Forget the notices of lots that have ended."""
    conn.execute(_OVER, {"now": now})


def waiting(conn: Connection, shop_id: int, zone: ZoneInfo, now: datetime, most: int) -> list[Due]:
    """Return what is to be told, each person and date once; of lots already used up or of nobody 0 points.

    A date's lots are told together, so one that was read in part is left for the next time.
    """
    rows = _whole(conn, shop_id, zone, most)
    held = positions.holdings(conn, {row.root_id for row in rows})
    sources = _sources(conn, {row.lot for row in rows})
    found = []
    for (root, _), group in groupby(rows, key=lambda row: _date(row, zone)):
        same = list(group)
        lots = {row.lot for row in same}
        left = {rest.lot.source: rest.left for rest in held[root].at(now).lots}
        reached = same[0].customer_id if same[0].mirrored != UNKNOWN else None
        points = sum(left.get(sources[lot], 0) for lot in lots if lot in sources)
        found.append(Due(reached, same[0].expires_at, same[-1].expires_at, points, tuple(sorted(lots))))
    return found


def _date(row: Any, zone: ZoneInfo) -> tuple[int, date]:
    return row.root_id, row.expires_at.astimezone(zone).date()


def _whole(conn: Connection, shop_id: int, zone: ZoneInfo, most: int) -> Sequence[Any]:
    """Return the rows of whole dates; of one at least, even where more lots end on it."""
    rows = conn.execute(_WAITING, {"shop": shop_id, "most": most}).all()
    if len(rows) < most:
        return rows
    last = _date(rows[-1], zone)
    whole = [row for row in rows if _date(row, zone) != last]
    return whole or _whole(conn, shop_id, zone, most * 2)


def begin(conn: Connection, shop_id: int, due: Due, at: datetime) -> bool:
    """Remember that these lots are told of; False where somebody else began to tell of all of them."""
    return conn.execute(_SENDING, _values(shop_id, due, at)).rowcount > 0


def take_back(conn: Connection, shop_id: int, due: Due) -> None:
    """Let these lots be told of again."""
    conn.execute(_SENT, _values(shop_id, due, None))


def _values(shop_id: int, due: Due, at: datetime | None) -> dict[str, object]:
    return {"shop": shop_id, "lots": list(due.lots), "first": due.first, "last": due.last, "at": at}


def of_customers(
    conn: Connection, shop_id: int, customers: Collection[int]
) -> Iterator[Mapping[str, object]]:
    """Yield which notices these customers have had, or will have."""
    values = {"shop": shop_id, "customers": sorted(customers)}
    for row in conn.execute(_OF_CUSTOMERS, values).all():
        yield {"points_expire_at": row.expires_at, "days_ahead": row.days, "told_at": row.sent_at}


def forget(conn: Connection, shop_id: int, customers: Collection[int]) -> None:
    """Forget the notices of these customers."""
    conn.execute(_FORGET, {"shop": shop_id, "customers": sorted(customers)})


def _sources(conn: Connection, lots: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return by lot what the replay calls it."""
    found = {lot: (1, int(lot[1:])) for lot in lots if lot[0] == "e"}
    found |= {lot: positions.bonus_source(int(lot[1:])) for lot in lots if lot[0] == "b"}
    refs: Sequence[int] = sorted(int(lot[1:]) for lot in lots if lot[0] == "o")
    if refs:
        for row in conn.execute(_ORDER_IDS, {"refs": refs}):
            found[f"o{row.id}"] = positions.source_of(row.id, row.order_id)
    return found
