"""The clock's jobs: each once when it is due, among all workers, whatever their clocks say and whoever is killed."""

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlalchemy import Connection, func, select
from structlog.testing import capture_logs

from plugin import clock
from plugin.clock import LEASE, Job
from plugin.config import Config
from plugin.core.accounts import account
from plugin.database import Database, open_database
from plugin.runtime import open_runtime
from plugin.timekeeping import Timekeeper
from tests.copies import Copies
from tests.integration.engine.clocked import STEPS, opens
from tests.integration.engine.stories import NOW, installed
from tests.integration.engine.test_tasks import ENVIRONMENT

EVERY = timedelta(hours=1)
SKEWS = (timedelta(), timedelta(minutes=4), timedelta(minutes=-4))


def quick(number: int = 0, every: timedelta = EVERY) -> Job:
    return Job(f"job{number}", every, lambda conn, shop_id, now: 0)


async def take(db: Database, one: Job, now: datetime) -> datetime | None:
    await db.write(lambda conn: clock.due(conn, [one], now))
    return await db.write(partial(clock.take, one=one, now=now))


async def step(db: Database, one: Job, held: datetime, now: datetime) -> datetime | None:
    return await db.write(partial(clock.step, one=one, held=held, started=now, now=now))


async def opened(db: Database) -> int:
    count = select(func.count()).select_from(account)
    return await db.read(lambda conn: conn.execute(count).scalar_one())


async def test_each_job_is_done_once_among_all_workers_though_their_clocks_differ(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    every = [quick(number) for number in range(5)]

    async def round_(now: datetime) -> list[str]:
        async def one(home: Database, skew: timedelta) -> list[str]:
            done = []
            for job in await home.write(lambda conn: clock.due(conn, every, now + skew)):
                held = await home.write(partial(clock.take, one=job, now=now + skew))
                if held is not None:
                    assert await step(home, job, held, now + skew) is None
                    done.append(job.name)
            return done

        skews = [SKEWS[number % 3] for number in range(4)]
        taken = await asyncio.gather(*(one(*pair) for pair in zip(homes, skews, strict=True)))
        return sorted(name for names in taken for name in names)

    names = [job.name for job in every]
    assert await round_(NOW) == names
    assert await round_(NOW + timedelta(minutes=51)) == []
    assert await round_(NOW + timedelta(minutes=69)) == names
    for home in homes:
        await home.close()


async def test_a_job_under_way_is_not_taken_by_a_host_whose_clock_is_ahead(db: Database) -> None:
    one = quick()
    held = await take(db, one, NOW - timedelta(minutes=4))
    assert held is not None
    assert await take(db, one, NOW + timedelta(minutes=4)) is None


async def test_a_job_whose_process_died_is_taken_over_and_the_one_left_behind_does_nothing(
    db: Database,
) -> None:
    await installed(db)
    one = Job("opens", timedelta(days=1), lambda conn, shop_id, now: opens(conn, 3))
    mine = await take(db, one, NOW)
    assert mine is not None
    mine = await step(db, one, mine, NOW)
    assert mine is not None
    assert await take(db, one, NOW + LEASE - timedelta(seconds=1)) is None
    late = NOW + LEASE + timedelta(seconds=1)
    yours = await take(db, one, late)
    assert yours is not None
    with pytest.raises(clock.Lost):
        await step(db, one, mine, late)
    assert await opened(db) == 1
    while yours is not None:
        yours = await step(db, one, yours, late)
    assert await opened(db) == 3
    assert await take(db, one, late + timedelta(hours=23)) is None
    assert await take(db, one, late + timedelta(days=1)) is not None


def timekeeper(db: Database, *jobs: Job, stopping: asyncio.Event | None = None) -> Timekeeper:
    return Timekeeper(db, jobs, stopping or asyncio.Event(), lambda: None)


async def test_a_worker_that_is_told_to_stop_leaves_a_long_job_to_the_next_one(db: Database) -> None:
    stopping, steps = asyncio.Event(), list[int]()

    def endless(conn: Connection, shop_id: int | None, now: datetime) -> int:
        steps.append(1)
        stopping.set()
        return 1

    one = Job("endless", timedelta(days=1), endless)
    keeper = timekeeper(db, one, stopping=stopping)
    await keeper.look()
    await keeper.end()
    assert len(steps) == 1
    assert await take(db, one, datetime.now(UTC)) is not None


async def test_a_long_job_holds_up_no_other_one(db: Database) -> None:
    stopping, order = asyncio.Event(), list[str]()

    def endless(conn: Connection, shop_id: int | None, now: datetime) -> int:
        order.append("endless")
        return 1

    def short(conn: Connection, shop_id: int | None, now: datetime) -> int:
        order.append("short")
        stopping.set()
        return 0

    jobs = Job("a", timedelta(days=1), endless), Job("b", timedelta(days=1), short)
    keeper = timekeeper(db, *jobs, stopping=stopping)
    async with asyncio.timeout(60):
        await keeper.look()
        await keeper.end()
    assert "short" in order


async def test_a_job_that_fails_is_tried_again_before_its_next_day(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})

    def broken(conn: Connection, shop_id: int | None, now: datetime) -> int:
        raise LookupError

    async with open_runtime(config) as runtime:
        now = datetime.now(UTC)
        keeper = timekeeper(runtime.db, Job("broken", timedelta(days=1), broken))
        with capture_logs() as told:
            await keeper.look()
            await keeper.end()
        assert [(one["event"], one["error"]) for one in told] == [("worker hindered", "LookupError")]
        due = select(clock.job.c.due_at).where(clock.job.c.name == "broken")
        at = await runtime.db.read(lambda conn: conn.execute(due).scalar_one())
        assert now + LEASE <= at < now + timedelta(hours=1)


def together(url: str, folder: Path, later: timedelta) -> list[tuple[int, str]]:
    """Have four worker processes begin at one instant, and return how each ended and what it said."""
    running = list[subprocess.Popen[str]]()
    try:
        for skew in (*SKEWS, timedelta()):
            at = datetime.now(UTC) + later + skew
            told = [url, at.isoformat(), str(folder / "dead")]
            command = [sys.executable, "-m", "tests.integration.engine.clocked", *told]
            running.append(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True))
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        told_back = [one.communicate(timeout=60)[0].strip() for one in running]
        return [(one.returncode, said) for one, said in zip(running, told_back, strict=True)]
    finally:
        for one in running:
            one.kill()
            one.communicate()


def test_of_processes_started_at_one_instant_one_does_the_job_and_another_goes_on_when_it_is_killed(
    postgres_copies: Copies, tmp_path: Path
) -> None:
    url = postgres_copies.lend()

    async def look(prepare: bool = False) -> int:
        db = await open_database(url)
        if prepare:
            await installed(db)
        count = await opened(db)
        await db.close()
        return count

    assert asyncio.run(look(prepare=True)) == 0
    assert sorted(together(url, tmp_path, timedelta())) == [(-signal.SIGKILL, ""), *[(0, "0")] * 3]
    assert asyncio.run(look()) == 1
    assert together(url, tmp_path, timedelta(seconds=1)) == [(0, "0")] * 4
    after = together(url, tmp_path, LEASE + timedelta(minutes=10))
    assert sorted(after) == [(0, "0"), (0, "0"), (0, "0"), (0, str(STEPS - 1))]
    assert asyncio.run(look()) == STEPS
    postgres_copies.take_back(url)


class Follows:
    """A job of whose steps nothing is left, and what follows them, which takes as long as it is told."""

    def __init__(self) -> None:
        self.begun, self.under_way, self.go = list[datetime](), asyncio.Event(), asyncio.Event()
        self.job = Job("follows", EVERY, lambda conn, shop_id, now: 0, after=self._after)

    async def _after(self, db: Database, shop_id: int | None, now: datetime) -> int:
        self.begun.append(now)
        self.under_way.set()
        await self.go.wait()
        return 0

    async def held(self, db: Database, now: datetime) -> datetime:
        """Take the job and do its steps; until when it is held."""
        held = await take(db, self.job, now)
        assert held is not None
        assert await step(db, self.job, held, now) is None
        return now + LEASE


async def test_what_follows_a_job_is_done_by_another_process_where_one_is_killed_there(db: Database) -> None:
    one, now = Follows(), datetime.now(UTC)
    dead = await one.held(db, now)
    assert await take(db, one.job, now + LEASE - timedelta(seconds=1)) is None
    held = await one.held(db, now + LEASE + timedelta(seconds=1))
    await clock.follow(db, one.job, dead, now)
    assert one.begun == []
    one.go.set()
    await clock.follow(db, one.job, held, now)
    assert one.begun == [now]
    assert await take(db, one.job, now + EVERY - timedelta(seconds=1)) is None
    assert await take(db, one.job, now + EVERY) is not None


async def test_what_follows_a_job_holds_it_while_it_takes_long(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, now = Follows(), datetime.now(UTC)
    held = await one.held(db, now)
    due = select(clock.job.c.due_at).where(clock.job.c.name == "follows")
    monkeypatch.setattr(clock, "LEASE", timedelta(seconds=0.03))
    following, seen = asyncio.ensure_future(clock.follow(db, one.job, held, now)), set[datetime]()
    async with asyncio.timeout(60):
        while len(seen) < 4:
            seen.add(await db.read(lambda conn: conn.execute(due).scalar_one()))
            await asyncio.sleep(0)
    one.go.set()
    await following
    assert await db.read(lambda conn: conn.execute(due).scalar_one()) == now + EVERY


async def test_what_follows_a_job_is_broken_off_where_another_process_took_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, now = Follows(), datetime.now(UTC)
    held = await one.held(db, now)
    monkeypatch.setattr(clock, "LEASE", timedelta(seconds=0.03))
    following = asyncio.ensure_future(clock.follow(db, one.job, held, now))
    async with asyncio.timeout(60):
        await one.under_way.wait()
        await db.write(lambda conn: clock.settle(conn, one.job, now))
        await following
    assert one.begun == [now]


async def test_a_worker_holds_a_job_until_what_follows_it_is_done(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        one, begun = Follows(), datetime.now(UTC)
        keeper = timekeeper(runtime.db, one.job)
        due = select(clock.job.c.due_at).where(clock.job.c.name == "follows")
        await keeper.look()
        await keeper.end()
        held = await runtime.db.read(lambda conn: conn.execute(due).scalar_one())
        assert begun + LEASE <= held < begun + EVERY
        one.go.set()
        await keeper.follow()
        at = await runtime.db.read(lambda conn: conn.execute(due).scalar_one())
        assert at == one.begun[0] + EVERY >= begun + EVERY
