"""The worker: drains the inbox, runs the outbox's tasks and the clock's jobs, until it is told to stop."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

import structlog

import widgets
from plugin import (
    ahead,
    forgetting,
    metrics,
    nightly,
    onboarding,
    reconcile,
    rederive,
    retention,
    shops,
    tasks,
)
from plugin.billing import checking, leaving, usage
from plugin.billing.protocol import Billing
from plugin.clock import Job
from plugin.crypto import Keyring
from plugin.errors import DankbarError, Park, Retry
from plugin.persisting import only_busy, persist
from plugin.runtime import Runtime
from plugin.slots import Slots
from plugin.tasks import Claimed, Handler, TaskRun
from plugin.timekeeping import Timekeeper
from webhooks import handle
from webhooks.handle import Batch
from webhooks.receive import INBOX_BELL

BATCHES = {"sqlite": 128, "postgresql": 512}
"""Events handled in one transaction; on SQLite few enough that webhooks waiting for their commit are not kept long."""

HELPERS = {"sqlite": 0, "postgresql": 1}
"""Batches that may be under way beside the first: one is decoded while the server works on the other."""

MORE_BELL = "inbox.more"

AT_ONCE = 12
OF_ONE_SHOP = 6
"""Tasks that a worker runs at once, and of one shop: half, so that one with very many at most doubles what others wait."""

TASK_LIMIT = 120
LAST_MOMENT = 10
"""Seconds that tasks have when the worker is told to stop."""

IDLE = 0.5
"""Seconds between looks while no bell rings."""

TASKS_BELL = "tasks"

log = structlog.get_logger()


def handlers(billing: Billing) -> Mapping[str, Handler]:
    """Return every task's handler by its name."""
    found: dict[str, Handler] = {**onboarding.TASKS, **reconcile.TASKS, **rederive.TASKS, **forgetting.TASKS}
    found |= {**checking.handlers(billing), **leaving.handlers(billing)}
    for widget in widgets.ALL.values():
        found |= widget.tasks
    return found


def jobs(keyring: Keyring, billing: str = "none") -> Sequence[Job]:
    """Return all jobs of the clock with this kind of billing; what erases comes last."""
    return [
        *ahead.JOBS,
        *onboarding.JOBS,
        *reconcile.JOBS,
        *(job for widget in widgets.ALL.values() for job in widget.jobs),
        *nightly.JOBS,
        *checking.jobs(billing),
        *usage.JOBS,
        *retention.jobs(keyring),
    ]


def jobs_of(runtime: Runtime) -> Sequence[Job]:
    """Return all jobs of the clock of this process."""
    return [*jobs(runtime.keyring, runtime.billing.kind), *leaving.jobs(runtime.billing)]


class Worker:
    """One worker; any number may run on one PostgreSQL database, one on a SQLite file."""

    def __init__(self, runtime: Runtime, *, jobs: Sequence[Job] | None = None) -> None:
        self._runtime = runtime
        self._owner = secrets.token_hex(16)
        self._stopping = asyncio.Event()
        self._persist = partial(persist, runtime.db, self._stopping)
        self._handlers = handlers(runtime.billing)
        self._timekeeper = Timekeeper(
            runtime.db, jobs_of(runtime) if jobs is None else jobs, self._stopping, self._ring_tasks
        )
        self._slots = Slots(AT_ONCE, partial(runtime.bells.ring_here, TASKS_BELL))
        self._task_turn = 0
        self._batch = BATCHES[runtime.db.dialect]
        self._turn = ""
        self._helpers = HELPERS[runtime.db.dialect]

    async def run(self) -> None:
        """Work until ``stop``; what is under way is finished, what is held is given back."""
        loops = (self._drain_inbox, *(self._help,) * self._helpers, self._drain_tasks, self._keep_time)
        following = asyncio.create_task(self._forever(self._follow))
        await asyncio.gather(*(self._forever(loop) for loop in loops))
        await self._timekeeper.end()
        following.cancel()
        await asyncio.wait([following])
        await self._slots.end(LAST_MOMENT)
        await self._runtime.db.write(lambda conn: tasks.release(conn, self._owner))

    def stop(self) -> None:
        """Ask the worker to end."""
        self._stopping.set()
        self._runtime.bells.ring_here(INBOX_BELL, MORE_BELL, TASKS_BELL)

    async def drain(self) -> int:
        """Handle all that waits, as fast as it goes, and return how many events were taken."""

        async def until_empty() -> int:
            taken = 0
            while count := await self.handle_once():
                taken += count
            return taken

        return sum(await asyncio.gather(*(until_empty() for _ in range(1 + self._helpers))))

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await loop()
            except Exception as error:  # noqa: BLE001 a worker outlives every outage
                name = getattr(loop, "__name__", "").removeprefix("_")
                metrics.HINDRANCES.labels(name).inc()
                log.error("worker hindered", loop=name, error=type(error).__name__)
                await self._pause(1)

    async def _drain_inbox(self) -> None:
        with self._runtime.bells.listening(INBOX_BELL) as bell:
            if await self.handle_once() == self._batch:
                self._runtime.bells.ring_here(MORE_BELL)
            else:
                await bell.rung(IDLE)

    async def _help(self) -> None:
        if await self._runtime.bells.wait(MORE_BELL, IDLE):
            await self.handle_once()

    async def handle_once(self) -> int:
        """Handle one batch of stored events and return how many were taken."""
        runtime, now = self._runtime, datetime.now(UTC)
        start = perf_counter()
        batch = await runtime.db.write(
            lambda conn: handle.handle_due(conn, runtime.keyring, now, self._batch, self._turn)
        )
        self._turn = batch.turn
        if batch.taken:
            _count(batch, perf_counter() - start)
        if batch.orders:
            runtime.bells.ring(*(f"order:{shop}:{order}" for shop, order in batch.orders), TASKS_BELL)
        return batch.taken

    async def _drain_tasks(self) -> None:
        bells, room = self._runtime.bells, self._slots.free
        with bells.listening(TASKS_BELL) as bell:
            claimed = await self._claim(room) if room else []
            for one in claimed:
                self._slots.start(one.shop_id, one.id, self.run_task(one))
            if not room or len(claimed) < room:
                await bell.rung(IDLE)

    async def _claim(self, room: int) -> list[Claimed]:
        claim = partial(
            tasks.claim_in_turn,
            owner=self._owner,
            now=datetime.now(UTC),
            most=room,
            after=self._task_turn,
            each=OF_ONE_SHOP,
            held=self._slots.held,
        )
        claimed, self._task_turn = await self._runtime.db.write(claim)
        return claimed

    async def run_task(self, one: Claimed) -> None:
        """Run a claimed task and record how it ended."""
        try:
            with metrics.timed(metrics.TASK_SECONDS):
                async with asyncio.timeout(TASK_LIMIT):
                    await self._perform(one)
        except Exception as error:  # noqa: BLE001 every failure is recorded with the task
            await self._record_failure(one, error)
            return
        now = datetime.now(UTC)
        await self._persist(lambda conn: tasks.finish(conn, one, now))
        metrics.TASKS.labels(one.name, "done").inc()
        self._runtime.bells.ring(TASKS_BELL)

    async def _perform(self, one: Claimed) -> None:
        runtime = self._runtime
        handler = self._handlers.get(one.name)
        if handler is None:
            raise Park(f"No task is named {one.name}.")
        shop = await runtime.db.read(lambda conn: shops.shop_by_id(conn, one.shop_id))
        if shop is None or not (shop.installed or one.name in (*forgetting.TASKS, leaving.LEAVE)):
            raise Park("The shop has uninstalled the app.")
        await handler(
            TaskRun(
                db=runtime.db,
                keyring=runtime.keyring,
                bells=runtime.bells,
                gateway=runtime.gateway,
                shop=shop,
                key=one.key,
                payload=one.payload,
                now=datetime.now(UTC),
            )
        )

    async def _record_failure(self, one: Claimed, error: Exception) -> None:
        outage = isinstance(error, (Retry, TimeoutError)) or only_busy(error)
        parked, known = isinstance(error, Park), isinstance(error, DankbarError)
        reason = str(error) if known else f"An error in the program: {type(error).__name__}."
        log.warning("task failed", task=one.name, shop_id=one.shop_id, error=type(error).__name__)
        now = datetime.now(UTC)
        aside = await self._persist(
            lambda conn: tasks.fail(conn, one, now, reason, outage=outage, park=parked)
        )
        name = one.name if one.name in self._handlers else "unknown"
        metrics.TASKS.labels(name, "parked" if aside else "retried").inc()

    async def _keep_time(self) -> None:
        await self._timekeeper.look()
        await self._pause(5)

    async def _follow(self) -> None:
        await self._timekeeper.follow()

    def _ring_tasks(self) -> None:
        self._runtime.bells.ring(TASKS_BELL)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _count(batch: Batch, seconds: float) -> None:
    metrics.BATCHES.observe(seconds)
    now = datetime.now(UTC)
    for id in batch.handled:
        metrics.AGES.observe(max(0.0, (now - batch.received[id]).total_seconds()))
    counts = {"handled": len(batch.handled), "parked": batch.parked, "failed": batch.failed}
    for outcome, count in counts.items():
        metrics.EVENTS.labels(outcome).inc(count)


async def run_job(runtime: Runtime, job: Job, now: datetime, shop_id: int | None = None) -> int:
    """Run a job to its end and what follows it; returns how much was done."""
    done = await run_steps(runtime, job, now, shop_id)
    return done + await run_after(runtime, job, now, shop_id)


async def run_steps(runtime: Runtime, job: Job, now: datetime, shop_id: int | None = None) -> int:
    """Run a job step by step, each in its own transaction; returns how much was done."""
    done = 0
    while count := await runtime.db.write(lambda conn: job.run(conn, shop_id, now)):
        done += count
    runtime.bells.ring(TASKS_BELL)
    return done


async def run_after(runtime: Runtime, job: Job, now: datetime, shop_id: int | None = None) -> int:
    """Do what follows a job's steps; returns how much was done."""
    return 0 if job.after is None else await job.after(runtime.db, shop_id, now)
