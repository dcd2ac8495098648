"""A worker's part in the clock's jobs: those that are due are taken and done step by step, each beside the others."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from plugin import clock, metrics
from plugin.clock import Job
from plugin.database import Database

log = structlog.get_logger("plugin.worker")


class Timekeeper:
    """Takes jobs among all workers, at most one of a name at a time; ``stopping`` ends them between two steps."""

    def __init__(
        self, db: Database, jobs: Sequence[Job], stopping: asyncio.Event, ring_tasks: Callable[[], None]
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._stopping = stopping
        self._ring_tasks = ring_tasks
        self._begun: set[asyncio.Task[None]] = set()
        self._followed: asyncio.Queue[tuple[Job, datetime, datetime]] = asyncio.Queue()

    async def look(self) -> None:
        """Take what is due and begin it; a long job holds up no other one."""
        now = datetime.now(UTC)
        for job in await self._db.write(lambda conn: clock.due(conn, self._jobs, now)):
            held = await self._db.write(partial(clock.take, one=job, now=now))
            if held is not None:
                task = asyncio.create_task(self._do(job, held, now))
                self._begun.add(task)
                task.add_done_callback(self._done)

    async def follow(self) -> None:
        """Do what follows the steps of a job, one after the other; it may take long and holds up no steps."""
        await clock.follow(self._db, *await self._followed.get())

    async def end(self) -> None:
        """Return when what was begun has come to its end, or was left for another worker."""
        if self._begun:
            await asyncio.wait(self._begun)

    async def _do(self, job: Job, held: datetime, started: datetime) -> None:
        step = partial(clock.step, one=job, started=started)
        try:
            while after := await self._db.write(partial(step, held=held, now=(now := datetime.now(UTC)))):
                held = after
                if self._stopping.is_set():
                    await self._db.write(partial(clock.leave, one=job, held=held, now=datetime.now(UTC)))
                    return
        except clock.Lost:
            return
        except Exception:
            await self._db.write(partial(clock.give_back, one=job, held=held, now=datetime.now(UTC)))
            raise
        self._ring_tasks()
        self._followed.put_nowait((job, now + clock.LEASE, started))

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._begun.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            metrics.HINDRANCES.labels("keep_time").inc()
            log.error("worker hindered", loop="keep_time", error=type(error).__name__)
