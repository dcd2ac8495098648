"""Each night's check is kept for every shop, holds up nobody, and says what webhooks had missed."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.dialects import sqlite

from plugin import nightly, shops, verify
from plugin.clock import Job
from plugin.config import Config
from plugin.core.accounts import account
from plugin.core.ledger import ledger_entry
from plugin.database import Database, open_database, portions
from plugin.nightly import JOBS, check, check_due, due, last_check, last_night
from plugin.runtime import open_runtime
from plugin.shopify import FetchedOrder
from plugin.worker import Worker, jobs
from tests import engine
from tests.integration.engine.stories import ANNA, BERT, NOW, bought, installed, tell
from tests.integration.engine.test_reconcile import fetched, merged
from tests.integration.engine.test_tasks import ENVIRONMENT
from widgets.loyalty import invariants

NIGHT = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
"""Three o'clock in Berlin."""


def spoil(conn: Connection) -> None:
    conn.execute(update(account).where(account.c.customer_id.in_((ANNA, BERT))).values(total=999))


async def test_every_installed_shop_is_checked_once_a_night_and_what_was_found_is_kept(db: Database) -> None:
    shop = await installed(db)
    other = await installed(db, handle_="other", zone="America/New_York")
    gone = await installed(db, handle_="gone")
    await db.write(lambda conn: shops.record_uninstall(conn, gone.id, NOW, NOW))
    await db.write(lambda conn: tell(conn, bought(1), bought(2, customer=BERT)))
    assert await check_due(db, None, NIGHT) == 2
    found = await db.read(lambda conn: last_check(conn, shop.id))
    assert found is not None
    assert (found.at, found.accounts, found.entries, found.ok) == (NIGHT, 2, 2, True)
    empty = await db.read(lambda conn: last_check(conn, other.id))
    assert empty is not None
    assert (empty.accounts, empty.entries, empty.ok) == (0, 0, True)
    assert await db.read(lambda conn: last_check(conn, gone.id)) is None

    async def waiting(at: datetime) -> list[int]:
        return [one.id for one in await db.read(lambda conn: due(conn, None, at))]

    assert await waiting(NIGHT + timedelta(hours=5, minutes=59)) == []
    assert await waiting(NIGHT + timedelta(hours=6)) == [other.id]
    assert await waiting(NIGHT + timedelta(hours=23, minutes=59)) == [other.id]
    assert await waiting(NIGHT + timedelta(days=1)) == [shop.id, other.id]
    assert await check_due(db, other.id, NIGHT + timedelta(days=1)) == 1
    assert await waiting(NIGHT + timedelta(days=1)) == [shop.id]


def test_the_night_begins_at_three_on_the_shops_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert last_night(NIGHT - timedelta(seconds=1), berlin) == NIGHT - timedelta(days=1)
    assert last_night(NIGHT, berlin) == NIGHT
    winter = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert last_night(winter, berlin) == datetime(2026, 12, 1, 2, tzinfo=UTC)


async def test_differences_are_kept_by_what_does_not_hold_until_they_are_gone(db: Database) -> None:
    shop = await installed(db)
    other = await installed(db, handle_="other")
    await db.write(lambda conn: tell(conn, bought(1), bought(2, customer=BERT)))
    await db.write(spoil)
    await check_due(db, None, NIGHT)
    found = await db.read(lambda conn: last_check(conn, shop.id))
    assert found is not None
    assert not found.ok
    assert found.differences["total"] == 2
    assert {one.invariant for one in found.details} == found.differences.keys()
    assert "999" in found.details[0].detail
    unhurt = await db.read(lambda conn: last_check(conn, other.id))
    assert unhurt is not None
    assert unhurt.ok
    await db.write(lambda conn: conn.execute(update(account).values(total=49)))
    await check(db, shop, NIGHT + timedelta(hours=1))
    healed = await db.read(lambda conn: last_check(conn, shop.id))
    assert healed is not None
    assert (healed.ok, healed.details, healed.at) == (True, (), NIGHT + timedelta(hours=1))


async def test_however_much_is_wrong_a_bounded_part_of_it_is_remembered(db: Database) -> None:
    shop = await installed(db)

    def many(conn: Connection) -> None:
        rows = [{"shop_id": shop.id, "root_id": None, "total": 1} for _ in range(verify.MOST_BREACHES + 50)]
        conn.execute(insert(account), rows)
        conn.execute(update(account).values(root_id=account.c.id))

    await db.write(many)
    report = await check(db, shop, NIGHT)
    assert len(report.breaches) == verify.MOST_BREACHES
    found = await db.read(lambda conn: last_check(conn, shop.id))
    assert found is not None
    assert len(found.details) == nightly.MOST_DETAILS
    assert sum(found.differences.values()) == verify.MOST_BREACHES


async def test_rows_come_in_portions_and_other_statements_are_run_in_between(db: Database) -> None:
    shop = await installed(db)
    rows = [{"shop_id": shop.id, "total": number} for number in range(25)]
    await db.write(lambda conn: conn.execute(insert(account), rows))

    def work(conn: Connection) -> list[int]:
        sizes = []
        for portion in portions(conn, select(account.c.id), 10):
            conn.execute(text("SELECT 1")).all()
            sizes.append(len(portion))
        return sizes

    assert await db.snapshot(work) == [10, 10, 5]


@pytest.mark.parametrize("shop", [None, 1])
async def test_no_portion_costs_all_the_rest(db: Database, shop: int | None) -> None:
    """A million accounts once took hours: each portion of them sorted what was left."""
    if db.dialect != "sqlite":
        return
    for statement in (invariants._ACCOUNTS, invariants._EXPIRING):
        own = statement if shop is None else statement.where(account.c.shop_id == shop)
        compiled = own.params(after=0).compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
        )
        explain = text(f"EXPLAIN QUERY PLAN {compiled}")
        plan = await db.read(partial(_rows, statement=explain))
        assert "TEMP B-TREE" not in plan


def _rows(conn: Connection, statement: Any) -> str:
    return repr(conn.execute(statement).all())


@pytest.fixture
async def file(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite file, where one thread writes."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "one.db"))
    db = await open_database(f"sqlite:///{path}")
    yield db
    await db.close()


async def test_a_check_keeps_no_writer_waiting_and_sees_one_state(file: Database) -> None:
    shop = await installed(file)
    began, go_on = threading.Event(), threading.Event()

    def long(conn: Connection) -> tuple[int, int]:
        count = select(ledger_entry.c.id)
        before = len(conn.execute(count).all())
        began.set()
        go_on.wait(30)
        return before, len(conn.execute(count).all())

    reading = asyncio.create_task(file.snapshot(long))
    await asyncio.to_thread(began.wait, 30)
    await file.write(lambda conn: tell(conn, bought(1)))
    assert (await file.snapshot(lambda conn: verify.verify(conn, None, shop.id, NOW))).entries == 1
    go_on.set()
    assert await reading == (0, 0)


async def test_a_check_that_nobody_waits_for_ends_before_its_next_statement(file: Database) -> None:
    await installed(file)
    began, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def long(conn: Connection) -> None:
        conn.execute(text("SELECT 1"))
        began.set()
        go_on.wait(30)
        conn.execute(text("SELECT 2"))
        done.append("the second statement")

    reading = asyncio.create_task(file.snapshot(long))
    await asyncio.to_thread(began.wait, 30)
    reading.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert done == []


async def test_what_follows_a_job_holds_up_no_other_job_and_is_broken_off_at_the_end(
    database_url: str,
) -> None:
    config = Config.from_environment(ENVIRONMENT | {"DANKBAR_DATABASE_URL": database_url})
    began, other, forever = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def never(db: Database, shop_id: int | None, now: datetime) -> int:
        began.set()
        await forever.wait()
        return 0

    def later(conn: Connection, shop_id: int | None, now: datetime) -> int:
        loop.call_soon_threadsafe(other.set)
        return 0

    loop = asyncio.get_running_loop()
    async with open_runtime(config) as runtime:
        jobs = (
            Job("a.long", timedelta(days=1), lambda *_: 0, never),
            Job("b.next", timedelta(days=1), later),
        )
        worker = Worker(runtime, jobs=jobs)
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            await began.wait()
            await other.wait()
            worker.stop()
            await running


def test_the_clock_asks_for_the_check_every_hour() -> None:
    (job,) = JOBS
    assert job.every == timedelta(hours=1)
    names = [one.name for one in jobs(engine.KEYRING)]
    assert names.index("books.verify") < names.index("privacy.vacuum")


async def test_what_webhooks_missed_is_counted_once_and_not_what_they_told(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: tell(conn, bought(1), bought(2)))
    changed = bought(2)
    changed.refund(5, favour=1_000)
    told = [bought(1).body(), changed.body(), bought(3).body()]
    outcome = await merged(db, shop, *(fetched(body, shop) for body in told))
    assert (outcome.fetched, outcome.missed) == (3, 2)
    again = await merged(db, shop, *(fetched(body, shop) for body in told))
    assert (again.fetched, again.missed) == (3, 0)


async def test_only_another_time_of_change_is_nothing_missed(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: tell(conn, bought(1)))
    same = fetched(bought(1).body(), shop)
    snapshot = same.arrival.snapshot
    assert snapshot is not None
    facts = replace(snapshot.facts, updated_at=snapshot.facts.updated_at + timedelta(minutes=5))
    arrival = replace(same.arrival, snapshot=replace(snapshot, facts=facts))
    assert (await merged(db, shop, FetchedOrder(arrival, same.checkout_token))).missed == 0
