"""The proof of a checkout page is kept for a while only: its keyed hash leaves the order's facts when that is over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from plugin.core import order_codec
from plugin.core.order_book import PROOF, order
from plugin.core.removals import tally
from plugin.database import lock_rows

_NEXT = (
    select(order.c.id, order.c.shop_id, order.c.first_at, order.c.state)
    .where(order.c.id > bindparam("after"))
    .order_by(order.c.id)
    .limit(bindparam("most"))
)
_NEXT_LOCKED = _NEXT.with_for_update()
_WRITE = update(order).where(order.c.id == bindparam("ref")).values(state=bindparam("new_state"))


@dataclass(frozen=True, slots=True)
class Dropped:
    """A portion: up to which order it looked, at how many, and how many hashes it dropped, by shop."""

    reached: int
    looked: int
    dropped: Mapping[int, int]


def drop_tokens(conn: Connection, after: int, now: datetime, most: int) -> Dropped:
    """Drop the hashes of the next orders that have been here for sixty days; later facts bring none back.

    Stops at the first order that is younger: orders are numbered as they come.
    """
    reached, looked = after, 0
    changed: list[Mapping[str, Any]] = []
    owners: list[int] = []
    statement = _NEXT_LOCKED if lock_rows(conn) else _NEXT
    for row in conn.execute(statement, {"after": after, "most": most}).all():
        if row.first_at is not None and now - row.first_at <= PROOF:
            break
        reached, looked = row.id, looked + 1
        state = order_codec.decode(row.state) if row.state is not None else None
        if state is not None and state.token is not None:
            bare = order_codec.encode(replace(state, token=None))
            changed.append({"ref": row.id, "new_state": bare})
            owners.append(row.shop_id)
    if changed:
        conn.execute(_WRITE, changed)
    return Dropped(reached, looked, tally(owners))
