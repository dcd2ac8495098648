"""A shop with many tasks holds up nobody's; counted in claims and slots, not by a clock."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, event, select, update

from plugin import tasks
from plugin.config import Config
from plugin.database import Database
from plugin.runtime import open_runtime
from plugin.tasks import LEASE, LONGEST_WAIT, MOST_WOKEN, TaskRun, Wanted, task
from plugin.worker import AT_ONCE, OF_ONE_SHOP, Worker
from tests import engine
from tests.integration.engine.stories import NOW
from tests.integration.engine.test_tasks import ENVIRONMENT

MOST = 8


def shops(conn: Connection, count: int) -> list[int]:
    """Install that many shops; their ids in order."""
    return [engine.install(conn, f"shop-{number}", now=NOW).id for number in range(count)]


def put(conn: Connection, asked: Mapping[int, int], due_at: datetime = NOW, first: int = 0) -> None:
    """Ask for so many tasks of each shop."""
    wanted = [
        Wanted(shop, "do", f"{first + number}", due_at, {})
        for shop, count in asked.items()
        for number in range(count)
    ]
    tasks.enqueue(conn, wanted, NOW)


def take(conn: Connection, most: int = MOST, after: int = 0, now: datetime = NOW) -> tuple[Counter[int], int]:
    """Claim and finish; how many there were of each shop, and after whom the next claim begins."""
    claimed, turn = tasks.claim_in_turn(conn, "me", now, most, after)
    assert len(claimed) == len({one.id for one in claimed}) <= most
    for one in claimed:
        tasks.finish(conn, one, now)
    return Counter(one.shop_id for one in claimed), turn


async def test_few_tasks_behind_a_thousand_of_another_shop_are_in_the_first_claims(db: Database) -> None:
    anna, bert = await db.write(lambda conn: shops(conn, 2))
    await db.write(lambda conn: put(conn, {anna: 1004}, NOW - timedelta(hours=1)))
    await db.write(lambda conn: put(conn, {bert: 4}))
    found, turn = await db.write(take)
    assert found == {anna: 4, bert: 4}
    taken = Counter(found)
    while (step := await db.write(partial(take, after=turn)))[0]:
        assert sum(step[0].values()) == MOST
        taken, turn = taken + step[0], step[1]
    assert taken == {anna: 1004, bert: 4}


async def test_a_hundredfold_flood_delays_nobodys_task_by_more_than_a_claim(db: Database) -> None:
    """Slots become free one by one: a small shop's task has the next one, or the one after."""
    small, big = await db.write(lambda conn: shops(conn, 2))

    async def delays(flood: int) -> list[int]:
        waits, turn = [], 0
        for step in range(1, 21):
            asked = {small: 1} | ({big: flood} if flood else {})
            await db.write(partial(put, asked=asked, first=step * 1000))
            waited, found = 0, Counter[int]()
            while not found[small]:
                waited += 1
                found, turn = await db.write(partial(take, most=1, after=turn))
            waits.append(waited)
        return waits

    assert await delays(0) == [1] * 20
    assert max(await delays(100)) <= 2


async def test_more_shops_than_a_claim_has_room_for_follow_each_other_in_a_circle(db: Database) -> None:
    all_ = await db.write(lambda conn: shops(conn, 50))
    await db.write(lambda conn: put(conn, dict.fromkeys(all_, 3)))
    taken, turn = Counter[int](), 0
    for rounds in range(1, 4):
        for _ in range(10):
            found, turn = await db.write(partial(take, most=5, after=turn))
            taken += found
        assert taken == dict.fromkeys(all_, rounds)


async def test_shops_with_work_of_later_or_in_back_off_take_no_turn(db: Database) -> None:
    *all_, last = await db.write(lambda conn: shops(conn, 101))
    await db.write(lambda conn: put(conn, dict.fromkeys(all_, 2), NOW + timedelta(days=1)))
    await db.write(lambda conn: put(conn, dict.fromkeys(all_, 1), first=7))

    def fail_all(conn: Connection) -> None:
        for one in tasks.claim(conn, "me", NOW, 100):
            tasks.fail(conn, one, NOW, "Not now.", outage=True)

    await db.write(fail_all)
    await db.write(lambda conn: put(conn, {last: 1}))
    assert await db.write(partial(take, most=1)) == ({last: 1}, 0)
    assert await db.write(partial(take, most=1)) == ({}, 0)
    later = NOW + LONGEST_WAIT
    found, _ = await db.write(partial(take, most=200, now=later))
    assert found == dict.fromkeys(all_, 1)
    found, _ = await db.write(partial(take, most=200, now=NOW + timedelta(days=1)))
    assert found == dict.fromkeys(all_, 2)


async def test_what_a_release_of_before_wrote_or_holds_is_done_too(db: Database) -> None:
    """It knows no mark: what it asks for is unmarked, and what it claims keeps the mark."""
    (shop,) = await db.write(lambda conn: shops(conn, 1))
    await db.write(lambda conn: put(conn, {shop: MOST_WOKEN + 10}))
    await db.write(lambda conn: conn.execute(update(task).values(ready=False)))
    found, _ = await db.write(partial(take, most=2 * MOST_WOKEN))
    assert found == {shop: MOST_WOKEN}
    await db.write(lambda conn: conn.execute(update(task).values(ready=True, lease_until=NOW + LEASE)))
    assert (await db.write(take))[0] == {}
    late = NOW + LEASE + timedelta(seconds=1)
    parked = select(task.c.id).order_by(task.c.id).limit(4).scalar_subquery()
    await db.write(
        lambda conn: conn.execute(
            update(task).where(task.c.id.in_(parked)).values(state="parked", lease_until=None)
        )
    )
    assert (await db.write(partial(take, most=4, now=late)))[0] == {}
    assert (await db.write(partial(take, most=99, now=late)))[0] == {shop: 6}


async def test_a_claim_of_tasks_reads_nothing_but_indexes_in_their_order(db: Database) -> None:
    anna, bert = await db.write(lambda conn: shops(conn, 2))
    await db.write(lambda conn: put(conn, {anna: 300, bert: 5}))
    await db.write(lambda conn: put(conn, {anna: 300}, NOW + timedelta(days=1), first=1000))
    said: list[tuple[str, Any]] = []

    def plans(conn: Connection) -> Iterable[str]:
        def note(*given: Any) -> None:
            if "task" in given[2] and not given[2].startswith("EXPLAIN"):
                said.append((given[2], given[3]))

        conn.exec_driver_sql("ANALYZE task")
        if conn.dialect.name == "postgresql":
            for kind in ("seqscan", "bitmapscan", "sort"):
                conn.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
        event.listen(conn, "before_cursor_execute", note)
        (one, *_) = tasks.claim(conn, "me", NOW, MOST)
        tasks.finish(conn, one, NOW)
        word = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        for statement, values in said:
            yield "\n".join(str(row) for row in conn.exec_driver_sql(f"{word} {statement}", values))

    found = await db.write(lambda conn: list(plans(conn)))
    text = "\n".join(found)
    assert {"ix_task_turn", "ix_task_rest", "ix_task_state_ready_due_at_id"} <= set(
        text.replace("'", " ").split()
    )
    walks = [plan for plan, (statement, _) in zip(found, said, strict=True) if "RECURSIVE" in statement]
    assert walks
    assert all("ix_task_turn" in plan and "ix_task_state" not in plan for plan in walks)
    for plan in found:
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan
        assert "SCAN task" not in plan
        assert "Seq Scan" not in plan


async def test_a_shop_whose_tasks_take_long_leaves_slots_to_others(database_url: str) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    async with open_runtime(config) as runtime:
        big, small = await runtime.db.write(lambda conn: shops(conn, 2))
        worker, began = Worker(runtime, jobs=()), Counter[int]()
        full, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def handler(run: TaskRun) -> None:
            began[run.shop.id] += 1
            if run.shop.id == small:
                done.set()
                return
            if began[big] == OF_ONE_SHOP:
                full.set()
            await go.wait()

        worker._handlers = {"do": handler}
        await runtime.db.write(lambda conn: put(conn, {big: 100}))
        running = asyncio.ensure_future(worker.run())
        async with asyncio.timeout(60):
            await full.wait()
            await runtime.db.write(lambda conn: put(conn, {small: 1}, datetime.now(UTC)))
            await done.wait()
        assert began == {big: OF_ONE_SHOP, small: 1}
        held = select(task.c.id).where(task.c.lease_owner.is_not(None), task.c.shop_id == big)
        assert len(await runtime.db.read(lambda conn: conn.execute(held).all())) == OF_ONE_SHOP < AT_ONCE
        go.set()
        worker.stop()
        async with asyncio.timeout(60):
            await running
