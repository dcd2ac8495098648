"""A shop that goes does not go on paying: cancelled with what is paid, ended at once where it is erased."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from plugin import shops, tasks
from plugin.billing import leaving
from plugin.billing.leaving import LEAVE, orphan
from plugin.billing.nobody import NOBODY
from plugin.billing.subscriptions import State
from plugin.database import Database
from plugin.runtime import Runtime
from plugin.shopify.client import Gateway
from plugin.tasks import task
from plugin.wake import Bells
from plugin.worker import Worker, jobs_of, run_job
from tests import engine
from tests.integration.billing.stage import SMALL, Stage, staged
from tests.integration.widgets.stage import config
from webhooks import erasure
from webhooks.app import uninstalled
from webhooks.inbox import Event


@pytest.fixture
async def stage(db: Database) -> AsyncIterator[Stage]:
    async with staged(db) as found:
        yield found


def runtime(stage: Stage) -> Runtime:
    settings = config("sqlite://")
    gateway = Gateway(settings, stage.db, engine.KEYRING, stage.browser)
    return Runtime(settings, stage.db, engine.KEYRING, Bells(), gateway, stage.billing)


async def uninstall(stage: Stage) -> None:
    at = datetime.now(UTC) + timedelta(seconds=5)
    event = Event(1, "shopify", stage.shop.handle, "w", "app/uninstalled", at, at, b"{}", 0)
    await stage.db.write(lambda conn: uninstalled(conn, event, stage.shop, at, engine.KEYRING))


async def erase(stage: Stage) -> None:
    at = datetime.now(UTC) + timedelta(days=2)
    await stage.db.write(lambda conn: erasure.erase_shop(conn, stage.shop.handle, 0, at))


async def left(stage: Stage) -> list[str]:
    return await stage.db.read(lambda conn: list(conn.execute(select(task.c.name)).scalars()))


async def work(stage: Stage) -> None:
    worker = Worker(runtime(stage))
    claimed = await stage.db.write(
        lambda conn: tasks.claim(conn, worker._owner, stage.now() + timedelta(minutes=1), 16)
    )
    for one in claimed:
        await worker.run_task(one)


async def end_job(stage: Stage) -> int:
    parts = runtime(stage)
    (job,) = (one for one in jobs_of(parts) if one.name == "billing.end")
    return await run_job(parts, job, stage.now())


async def test_a_shop_that_uninstalls_pays_no_other_month_and_may_resume_when_it_comes_back(
    stage: Stage,
) -> None:
    sub = await stage.subscribe()
    await stage.refresh()
    await uninstall(stage)
    await work(stage)
    assert (sub["status"], sub["cancel_at_period_end"]) == ("active", True)
    assert await left(stage) == []
    later = datetime.now(UTC) + timedelta(days=1)
    stage.shop = await stage.db.write(lambda conn: engine.install(conn, now=later))
    row = await stage.refresh()
    assert (row.state, row.plan, row.cancel_at) == (State.CANCELLED, SMALL, row.period_end)
    await stage.billing.resume(stage.shop, stage.now())
    assert (await stage.row()).state is State.ACTIVE


async def test_a_shop_that_is_back_before_its_turn_keeps_its_plan(stage: Stage) -> None:
    sub = await stage.subscribe()
    await stage.refresh()
    await uninstall(stage)
    later = datetime.now(UTC) + timedelta(days=1)
    await stage.db.write(lambda conn: engine.install(conn, now=later))
    await work(stage)
    assert sub["cancel_at_period_end"] is False


async def test_while_stripe_is_silent_the_cancellation_waits(stage: Stage) -> None:
    await stage.subscribe()
    await stage.refresh()
    await uninstall(stage)
    stage.account.down = True
    await work(stage)
    assert await left(stage) == [LEAVE]


async def test_a_shop_without_a_subscription_asks_for_nothing(stage: Stage) -> None:
    await stage.refresh()
    await uninstall(stage)
    assert await left(stage) == []
    await erase(stage)
    assert await end_job(stage) == 0


async def test_an_erased_shop_s_subscription_ends_at_once_however_long_stripe_is_silent(stage: Stage) -> None:
    sub = await stage.subscribe()
    await stage.refresh()
    await uninstall(stage)
    await erase(stage)
    assert await stage.db.read(lambda conn: shops.find_shop(conn, stage.shop.handle)) is None
    stage.account.down = True
    assert await end_job(stage) == 0
    stage.account.down = False
    assert await end_job(stage) == 1
    assert sub["status"] == "canceled"
    assert await stage.db.read(lambda conn: conn.execute(orphan.select()).all()) == []
    assert await end_job(stage) == 0


async def test_one_that_is_gone_at_stripe_is_not_asked_about_for_ever(stage: Stage) -> None:
    sub = await stage.subscribe()
    await stage.refresh()
    await uninstall(stage)
    await erase(stage)
    sub["status"] = "canceled"
    assert await end_job(stage) == 1


def test_where_nobody_pays_nothing_is_ended() -> None:
    assert leaving.jobs(NOBODY) == ()
