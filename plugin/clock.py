"""The clock's jobs: each runs once when it is due, in whichever process takes it first."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, String, Table, bindparam, select, update

from plugin.database import Big, Database, Upsert, Utc, metadata

APART = timedelta(seconds=10)
"""So far may the clocks of hosts be apart without being wrong."""

job = Table(
    "job",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("due_at", Utc, nullable=False),
    Column("reached", Big, nullable=False, server_default="0"),
)
"""``reached``: how far a job has walked that goes through a table in the order of its keys."""

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
_TAKE = (
    update(job)
    .where(
        job.c.name == bindparam("job_name"),
        (job.c.due_at <= bindparam("now")) | (job.c.due_at > bindparam("latest")),
    )
    .values(due_at=bindparam("next_at"))
)


def due(conn: Connection, jobs: Iterable[Job], now: datetime) -> list[Job]:
    """Return the jobs whose time has come; a new one is due at once, and one that a clock put off that ran ahead."""
    by_name = {one.name: one for one in jobs}
    if by_name:
        conn.execute(_ADD.on(conn), [{"name": name, "due_at": now} for name in sorted(by_name)])
    rows = [row for row in conn.execute(_ALL) if row.name in by_name]
    return [by_name[row.name] for row in rows if not now < row.due_at <= _latest(by_name[row.name], now)]


def take(conn: Connection, one: Job, now: datetime) -> bool:
    """Move the job to its next time; False when another process took it."""
    values = {"job_name": one.name, "now": now, "latest": _latest(one, now), "next_at": now + one.every}
    return conn.execute(_TAKE, values).rowcount == 1


def _latest(one: Job, now: datetime) -> datetime:
    """The latest time for which anybody with the right time could have put it off, and a little more."""
    return now + one.every + APART


def reached(conn: Connection, name: str) -> int:
    """Return how far the job of that name has walked; 0 at its beginning."""
    return int(conn.execute(_REACHED, {"job_name": name}).scalar_one_or_none() or 0)


def reach(conn: Connection, name: str, now: datetime, to: int) -> None:
    """Remember how far the job of that name has walked."""
    conn.execute(_REACH.on(conn), {"name": name, "due_at": now, "reached": to})
