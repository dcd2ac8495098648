"""The outbox: effects on the outside world, written in the transaction that decides them and run afterwards.

A task is named by (shop, name, key). Asking again for one that waits makes no second one; asking again for one that
runs makes it run once more, so that it never misses what was decided meanwhile.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    null,
    select,
    update,
)

from plugin.database import Id, Upsert, Utc, among, lock_rows, metadata

if TYPE_CHECKING:
    from plugin.crypto import Keyring
    from plugin.database import Database
    from plugin.shopify import Gateway
    from plugin.shops import Shop
    from plugin.wake import Bells

LEASE = timedelta(minutes=5)
"""A running task whose process died is taken over after this time."""

MOST_TRIES = 8
"""Tries of a task that is refused; one that only meets an outage goes on for three days."""

OUTAGE = timedelta(days=3)
LONGEST_WAIT = timedelta(seconds=50)

task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("name", String(60), nullable=False),
    Column("key", String(120), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(8), nullable=False, server_default="waiting"),
    Column("due_at", Utc, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("tried", Boolean, nullable=False, server_default="0"),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("lease_owner", String(40)),
    Column("lease_until", Utc),
    Column("reason", Text),
    Index("uq_task_shop_id_name_key", "shop_id", "name", "key", unique=True),
    Index("ix_task_state_due_at", "state", "due_at"),
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task held by one worker until ``lease_until``."""

    id: int
    shop_id: int
    name: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
    generation: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task to enqueue."""

    shop_id: int
    name: str
    key: str
    due_at: datetime
    payload: Mapping[str, Any]


def _upsert(insert: Callable[..., Any]) -> Any:
    statement = insert(task)
    earlier = case(
        (statement.excluded.due_at < task.c.due_at, statement.excluded.due_at), else_=task.c.due_at
    )
    parked = task.c.state == "parked"
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "name", "key"],
        set_={
            "payload": statement.excluded.payload,
            "generation": task.c.generation + 1,
            "due_at": case((parked, statement.excluded.due_at), else_=earlier),
            "created_at": case((parked, statement.excluded.created_at), else_=task.c.created_at),
            "attempts": case((parked, 0), else_=task.c.attempts),
            "reason": case((parked, null()), else_=task.c.reason),
            "state": "waiting",
        },
    )


_ENQUEUE = Upsert(_upsert)
_CLAIMABLE = (
    select(
        task.c.id,
        task.c.shop_id,
        task.c.name,
        task.c.key,
        task.c.payload,
        task.c.attempts,
        task.c.generation,
        task.c.created_at,
    )
    .where(
        task.c.state == "waiting",
        task.c.due_at <= bindparam("now"),
        task.c.lease_until.is_(None) | (task.c.lease_until < bindparam("now")),
    )
    .order_by(task.c.due_at, task.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(task)
    .where(among(task.c.id, "ids"))
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"), tried=True)
)
_MINE = (task.c.id == bindparam("task_id")) & (task.c.lease_owner == bindparam("owner"))
_SEEN = task.c.generation == bindparam("seen")
_DONE = delete(task).where(_MINE, _SEEN)
_AGAIN = (
    update(task).where(_MINE).values(lease_owner=None, lease_until=None, attempts=0, reason=None, tried=True)
)
_FAIL = (
    update(task)
    .where(_MINE)
    .values(
        lease_owner=None,
        lease_until=None,
        attempts=case((_SEEN, task.c.attempts + 1), else_=0),
        due_at=bindparam("again_at"),
        state=case((_SEEN, bindparam("new_state")), else_="waiting"),
        reason=bindparam("why"),
    )
)
_HURRY = (
    update(task)
    .where(
        task.c.shop_id == bindparam("shop"),
        task.c.state == "waiting",
        task.c.attempts > 0,
        task.c.due_at > bindparam("now"),
        task.c.lease_until.is_(None),
    )
    .values(due_at=bindparam("now"))
)


def enqueue(conn: Connection, wanted: Sequence[Wanted], now: datetime) -> None:
    """Ask for tasks in the caller's transaction; a task of the same shop, name and key is not doubled."""
    if not wanted:
        return
    rows = [
        {
            "shop_id": one.shop_id,
            "name": one.name,
            "key": one.key,
            "payload": json.dumps(one.payload),
            "due_at": one.due_at,
            "created_at": now,
        }
        for one in sorted(wanted, key=lambda one: (one.shop_id, one.name, one.key))
    ]
    conn.execute(_ENQUEUE.on(conn), rows)


def claim(conn: Connection, owner: str, now: datetime, most: int = 16) -> list[Claimed]:
    """Take due tasks for ``owner``; no other worker has them until the lease ends."""
    statement = _CLAIMABLE.with_for_update(skip_locked=True) if lock_rows(conn) else _CLAIMABLE
    rows = list(conn.execute(statement, {"now": now, "most": most}))
    if rows:
        conn.execute(_CLAIM, {"ids": [row.id for row in rows], "owner": owner, "until": now + LEASE})
    return [
        Claimed(row.id, row.shop_id, row.name, row.key, json.loads(row.payload), *row[5:]) for row in rows
    ]


def finish(conn: Connection, owner: str, done: Claimed, now: datetime) -> None:
    """Remove a task that succeeded, unless it was asked for again meanwhile; hurry the shop's other retries."""
    mine = {"task_id": done.id, "owner": owner}
    if not conn.execute(_DONE, {**mine, "seen": done.generation}).rowcount:
        conn.execute(_AGAIN, mine)
    conn.execute(_HURRY, {"shop": done.shop_id, "now": now})


def fail(
    conn: Connection,
    owner: str,
    failed: Claimed,
    now: datetime,
    reason: str,
    *,
    outage: bool,
    park: bool = False,
) -> bool:
    """Give a failed task back with back-off, or park it with its reason; returns whether it was parked."""
    tries = failed.attempts + 1
    worn_out = now - failed.created_at > OUTAGE if outage else tries >= MOST_TRIES
    parked = park or worn_out
    wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(tries, 6)))
    conn.execute(
        _FAIL,
        {
            "task_id": failed.id,
            "owner": owner,
            "seen": failed.generation,
            "again_at": now + wait,
            "new_state": "parked" if parked else "waiting",
            "why": reason.replace("\0", "")[:500],  # which no database stores
        },
    )
    return parked


def release_parked(conn: Connection, shop_id: int, now: datetime) -> int:
    """Let all parked tasks of a shop be tried again; returns how many."""
    parked = update(task).where(task.c.shop_id == shop_id, task.c.state == "parked")
    again = parked.values(state="waiting", due_at=now, attempts=0, reason=None, created_at=now)
    return conn.execute(again).rowcount


def release(conn: Connection, owner: str) -> None:
    """Give back all that ``owner`` holds, as when a worker stops."""
    held = update(task).where(task.c.lease_owner == owner)
    conn.execute(held.values(lease_owner=None, lease_until=None))


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a task's handler works with; ``now`` is the start of this try."""

    db: "Database"
    keyring: "Keyring"
    bells: "Bells"
    gateway: "Gateway"
    shop: "Shop"
    key: str
    payload: Mapping[str, Any]
    now: datetime


Handler = Callable[[TaskRun], Awaitable[None]]
"""Does the task; safe to run again after a crash at any point. Raises Park when it can never succeed, Retry when
only something outside is not ready."""
