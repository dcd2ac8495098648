"""Whose events are taken next: every shop that waits has its turn, so that one that sends much holds up nobody.

A claim takes as many events of each waiting shop as of any other, each shop's oldest first; what room is left goes to
those that have more. Every statement reads one index in the order of its keys, however long the history or a queue is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, column, func, literal, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY

from plugin.crypto import Keyring
from plugin.database import among, lock_rows
from webhooks.inbox import Event, event, inbox

_EARLIER, _LATER, _MINE = inbox.alias("earlier"), inbox.alias("later"), inbox.alias("mine")

_FIRST = (
    select(func.min(_EARLIER.c.shop).label("shop"), literal(1).label("place"))
    .where(_EARLIER.c.state == text("'waiting'"), _EARLIER.c.shop > bindparam("after"))
    .cte("turn", recursive=True)
)
_NEXT = (
    select(func.min(_LATER.c.shop))
    .where(_LATER.c.state == text("'waiting'"), _LATER.c.shop > _FIRST.c.shop)
    .scalar_subquery()
)
_TURN = _FIRST.union_all(
    select(_NEXT, _FIRST.c.place + 1).where(_FIRST.c.shop.is_not(None), _FIRST.c.place < bindparam("most"))
)
_SHOPS = select(_TURN.c.shop).where(_TURN.c.shop.is_not(None))

_COLUMNS = (
    _MINE.c.id,
    _MINE.c.source,
    _MINE.c.shop,
    _MINE.c.webhook_id,
    _MINE.c.topic,
    _MINE.c.triggered_at,
    _MINE.c.received_at,
    _MINE.c.body,
    _MINE.c.attempts,
    _MINE.c.due_at,
)


def _oldest(shop: Any) -> Any:
    return (
        select(*_COLUMNS)
        .where(
            _MINE.c.state == text("'waiting'"),
            _MINE.c.shop == shop,
            _MINE.c.due_at <= bindparam("now", type_=inbox.c.due_at.type),
            ~among(_MINE.c.id, "taken"),
        )
        .order_by(_MINE.c.due_at, _MINE.c.id)
        .limit(bindparam("quota"))
    )


_OF_ONE = _oldest(bindparam("one"))
_GIVEN = (
    func.unnest(bindparam("shops", type_=ARRAY(Text())))
    .table_valued(column("shop", Text))
    .render_derived(name="given")
)
_LATERAL = _oldest(_GIVEN.c.shop).with_for_update(skip_locked=True).lateral("oldest")
_OF_EACH = select(*_LATERAL.c).select_from(_GIVEN.join(_LATERAL, true()))


def due(
    conn: Connection, keyring: Keyring, now: datetime, most: int, after: str = ""
) -> tuple[list[Event], str]:
    """Take up to ``most`` due events for the rest of the transaction; other workers pass them by.

    Returns them, oldest first, and the shop ``after`` which the next claim should begin: where more shops wait than a
    claim has room for, they follow each other in a circle.
    """
    shops = _waiting(conn, after, most)
    found: list[Row[Any]] = []
    open_ = shops
    while open_ and len(found) < most:
        quota = max(1, (most - len(found)) // len(open_))
        asked = open_[: most - len(found)]
        rows = _take(conn, asked, now, quota, [row.id for row in found])
        found += rows
        counts = dict.fromkeys(asked, 0)
        for row in rows:
            counts[row.shop] += 1
        open_ = [shop for shop in asked if counts[shop] >= quota]
    found.sort(key=lambda row: (row.due_at, row.id))
    return [event(row, keyring) for row in found], shops[-1] if len(shops) == most else ""


def _waiting(conn: Connection, after: str, most: int) -> list[str]:
    shops = list(conn.execute(_SHOPS, {"after": after, "most": most}).scalars())
    if after and len(shops) < most:
        shops += conn.execute(_SHOPS, {"after": "", "most": most - len(shops)}).scalars()
    return list(dict.fromkeys(shops))


def _take(
    conn: Connection, shops: Sequence[str], now: datetime, quota: int, taken: Sequence[int]
) -> list[Row[Any]]:
    values = {"now": now, "quota": quota, "taken": list(taken)}
    if lock_rows(conn):
        return list(conn.execute(_OF_EACH, {**values, "shops": list(shops)}))
    return [row for shop in shops for row in conn.execute(_OF_ONE, {**values, "one": shop})]
