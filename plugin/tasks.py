"""The outbox: effects on the outside world, written in the transaction that decides them and run afterwards.

A task is named by (shop, name, key). Asking again for one that waits makes no second one; asking again for one that
runs makes it run once more, so that it never misses what was decided meanwhile.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    false,
    null,
    select,
    text,
    update,
)

from plugin.database import Id, Upsert, Utc, among, metadata
from plugin.task_run import Handler as Handler
from plugin.task_run import TaskRun as TaskRun
from plugin.turns import Turns

LEASE = timedelta(minutes=5)
"""A running task whose process died is taken over after this time."""

MOST_TRIES = 8
"""Tries of a task that is refused; one that only meets an outage goes on for three days."""

OUTAGE = timedelta(days=3)
LONGEST_WAIT = timedelta(seconds=50)

_RESTS = "state = 'waiting' AND NOT ready"

MOST_WOKEN = 1000
"""Tasks whose time has come that one claim marks as ready."""

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
    Column("ready", Boolean, nullable=False, server_default="0"),
    Column("lease_owner", String(40)),
    Column("lease_until", Utc),
    Column("reason", Text),
    Index("uq_task_shop_id_name_key", "shop_id", "name", "key", unique=True),
    Index("ix_task_state_ready_due_at_id", "state", "ready", "due_at", "id"),
    Index(
        "ix_task_turn", "shop_id", "due_at", "id", sqlite_where=text("ready"), postgresql_where=text("ready")
    ),
    Index("ix_task_rest", "shop_id", "due_at", sqlite_where=text(_RESTS), postgresql_where=text(_RESTS)),
)
"""``ready``: it is due and nobody runs it. One that was not when it was written is marked by a claim, so that the index
of whose turn it is holds no shop that has only work of later."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task held by one worker until ``lease_until``; ``lease`` names this claim, no other of the same task."""

    id: int
    shop_id: int
    name: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
    generation: int
    created_at: datetime
    lease: str


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
            "ready": task.c.lease_until.is_(None) & (statement.excluded.ready | task.c.ready),
        },
    )


_ENQUEUE = Upsert(_upsert)


def _free(tasks: FromClause) -> ColumnElement[bool]:
    return tasks.c.lease_until.is_(None) | (tasks.c.lease_until < bindparam("now", type_=Utc))


_TURNS = Turns(
    task,
    "shop_id",
    0,
    "ready",
    ("id", "shop_id", "name", "key", "payload", "attempts", "generation", "created_at", "due_at", "state"),
    _free,
)
_RESTED = (
    select(task.c.id)
    .where(
        task.c.state == "waiting",
        task.c.ready == false(),
        task.c.due_at <= bindparam("now", type_=Utc),
        _free(task),
    )
    .order_by(task.c.due_at, task.c.id)
    .limit(MOST_WOKEN)
    .with_for_update(skip_locked=True)
)
_WAKE = update(task).where(task.c.id.in_(_RESTED)).values(ready=True)
_CLAIM = (
    update(task)
    .where(among(task.c.id, "ids"))
    .values(lease_owner=bindparam("lease"), lease_until=bindparam("until"), tried=True, ready=False)
)
_UNMARK = update(task).where(among(task.c.id, "ids")).values(ready=False)
_MINE = (task.c.id == bindparam("task_id")) & (task.c.lease_owner == bindparam("lease"))
_SEEN = task.c.generation == bindparam("seen")
_DONE = delete(task).where(_MINE, _SEEN)
_AGAIN = (
    update(task)
    .where(_MINE)
    .values(lease_owner=None, lease_until=None, attempts=0, reason=None, tried=True, ready=True)
)
_FAIL = (
    update(task)
    .where(_MINE)
    .values(
        lease_owner=None,
        lease_until=None,
        attempts=case((_SEEN, task.c.attempts + 1), else_=0),
        due_at=bindparam("again_at"),
        ready=False,
        state=case((_SEEN, bindparam("new_state")), else_="waiting"),
        reason=bindparam("why"),
    )
)
_HURRY = (
    update(task)
    .where(
        text(_RESTS),
        task.c.shop_id == bindparam("shop"),
        task.c.attempts > 0,
        task.c.due_at > bindparam("now"),
        task.c.lease_until.is_(None),
    )
    .values(due_at=bindparam("now"), ready=True)
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
            "ready": one.due_at <= now,
        }
        for one in sorted(wanted, key=lambda one: (one.shop_id, one.name, one.key))
    ]
    conn.execute(_ENQUEUE.on(conn), rows)


def claim(conn: Connection, owner: str, now: datetime, most: int = 16) -> list[Claimed]:
    """Take due tasks for ``owner``, of every shop as many; no other worker has them until the lease ends."""
    return claim_in_turn(conn, owner, now, most)[0]


def claim_in_turn(
    conn: Connection,
    owner: str,
    now: datetime,
    most: int,
    after: int = 0,
    *,
    each: int | None = None,
    held: Mapping[int, frozenset[int]] | None = None,
) -> tuple[list[Claimed], int]:
    """Take due tasks for ``owner``, beginning ``after`` that shop, of no shop more than ``each`` with what is ``held``.

    Returns them, and the shop after which the next claim should begin.
    """
    conn.execute(_WAKE, {"now": now})
    rows, turn = _TURNS.due(conn, now, most, after, each=each, held=held)
    if stray := [
        row.id for row in rows if row.state != "waiting"
    ]:  # set aside by a worker of the release before
        conn.execute(_UNMARK, {"ids": stray})
        rows = [row for row in rows if row.state == "waiting"]
    lease = f"{owner}.{secrets.token_hex(3)}"
    if rows:
        conn.execute(_CLAIM, {"ids": [row.id for row in rows], "lease": lease, "until": now + LEASE})
    return [_claimed(row, lease) for row in rows], turn


def _claimed(row: Row[Any], lease: str) -> Claimed:
    payload, at = json.loads(row.payload), row.created_at
    return Claimed(row.id, row.shop_id, row.name, row.key, payload, row.attempts, row.generation, at, lease)


def finish(conn: Connection, done: Claimed, now: datetime) -> None:
    """Remove a task that succeeded, unless it was asked for again meanwhile; hurry the shop's other retries."""
    mine = {"task_id": done.id, "lease": done.lease}
    if not conn.execute(_DONE, {**mine, "seen": done.generation}).rowcount:
        conn.execute(_AGAIN, mine)
    conn.execute(_HURRY, {"shop": done.shop_id, "now": now})


def fail(
    conn: Connection, failed: Claimed, now: datetime, reason: str, *, outage: bool, park: bool = False
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
            "lease": failed.lease,
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
    again = parked.values(state="waiting", due_at=now, attempts=0, reason=None, created_at=now, ready=True)
    return conn.execute(again).rowcount


def release(conn: Connection, owner: str) -> None:
    """Give back all that ``owner`` holds, as when a worker stops."""
    held = update(task).where(task.c.lease_owner.startswith(f"{owner}."))
    conn.execute(held.values(lease_owner=None, lease_until=None, ready=True))
