"""A host's clock ran ahead: what it wrote down is done when it should have been, by everybody else's clock."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from plugin import ahead, clock, tasks, token_store
from plugin.clock import Job
from plugin.database import Database
from plugin.tasks import Wanted, task
from tests import engine
from tests.integration.engine.stories import NOW, installed
from webhooks import inbox

AHEAD = NOW + timedelta(days=1)
MINUTE = timedelta(minutes=1)
BEHIND = NOW - 2 * MINUTE


async def recalled(db: Database, now: datetime = NOW) -> int:
    return await db.write(lambda conn: ahead.recall(conn, None, now))


async def ask(db: Database, shop_id: int, now: datetime, due_at: datetime | None = None) -> None:
    wanted = [Wanted(shop_id, "do", "k", due_at or now, {})]
    await db.write(lambda conn: tasks.enqueue(conn, wanted, now))


async def claimed(db: Database, owner: str, now: datetime) -> list[Any]:
    return await db.write(lambda conn: tasks.claim(conn, owner, now))


async def test_a_webhook_that_came_to_a_host_ahead_is_handled_today(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: engine.store(conn, "orders/delete", {"id": 1}, now=AHEAD))
    assert (await db.write(lambda conn: engine.handle_all(conn, NOW))).taken == 0
    assert await recalled(db) == 1
    assert len((await db.write(lambda conn: engine.handle_all(conn, NOW))).handled) == 1
    assert await recalled(db) == 0


async def test_an_event_in_back_off_waits_for_its_time_unless_a_clock_ahead_chose_it(db: Database) -> None:
    await installed(db)

    def failed(conn: Connection, now: datetime) -> None:
        [row] = conn.execute(select(inbox.inbox)).all()
        inbox.fail(conn, inbox.event(row, engine.KEYRING), "later", now)

    await db.write(lambda conn: engine.store(conn, "orders/delete", {"id": 1}, now=NOW))
    for _ in range(7):
        await db.write(partial(failed, now=NOW))
    assert await recalled(db) == 0
    assert await recalled(db, BEHIND) == 0
    assert await recalled(db, NOW - timedelta(hours=1)) == 1


async def test_a_task_that_a_host_ahead_asked_for_is_done_today(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, AHEAD)
    assert await claimed(db, "mine", NOW) == []
    assert await recalled(db) == 1
    assert len(await claimed(db, "mine", NOW)) == 1


async def test_work_of_later_stays_work_of_later(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW, AHEAD)
    assert await recalled(db) == 0
    assert await claimed(db, "mine", NOW) == []
    assert len(await claimed(db, "mine", AHEAD)) == 1


@pytest.mark.parametrize(("by", "taken"), [(timedelta(), 0), (timedelta(days=1), 1)])
async def test_what_a_dead_worker_held_is_taken_over_though_its_clock_was_ahead(
    db: Database, by: timedelta, taken: int
) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW)
    assert len(await claimed(db, "dead", NOW + by)) == 1
    assert await recalled(db) == taken
    ended = NOW + tasks.LEASE + taken * clock.APART
    assert await claimed(db, "mine", ended) == []
    assert len(await claimed(db, "mine", ended + timedelta(seconds=1))) == 1


async def test_a_task_is_not_taken_from_a_host_ahead_that_is_at_work_on_it(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW)
    [one] = await claimed(db, "ahead", AHEAD)
    assert [await recalled(db), await recalled(db)] == [1, 0]
    assert await claimed(db, "mine", NOW) == []
    await db.write(lambda conn: tasks.finish(conn, one, AHEAD))
    assert await db.read(lambda conn: conn.execute(select(task)).all()) == []


async def test_a_host_whose_clock_is_behind_takes_nothing_from_those_at_work(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW)
    [one] = await claimed(db, "mine", NOW)
    assert await recalled(db, BEHIND) == 0
    assert await claimed(db, "behind", BEHIND) == []
    assert await claimed(db, "another", NOW + tasks.LEASE) == []
    await db.write(lambda conn: tasks.finish(conn, one, NOW))
    assert await db.read(lambda conn: conn.execute(select(task)).all()) == []


async def test_a_host_whose_clock_is_behind_hurries_no_task_in_back_off(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW)
    for tries in range(7):
        [one] = await claimed(db, "mine", NOW + tries * MINUTE)
        at = NOW + tries * MINUTE
        await db.write(partial(tasks.fail, failed=one, now=at, reason="down", outage=True))
        assert await recalled(db, at - 2 * MINUTE) == 0


async def test_a_task_that_failed_on_a_host_ahead_is_tried_again_today(db: Database) -> None:
    shop = await installed(db)
    await ask(db, shop.id, NOW)
    [one] = await claimed(db, "dead", NOW)
    await db.write(lambda conn: tasks.fail(conn, one, AHEAD, "down", outage=True))
    assert await recalled(db) == 1
    assert len(await claimed(db, "mine", NOW)) == 1
    due = await db.read(lambda conn: conn.execute(select(task.c.due_at)).scalar_one())
    assert due == NOW


async def test_a_job_that_a_host_ahead_took_is_due_again_today(db: Database) -> None:
    job = Job("job", timedelta(hours=1), lambda conn, shop_id, now: 0)

    async def taken(now: datetime) -> bool:
        due = await db.write(lambda conn: clock.due(conn, [job], now))
        held = await db.write(partial(clock.take, one=job, now=now)) if due else None
        if held is not None:
            await db.write(partial(clock.step, one=job, held=held, started=now, now=now))
        return held is not None

    assert [await taken(NOW), await taken(NOW + MINUTE)] == [True, False]
    assert [await taken(AHEAD), await taken(NOW + 2 * MINUTE), await taken(NOW + 3 * MINUTE)] == [
        True,
        True,
        False,
    ]


async def test_a_refresh_that_a_host_ahead_began_is_nobodys_for_longer_than_a_refresh(db: Database) -> None:
    shop = await installed(db)
    pair = await db.read(lambda conn: token_store.load_pair(conn, engine.KEYRING, shop.id))
    assert pair is not None

    async def leased(owner: str, now: datetime) -> bool:
        return await db.write(lambda conn: token_store.take_lease(conn, pair, owner, now))

    assert [await leased("dead", AHEAD), await leased("mine", NOW)] == [True, True]
    assert not await leased("another", NOW)


def test_the_clock_recalls_what_was_put_off_every_minute() -> None:
    [job] = ahead.JOBS
    assert (job.run, job.every) == (ahead.recall, MINUTE)
