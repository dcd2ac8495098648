"""The outbox: each task once, never forgotten, never run by two, and set aside only with its reason."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from plugin import backlog, shops, tasks
from plugin.billing.nobody import NOBODY
from plugin.clock import Job
from plugin.config import Config
from plugin.database import Database, open_database
from plugin.errors import Park, Retry
from plugin.persisting import persist
from plugin.runtime import open_runtime
from plugin.slots import Slots
from plugin.tasks import LEASE, LONGEST_WAIT, MOST_TRIES, OUTAGE, Claimed, TaskRun, Wanted, task
from plugin.worker import Worker, handlers, jobs, run_job
from tests import engine
from tests.integration.engine.stories import NOW, installed

ENVIRONMENT = {
    "SHOPIFY_API_KEY": "client",
    "SHOPIFY_API_SECRET": "s" * 32,
    "DANKBAR_SECRET_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s",
}
SOON = NOW + timedelta(seconds=1)


def wrong(conn: Connection) -> None:
    conn.exec_driver_sql("SELECT nothing FROM task")


async def ask(db: Database, key: str = "k", due_at: Any = NOW, now: Any = NOW, **payload: Any) -> None:
    wanted = Wanted(1, "do", key, due_at, payload)
    await db.write(lambda conn: tasks.enqueue(conn, [wanted], now))


async def claim(db: Database, owner: str = "me", now: Any = NOW, most: int = 16) -> list[Claimed]:
    return await db.write(lambda conn: tasks.claim(conn, owner, now, most))


async def finish(db: Database, done: Claimed, now: Any = NOW) -> None:
    await db.write(lambda conn: tasks.finish(conn, done, now))


async def fail(db: Database, failed: Claimed, now: Any = NOW, **how: bool) -> bool:
    given = {"outage": False} | how
    return await db.write(lambda conn: tasks.fail(conn, failed, now, "It \0would not.", **given))


async def rows(db: Database) -> list[Mapping[str, Any]]:
    found = await db.read(lambda conn: conn.execute(select(task).order_by(task.c.id)).mappings().all())
    return [dict(row) for row in found]


async def test_a_task_of_one_key_is_there_once_with_the_newest_payload_and_the_earliest_date(
    db: Database,
) -> None:
    await installed(db)
    await ask(db, due_at=NOW + timedelta(days=3), number=1)
    await ask(db, due_at=NOW + timedelta(days=1), number=2)
    await ask(db, due_at=NOW + timedelta(days=2), number=3)
    await ask(db, "other", due_at=NOW)
    assert [row["key"] for row in await rows(db)] == ["k", "other"]
    (other,) = await claim(db)
    assert other.key == "other"
    await finish(db, other)
    assert await claim(db, now=NOW + timedelta(hours=23)) == []
    claimed = await claim(db, now=NOW + timedelta(days=1))
    assert [one.payload for one in claimed] == [{"number": 3}]


async def test_a_task_asked_for_while_it_runs_runs_once_more(db: Database) -> None:
    await installed(db)
    await ask(db, number=1)
    (running,) = await claim(db)
    await ask(db, number=2)
    assert await claim(db, "you") == []
    await finish(db, running)
    (again,) = await claim(db, "you")
    assert again.payload == {"number": 2}
    await finish(db, again)
    assert await rows(db) == []


async def test_a_task_asked_for_while_it_fails_for_good_gets_its_new_chance(db: Database) -> None:
    await installed(db)
    await ask(db, number=1)
    (running,) = await claim(db)
    await ask(db, number=2)
    await fail(db, running, park=True)
    (row,) = await rows(db)
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    (again,) = await claim(db, now=NOW + LONGEST_WAIT)
    assert again.payload == {"number": 2}


async def test_a_parked_task_that_is_asked_for_again_starts_afresh(db: Database) -> None:
    await installed(db)
    await ask(db)
    (running,) = await claim(db)
    assert await fail(db, replace(running, attempts=MOST_TRIES - 1))
    later = NOW + timedelta(days=30)
    await ask(db, due_at=later, now=later)
    (row,) = await rows(db)
    assert (row["state"], row["attempts"], row["reason"]) == ("waiting", 0, None)
    assert (row["created_at"], row["due_at"]) == (later, later)
    (again,) = await claim(db, now=later)
    assert not await fail(db, again, later, outage=True)


async def test_what_two_workers_claim_at_once_is_each_ones_alone(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    await installed(homes[0])
    for number in range(24):
        await ask(homes[0], f"k{number}")
    claims = [claim(home, f"worker{place}", most=8) for place, home in enumerate(homes)]
    claimed = [one.id for found in await asyncio.gather(*claims) for one in found]
    while more := await claim(homes[0], "worker0"):
        claimed += [one.id for one in more]
    assert len(claimed) == len(set(claimed)) == 24
    for home in homes:
        await home.close()


async def test_a_task_whose_worker_died_is_taken_over_when_its_lease_ends(db: Database) -> None:
    await installed(db)
    await ask(db)
    (mine,) = await claim(db)
    assert await claim(db, "you", NOW + LEASE) == []
    late = NOW + LEASE + timedelta(seconds=1)
    (yours,) = await claim(db, "you", late)
    assert yours.id == mine.id
    await finish(db, mine)
    assert await fail(db, mine, park=True)
    (row,) = await rows(db)
    assert (row["state"], row["lease_owner"], row["attempts"]) == ("waiting", yours.lease, 0)
    await finish(db, yours, late)
    assert await rows(db) == []


@pytest.mark.parametrize("late", ["finish", "fail"])
async def test_the_late_record_of_a_run_says_nothing_of_the_same_workers_next_run(
    db: Database, late: str
) -> None:
    await installed(db)
    await ask(db)
    (first,) = await claim(db)
    after = NOW + LEASE + timedelta(seconds=1)
    (second,) = await claim(db, now=after)
    assert second.id == first.id
    await (finish(db, first, after) if late == "finish" else fail(db, first, after, outage=True))
    assert await claim(db, "you", after + LONGEST_WAIT) == []
    (row,) = await rows(db)
    assert (row["lease_owner"], row["lease_until"], row["attempts"]) == (second.lease, after + LEASE, 0)
    await finish(db, second, after)
    assert await rows(db) == []


async def test_a_worker_takes_nothing_again_that_it_is_still_at(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        await installed(runtime.db)
        worker, ran, go = Worker(runtime, jobs=()), list[str](), asyncio.Event()
        began = {key: asyncio.Event() for key in ("slow", "quick")}

        async def handler(run: TaskRun) -> None:
            ran.append(run.key)
            began[run.key].set()
            if run.key == "slow":
                await go.wait()

        worker._handlers = {"do": handler}
        running = asyncio.ensure_future(worker.run())
        async with asyncio.timeout(30):
            await ask(runtime.db, "slow")
            await began["slow"].wait()
            ended = update(task).values(lease_until=datetime.now(UTC) - LEASE)
            await runtime.db.write(lambda conn: conn.execute(ended))
            await ask(runtime.db, "quick")
            await began["quick"].wait()
            go.set()
            worker.stop()
            await running
        assert ran == ["slow", "quick"]
        assert await rows(runtime.db) == []


async def test_a_mistake_of_a_task_is_no_outage_and_is_set_aside_after_its_tries(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        await installed(runtime.db)
        worker, now = Worker(runtime), datetime.now(UTC)

        async def handler(run: TaskRun) -> None:
            if run.key == "file":
                raise FileNotFoundError
            if run.key == "away":
                raise ConnectionResetError
            await run.db.write(wrong)

        worker._handlers = {"do": handler}
        for key in ("statement", "file", "away"):
            await ask(runtime.db, key, now=now)
        await runtime.db.write(lambda conn: conn.execute(update(task).values(attempts=MOST_TRIES - 1)))
        for one in await claim(runtime.db, worker._owner, now):
            await worker.run_task(one)
        assert {row["key"]: row["state"] for row in await rows(runtime.db)} == {
            "statement": "parked",
            "file": "parked",
            "away": "waiting",
        }


async def test_a_record_that_no_waiting_writes_keeps_no_slot_and_is_told(db: Database) -> None:
    freed = asyncio.Event()
    slots = Slots(1, freed.set)
    with capture_logs() as said:
        slots.start(1, 7, persist(db, asyncio.Event(), wrong))
        assert slots.free == 0
        assert slots.held == {1: frozenset({7})}
        async with asyncio.timeout(30):
            await freed.wait()
    assert slots.free == 1
    assert slots.held == {}
    assert [(one["event"], one["task_id"]) for one in said] == [("end of a task not written", 7)]


async def test_a_stopping_worker_gives_back_what_it_holds(db: Database) -> None:
    await installed(db)
    await ask(db)
    await claim(db)
    await db.write(lambda conn: tasks.release(conn, "somebody else"))
    assert await claim(db, "you") == []
    await db.write(lambda conn: tasks.release(conn, "me"))
    assert len(await claim(db, "you")) == 1


async def test_a_refused_task_waits_longer_each_time_and_is_parked_with_its_reason(db: Database) -> None:
    await installed(db)
    await ask(db)
    now, waits = NOW, []
    for attempt in range(MOST_TRIES):
        (one,) = await claim(db, now=now)
        assert one.attempts == attempt
        parked = await fail(db, one, now)
        assert parked is (attempt == MOST_TRIES - 1)
        due_at = (await rows(db))[0]["due_at"]
        waits.append(due_at - now)
        now = due_at
    assert waits == sorted(waits)
    assert max(waits) <= LONGEST_WAIT < timedelta(seconds=60)
    (row,) = await rows(db)
    assert (row["state"], row["reason"]) == ("parked", "It would not.")
    assert await claim(db, now=now + timedelta(days=99)) == []
    found = await db.read(lambda conn: backlog.read(conn, now))
    assert (found.tasks_waiting, found.tasks_scheduled, found.tasks_parked) == (0, 0, 1)
    assert await db.write(lambda conn: backlog.retry(conn, found.parked[0].id, now))
    assert (await claim(db, now=now))[0].attempts == 0


async def test_an_outage_is_waited_out_for_three_days(db: Database) -> None:
    await installed(db)
    await ask(db)
    (one,) = await claim(db)
    worn = replace(one, attempts=500)
    assert not await fail(db, worn, NOW + OUTAGE, outage=True)
    (one,) = await claim(db, now=NOW + OUTAGE + LONGEST_WAIT)
    assert await fail(db, one, NOW + OUTAGE + LONGEST_WAIT, outage=True)


async def test_after_the_first_success_the_shops_other_retries_hurry(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: engine.install(conn, "other", now=NOW))
    await ask(db, "failing")
    await ask(db, "running")
    await ask(db, "scheduled", due_at=NOW + timedelta(days=1))
    await db.write(lambda conn: tasks.enqueue(conn, [Wanted(2, "do", "foreign", NOW, {})], NOW))
    held = {one.key: one for one in await claim(db)}
    await fail(db, held["failing"])
    await fail(db, held["foreign"])
    assert await claim(db, now=SOON) == []
    await finish(db, held["running"], now=SOON)
    assert [one.key for one in await claim(db, now=SOON)] == ["failing"]


async def test_the_backlog_tells_waiting_from_scheduled(db: Database) -> None:
    await installed(db)
    for key in ("due", "running", "retried"):
        await ask(db, key)
    await ask(db, "tomorrow", due_at=NOW + timedelta(days=1))
    held = {one.key: one for one in await claim(db, most=9)}
    await fail(db, held["retried"])
    await db.write(lambda conn: tasks.release(conn, "nobody"))
    found = await db.read(lambda conn: backlog.read(conn, NOW))
    assert (found.tasks_waiting, found.tasks_scheduled, found.tasks_parked) == (3, 1, 0)
    other = await db.read(lambda conn: backlog.read(conn, NOW, "other"))
    assert (other.tasks_waiting, other.tasks_scheduled) == (0, 0)


async def test_a_worker_records_how_each_task_ended(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        shop = await installed(runtime.db)
        worker, ran, now = Worker(runtime), list[str](), datetime.now(UTC)

        async def handler(run: TaskRun) -> None:
            ran.append(run.key)
            assert run.shop.id == shop.id
            if run.key == "parks":
                raise Park("Never.")
            if run.key == "retries":
                raise Retry("Not now.")
            if run.key == "breaks":
                raise LookupError("secret")

        worker._handlers = {"do": handler}
        for key in ("done", "parks", "retries", "breaks"):
            await ask(runtime.db, key, now=now)
        await runtime.db.write(lambda conn: tasks.enqueue(conn, [Wanted(1, "unheard", "of", NOW, {})], NOW))
        for one in await claim(runtime.db, worker._owner):
            await worker.run_task(one)
        assert sorted(ran) == ["breaks", "done", "parks", "retries"]
        ended = {row["key"]: (row["state"], row["reason"]) for row in await rows(runtime.db)}
        assert ended == {
            "parks": ("parked", "Never."),
            "retries": ("waiting", "Not now."),
            "breaks": ("waiting", "An error in the program: LookupError."),
            "of": ("parked", "No task is named unheard."),
        }
        await runtime.db.write(lambda conn: shops.record_uninstall(conn, shop.id, NOW, NOW))
        await ask(runtime.db, "done")
        for one in await claim(runtime.db, worker._owner):
            await worker.run_task(one)
        assert {row["reason"] for row in await rows(runtime.db) if row["key"] == "done"} == {
            "The shop has uninstalled the app."
        }


async def test_a_worker_works_until_it_is_stopped_and_leaves_nothing_held(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        await installed(runtime.db)
        worker, began, go = Worker(runtime, jobs=()), asyncio.Event(), asyncio.Event()

        async def slow(run: TaskRun) -> None:
            began.set()
            await go.wait()

        worker._handlers = {"do": slow}
        running = asyncio.ensure_future(worker.run())
        await ask(runtime.db)
        async with asyncio.timeout(30):
            await began.wait()
        worker.stop()
        go.set()
        async with asyncio.timeout(30):
            await running
        assert await rows(runtime.db) == []


async def test_a_task_that_outlives_the_last_moment_is_broken_off_and_given_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.worker.LAST_MOMENT", 0.1)
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        await installed(runtime.db)
        worker, began, ended = Worker(runtime, jobs=()), asyncio.Event(), list[str]()

        async def endless(run: TaskRun) -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(run.key)

        worker._handlers = {"do": endless}
        running = asyncio.ensure_future(worker.run())
        await ask(runtime.db)
        async with asyncio.timeout(30):
            await began.wait()
            worker.stop()
            await running
        assert ended == ["k"]
        assert [one.key for one in await claim(runtime.db, "another", datetime.now(UTC))] == ["k"]


async def test_a_job_goes_on_until_there_is_nothing_left(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    left = [3, 2, 1]

    def step(conn: Connection, shop_id: int | None, now: Any) -> int:
        assert conn.in_transaction()
        assert shop_id == 7
        return left.pop() if left else 0

    async with open_runtime(config) as runtime:
        assert await run_job(runtime, Job("count", timedelta(1), step), NOW, 7) == 6


def test_every_task_and_job_has_a_name_of_its_own() -> None:
    found = jobs(engine.KEYRING)
    assert len({job.name for job in found}) == len(found)
    assert {"fetch_order", "orders.rederive", "orders.reconcile"} <= handlers(NOBODY).keys()
