"""The clock's jobs: each runs once when it is due, in whichever process takes it first.

Who takes a job holds it for a lease, longer with each step; the last step moves it to its next time, in its own
transaction, or it is held on while something follows the steps. Where a process dies in the middle, another one goes on
when the lease has ended.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, String, Table, bindparam, select, update

from plugin.database import Big, Database, Upsert, Utc, metadata

APART = timedelta(minutes=5)
"""So far may the clocks of hosts be apart; what lies further ahead than that was not written by a right one."""

job = Table(
    "job",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("due_at", Utc, nullable=False),
    Column("reached", Big, nullable=False, server_default="0"),
)
"""``reached``: how far a job has walked that goes through a table in the order of its keys."""

LEASE = timedelta(minutes=10)
"""Longer than any step takes and any two hosts' clocks are apart."""

Step = Callable[[Connection, int | None, datetime], int]
"""``run(conn, shop_id, now)`` does a bounded piece of the work, of one shop or (None) of all, in one transaction and
returns how much; it is called until that is 0."""

After = Callable[[Database, int | None, datetime], Awaitable[int]]
"""``await after(db, shop_id, now)`` follows the steps outside of any transaction and returns how much it did; it may
be broken off at any point."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the clock asks for; it acts on what is due by the facts, so that running it again is harmless."""

    name: str
    every: timedelta
    run: Step
    after: After | None = None


_ADD = Upsert(lambda insert: insert(job).on_conflict_do_nothing())


def _set_reached(make: Callable[..., Any]) -> Any:
    statement = make(job)
    return statement.on_conflict_do_update(
        index_elements=["name"], set_={"reached": statement.excluded.reached}
    )


_REACH = Upsert(_set_reached)
_REACHED = select(job.c.reached).where(job.c.name == bindparam("job_name"))
_ALL = select(job.c.name, job.c.due_at)
_MOVE = update(job).where(job.c.name == bindparam("job_name")).values(due_at=bindparam("next_at"))
_TAKE = _MOVE.where((job.c.due_at <= bindparam("now")) | (job.c.due_at > bindparam("latest")))
_KEEP = _MOVE.where(job.c.due_at == bindparam("held"))


class Lost(Exception):
    """The lease has ended and another process has the job; what the step did is undone."""


def due(conn: Connection, jobs: Iterable[Job], now: datetime) -> list[Job]:
    """Return the jobs whose time has come; a new one is due at once, and one that a clock put off that ran ahead."""
    by_name = {one.name: one for one in jobs}
    if by_name:
        conn.execute(_ADD.on(conn), [{"name": name, "due_at": now} for name in sorted(by_name)])
    rows = [row for row in conn.execute(_ALL) if row.name in by_name]
    return [by_name[row.name] for row in rows if not now < row.due_at <= _latest(by_name[row.name], now)]


def take(conn: Connection, one: Job, now: datetime) -> datetime | None:
    """Hold the job, until the time that is returned; None when another process took it."""
    until = now + LEASE
    values = {"job_name": one.name, "now": now, "latest": _latest(one, now), "next_at": until}
    return until if conn.execute(_TAKE, values).rowcount else None


def step(conn: Connection, one: Job, held: datetime, started: datetime, now: datetime) -> datetime | None:
    """Do one step of a job that is held, and hold it on until the time that is returned; None when it is done.

    Where something follows, it stays held for a lease after ``now``. Raises Lost where it is not held any more.
    """
    until = now + LEASE
    _keep(conn, one, held, until)
    if one.run(conn, None, started):
        return until
    if one.after is None:
        _keep(conn, one, until, started + one.every)
    return None


async def follow(db: Database, one: Job, held: datetime, started: datetime) -> None:
    """Do what follows the steps of a job and hold it meanwhile, then move it to its next time, though it failed.

    It is not begun where the job is not held any more, and broken off where another process took it.
    """
    if one.after is None:
        return
    with contextlib.suppress(Lost):
        held = await db.write(partial(hold, one=one, held=held, now=datetime.now(UTC)))
        work = asyncio.ensure_future(one.after(db, None, started))
        try:
            while not (await asyncio.wait([work], timeout=LEASE.total_seconds() / 3))[0]:
                held = await db.write(partial(hold, one=one, held=held, now=datetime.now(UTC)))
        finally:
            work.cancel()
            await asyncio.wait([work])
        await db.write(partial(_keep, one=one, held=held, until=started + one.every))
        await work


def hold(conn: Connection, one: Job, held: datetime, now: datetime) -> datetime:
    """Hold a job on, until the time that is returned. Raises Lost where it is not held any more."""
    _keep(conn, one, held, now + LEASE)
    return now + LEASE


def settle(conn: Connection, one: Job, now: datetime) -> None:
    """Let the job be as one that was just done."""
    conn.execute(_MOVE, {"job_name": one.name, "next_at": now + one.every})


def give_back(conn: Connection, one: Job, held: datetime, now: datetime) -> None:
    """Have a job that failed tried again after its time or the lease's, whichever is shorter. Raises Lost."""
    _keep(conn, one, held, now + min(one.every, LEASE))


def leave(conn: Connection, one: Job, held: datetime, now: datetime) -> None:
    """Have a job that is not at its end gone on with at once, by whoever comes. Raises Lost."""
    _keep(conn, one, held, now)


def _keep(conn: Connection, one: Job, held: datetime, until: datetime) -> None:
    """Lock the job's row and move it, so that whoever comes meanwhile waits and then finds it taken."""
    if not conn.execute(_KEEP, {"job_name": one.name, "held": held, "next_at": until}).rowcount:
        raise Lost


def _latest(one: Job, now: datetime) -> datetime:
    """The latest time to which a host whose clock is minutes ahead could have put it off or holds it."""
    return now + max(one.every, LEASE) + LEASE


def reached(conn: Connection, name: str) -> int:
    """Return how far the job of that name has walked; 0 at its beginning."""
    return int(conn.execute(_REACHED, {"job_name": name}).scalar_one_or_none() or 0)


def reach(conn: Connection, name: str, now: datetime, to: int) -> None:
    """Remember how far the job of that name has walked."""
    conn.execute(_REACH.on(conn), {"name": name, "due_at": now, "reached": to})
