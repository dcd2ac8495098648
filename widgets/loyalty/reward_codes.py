"""What becomes of a redemption's code: the steps that its tasks and the clock's jobs write down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, literal, select, update

from plugin.core import positions, redemptions, settlement
from plugin.core.accounts import account
from plugin.core.codes import new_code
from plugin.core.redemptions import (
    ENDED,
    EXPIRED,
    PENDING,
    READY,
    REVERSED,
    SPENT,
    redemption,
    redemption_return,
    redemption_use,
)
from plugin.database import Utc, among, lock_rows
from plugin.shops import shop

PATIENCE = timedelta(minutes=10)
"""A code that Shopify does not have at two looks so far apart was never made."""

SETTLED = timedelta(hours=1)
"""After this time whatever Shopify was still doing when a redemption was reversed is done, and a code is late."""

PORTION = 500

_ROOT = account.alias("root")
_ONE = (
    select(redemption, _ROOT.c.customer_id)
    .join(account, account.c.id == redemption.c.account_id)
    .join(_ROOT, _ROOT.c.id == account.c.root_id)
    .where(redemption.c.id == bindparam("id"), redemption.c.shop_id == bindparam("shop"))
)
_SET = update(redemption).where(redemption.c.id == bindparam("which"))
_MADE = _SET.values(gid=bindparam("node"), state=bindparam("new_state"))
_OTHER_CODE = _SET.values(code=bindparam("fresh"), absent_at=None)
_ABSENT = _SET.values(absent_at=bindparam("at", type_=Utc))
_CLOSE = _SET.values(state=bindparam("new_state"), closed_at=bindparam("at", type_=Utc))
_REMOVED = _SET.values(removed_at=bindparam("at", type_=Utc))
_STATE = update(redemption).where(among(redemption.c.id, "ids")).values(state=bindparam("new_state"))

IS_USED: ColumnElement[bool] = (
    select(literal(1)).where(redemption_use.c.redemption_id == redemption.c.id).correlate(redemption).exists()
)
"""That some order shows the code, in a statement about ``redemption``."""

IS_BACK: ColumnElement[bool] = (
    select(func.coalesce(func.sum(redemption_return.c.points), 0))
    .where(redemption_return.c.redemption_id == redemption.c.id)
    .correlate(redemption)
    .scalar_subquery()
    >= redemption.c.cost
)
"""That all of the cost came back, in a statement about ``redemption``."""

_UNUSED = redemption.c.state.in_((PENDING, READY))
_OVER = (
    select(redemption.c.id, redemption.c.shop_id, IS_USED.label("used"))
    .where(
        (_UNUSED & (redemption.c.ends_at <= bindparam("now", type_=Utc)))
        | ((redemption.c.state == EXPIRED) & IS_USED),
        redemption.c.code.is_not(None),
    )
    .order_by(redemption.c.ends_at, redemption.c.id)
    .limit(PORTION)
)
_SETTLED = bindparam("settled", type_=Utc)
_UNMADE = (redemption.c.state == PENDING) & (redemption.c.redeemed_at <= _SETTLED) & ~IS_BACK
_LIVE = redemption.c.removed_at.is_(None) & (
    ((redemption.c.state == REVERSED) & (redemption.c.closed_at <= _SETTLED)) | (_UNUSED & IS_BACK)
)
_LEFT = (
    select(redemption.c.id, redemption.c.shop_id, _UNMADE.label("unmade"))
    .join(shop, shop.c.id == redemption.c.shop_id)
    .where(
        shop.c.uninstalled_at.is_(None),
        redemption.c.id > bindparam("after"),
        redemption.c.code.is_not(None),
        ((redemption.c.ends_at > bindparam("now", type_=Utc)) & (_UNMADE | _LIVE))
        | ((redemption.c.state == EXPIRED) & ~IS_USED),
    )
    .order_by(redemption.c.id)
    .limit(PORTION)
)
_DOOMED = select(redemption.c.id).where(
    redemption.c.id == bindparam("id"),
    ((redemption.c.state == EXPIRED) & ~IS_USED)
    | (redemption.c.removed_at.is_(None) & ((redemption.c.state == REVERSED) | IS_BACK)),
)


@dataclass(frozen=True, slots=True)
class Errand:
    """A redemption as a task needs it; ``customer_id`` is whom its code is for."""

    id: int
    state: str
    title: str
    kind: str
    value: str | None
    minimum: int
    currency: str
    code: str
    customer_id: int | None
    redeemed_at: datetime
    ends_at: datetime

    @property
    def name(self) -> str:
        """The title of the discount, by which ours is known from any other."""
        return f"Dankbar: {self.title} ({self.id})"


def to_mint(conn: Connection, shop_id: int, id: int) -> Errand | None:
    """Return a redemption whose code is still to be made; None for one that was closed or erased."""
    errand = _errand(conn, shop_id, id)
    return errand if errand is not None and errand.state == PENDING else None


def to_remove(conn: Connection, shop_id: int, id: int) -> Errand | None:
    """Return a redemption whose code must not be used any more; None when there is no reason to remove it."""
    if conn.execute(_DOOMED, {"id": id}).first() is None:
        return None
    return _errand(conn, shop_id, id)


def made(conn: Connection, id: int, gid: str) -> None:
    """Note that the code is at Shopify; a redemption that was closed meanwhile stays closed, and is swept."""
    for row in redemptions.lock(conn, [id]):
        if row.code is not None:
            state = READY if row.state == PENDING else row.state
            conn.execute(_MADE, {"which": id, "node": gid, "new_state": state})


def another_code(conn: Connection, id: int, taken: str) -> None:
    """Give the redemption another code, since somebody else's discount has this one."""
    for row in redemptions.lock(conn, [id]):
        if row.state == PENDING and row.code == taken:
            conn.execute(_OTHER_CODE, {"which": id, "fresh": new_code()})


def absent(conn: Connection, id: int, now: datetime) -> bool:
    """Note that Shopify does not have the code; True when it did not have it ten minutes ago either: it is reversed."""
    for row in redemptions.lock(conn, [id]):
        if row.state == PENDING and row.absent_at is None:
            conn.execute(_ABSENT, {"which": id, "at": now})
        elif row.state == PENDING and now - row.absent_at >= PATIENCE:
            _close(conn, row, REVERSED, now)
            return True
    return False


def reverse(conn: Connection, id: int, now: datetime) -> None:
    """Give the points back, since the code cannot be made."""
    for row in redemptions.lock(conn, [id]):
        if row.state == PENDING:
            _close(conn, row, REVERSED, now)


def removed(conn: Connection, id: int, now: datetime) -> None:
    """Note that the code is gone; one past its date and never used gives its points back now."""
    rows = redemptions.lock(conn, [id])
    used = conn.execute(select(IS_USED).where(redemption.c.id == id)).scalar_one_or_none()
    for row in rows:
        conn.execute(_REMOVED, {"which": id, "at": now})
        if row.state == EXPIRED and used:
            conn.execute(_STATE, {"ids": [id], "new_state": SPENT})
        elif row.state == EXPIRED and row.code is not None:
            _close(conn, row, ENDED, now)


def end(conn: Connection, now: datetime, shop_id: int | None) -> list[Row[Any]]:
    """End codes whose last day is over, a portion at a time; returns all that were looked at.

    Used ones are done with, also those used while they were being removed; the others are to be removed at Shopify
    before their points come back.
    """
    rows = _due(conn, _OVER, {"now": now}, shop_id)
    for state, ids in (
        (SPENT, [row.id for row in rows if row.used]),
        (EXPIRED, [row.id for row in rows if not row.used]),
    ):
        if ids:
            conn.execute(_STATE, {"ids": ids, "new_state": state})
    return rows


def left(conn: Connection, now: datetime, shop_id: int | None, after: int) -> list[Row[Any]]:
    """Return what is still owed to redemptions of installed shops beyond that id, a portion in the order of their ids.

    ``unmade``: the code is to be made; the others' may still work at Shopify and is to be removed.
    """
    values = {"now": now, "settled": now - SETTLED, "after": after}
    statement = _LEFT if shop_id is None else _LEFT.where(redemption.c.shop_id == shop_id)
    return list(conn.execute(statement, values))


def _due(conn: Connection, statement: Any, values: dict[str, Any], shop_id: int | None) -> list[Row[Any]]:
    mine = statement if shop_id is None else statement.where(redemption.c.shop_id == shop_id)
    locked = mine.with_for_update(skip_locked=True, of=redemption) if lock_rows(conn) else mine
    return list(conn.execute(locked, values))


def _errand(conn: Connection, shop_id: int, id: int) -> Errand | None:
    row = conn.execute(_ONE, {"id": id, "shop": shop_id}).one_or_none()
    if row is None or row.code is None:
        return None
    return Errand(
        id=row.id,
        state=row.state,
        title=row.title,
        kind=row.kind,
        value=row.value,
        minimum=row.minimum,
        currency=row.currency,
        code=row.code,
        customer_id=row.customer_id,
        redeemed_at=row.redeemed_at,
        ends_at=row.ends_at,
    )


def _close(conn: Connection, row: Row[Any], state: str, now: datetime) -> None:
    conn.execute(_CLOSE, {"which": row.id, "new_state": state, "at": now})
    positions.post_expiry(conn, settlement.settle(conn, [row.id], now), now)
