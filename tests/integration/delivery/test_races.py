"""On PostgreSQL the clock's jobs work beside erasures: what one is about to say, the other still takes."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, select

from plugin.database import open_database
from plugin.rederive import portion
from tests import engine
from tests.engine import KEYRING
from tests.integration.conftest import migrated
from tests.integration.delivery.parcels import at, bought, opened, tell
from tests.servers import PostgresServer
from webhooks import erasure
from widgets.delivery.review import review
from widgets.delivery.tables import delivery_change, delivery_parcel, delivery_promise
from widgets.delivery.watch import watch

LATER = at("2026-03-30T10:00")
ANNA = 4711

JOBS: dict[str, Callable[[Connection], object]] = {
    "watch": lambda conn: watch(conn, None, LATER),
    "review": lambda conn: review(conn, None, LATER),
    "rederive": lambda conn: portion(conn, 1, at("1990-01-01T00:00"), 0, LATER),
}


@pytest.mark.parametrize("job", JOBS)
async def test_an_erasure_waits_for_the_job_and_takes_what_it_wrote(
    postgres_server: PostgresServer, job: str
) -> None:
    url = postgres_server.create_database()
    await migrated(url)
    db = await open_database(url)
    passed, ended = threading.Event(), threading.Event()
    try:
        shop = await opened(db)
        sent = bought("2026-03-02T09:00", customer=ANNA)
        parcel = sent.hand_over("2026-03-03T15:00")
        sent.scan(parcel, "2026-03-03T20:00")
        await tell(db, shop, "2026-03-03T21:00", *sent.told)

        def slow(conn: Connection) -> None:
            JOBS[job](conn)
            passed.set()
            assert not ended.wait(0.5), "the erasure did not wait"

        working = asyncio.create_task(asyncio.to_thread(_alone, url, slow))
        await asyncio.to_thread(passed.wait)
        await db.write(lambda conn: erasure.erase_customer(conn, KEYRING, shop, ANNA, (), LATER))
        ended.set()
        await working

        def booked(conn: Connection) -> int:
            tables = (delivery_promise, delivery_change, delivery_parcel)
            return sum(conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)

        assert await db.read(booked) == 0
        assert (await engine.verified(db, LATER)).breaches == ()
    finally:
        await db.close()


def _alone(url: str, work: Callable[[Connection], None]) -> None:
    async def run() -> None:
        db = await open_database(url)
        try:
            await db.write(work)
        finally:
            await db.close()

    asyncio.run(run())
