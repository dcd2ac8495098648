"""On PostgreSQL many workers work at once: what one has let pass, another's erasure still finds."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, select

from plugin.core import removals
from plugin.core.accounts import account
from plugin.core.adjustments import Adjustment, Outcome, adjust
from plugin.core.order_book import order
from plugin.core.removals import Removed
from plugin.database import Database, open_database
from plugin.shops import Shop
from tests import engine
from tests.engine import KEYRING, verified
from tests.integration.conftest import migrated
from tests.integration.privacy.buying import ANNA, FIRST, NOW, erase, purchase, redact, tell
from tests.integration.privacy.traces import traces
from tests.servers import PostgresServer
from webhooks import handle
from webhooks.erasure import erase_customer


async def installed(server: PostgresServer) -> str:
    url = server.create_database()
    await migrated(url)
    db = await open_database(url)
    await db.write(lambda conn: engine.install(conn, now=NOW - timedelta(days=200)))
    await db.close()
    return url


async def test_an_order_under_way_when_its_erasure_begins_is_erased(postgres_server: PostgresServer) -> None:
    url = await installed(postgres_server)
    one, other = await open_database(url), await open_database(url)
    passed, ended = threading.Event(), threading.Event()
    try:
        await one.write(lambda conn: engine.store(conn, "orders/create", purchase(0).body(), now=NOW))

        def slow(conn: Connection) -> None:
            handle.handle_due(conn, KEYRING, NOW, 10)
            passed.set()
            assert not ended.wait(0.5), "the erasure did not wait for the order"

        def erasing(conn: Connection) -> None:
            erase(conn, ANNA, FIRST)

        working = asyncio.create_task(asyncio.to_thread(_in_own_loop, url, slow))
        await asyncio.to_thread(passed.wait)
        await other.write(erasing)
        ended.set()
        await working
        assert await one.read(lambda conn: traces(conn, [ANNA, FIRST])) == []
        assert (await verified(one, NOW)).breaches == ()
    finally:
        await one.close()
        await other.close()


async def test_an_order_that_comes_while_its_erasure_is_under_way_waits_and_is_dropped(
    postgres_server: PostgresServer,
) -> None:
    url = await installed(postgres_server)
    db = await open_database(url)
    passed, ended = threading.Event(), threading.Event()
    try:
        await db.write(lambda conn: engine.store(conn, "customers/redact", redact(ANNA, FIRST), now=NOW))

        def slow(conn: Connection) -> None:
            handle.handle_due(conn, KEYRING, NOW, 10)
            passed.set()
            assert not ended.wait(0.5), "the order did not wait for the erasure"

        working = asyncio.create_task(asyncio.to_thread(_in_own_loop, url, slow))
        await asyncio.to_thread(passed.wait)

        def told(conn: Connection) -> None:
            engine.store(conn, "orders/create", purchase(0).body(), now=NOW)
            engine.handle_all(conn, NOW)

        await db.write(told)
        ended.set()
        await working
        assert await db.read(lambda conn: traces(conn, [ANNA, FIRST])) == []
        assert await db.read(lambda conn: conn.execute(select(order.c.id)).all()) == []
        assert await db.read(lambda conn: conn.execute(select(account.c.id)).all()) == []
    finally:
        await db.close()


async def test_a_correction_under_way_when_its_customer_is_erased_leaves_no_word(
    postgres_server: PostgresServer,
) -> None:
    url = await installed(postgres_server)
    db = await open_database(url)
    passed, ended = threading.Event(), threading.Event()
    wanted = Adjustment("one", 50, "Frau Meier rief an", 4_242_424_242, told=True)
    try:

        def bought(conn: Connection) -> int:
            tell(conn, purchase(0))
            return int(conn.execute(select(account.c.shop_id)).scalar_one())

        shop_id = await db.write(bought)

        def slow(conn: Connection) -> None:
            assert adjust(conn, shop_id, ANNA, wanted, None, NOW) is Outcome.POSTED
            passed.set()
            assert not ended.wait(0.5), "the erasure did not wait for the correction"

        working = asyncio.create_task(asyncio.to_thread(_in_own_loop, url, slow))
        await asyncio.to_thread(passed.wait)
        await db.write(lambda conn: erase(conn, ANNA, FIRST))
        ended.set()
        await working
        assert await db.read(lambda conn: traces(conn, [ANNA, FIRST, "Frau Meier", 4_242_424_242])) == []
        assert (await verified(db, NOW)).breaches == ()

        def after(conn: Connection) -> None:
            assert adjust(conn, shop_id, ANNA, replace(wanted, key="two"), None, NOW) is Outcome.NOBODY

        await db.write(after)
    finally:
        await db.close()


async def test_workers_and_erasures_all_at_once_leave_nothing_and_never_stall(
    postgres_server: PostgresServer,
) -> None:
    url = await installed(postgres_server)
    db = await open_database(url)
    try:

        def stored(conn: Connection) -> None:
            for number in range(40):
                engine.store(conn, "orders/create", purchase(number).body(), now=NOW)
                if number % 10 == 5:
                    listed = [FIRST + n for n in range(number)]
                    engine.store(conn, "customers/redact", redact(ANNA, *listed), now=NOW)

        await db.write(stored)

        async def work() -> None:
            while (await db.write(lambda conn: handle.handle_due(conn, KEYRING, NOW, 3))).taken:
                pass

        await asyncio.gather(*(work() for _ in range(6)))
        assert await db.read(lambda conn: traces(conn, [ANNA, *(FIRST + n for n in range(35))])) == []
        report = await verified(db, NOW)
        assert (report.breaches, report.inbox_waiting, report.parked) == ((), 0, 0)
    finally:
        await db.close()


async def test_two_erasures_of_one_person_at_once_are_one(db: Database) -> None:
    """One that Shopify asks for and one that the person asked for; whichever comes second finds nobody."""

    def bought(conn: Connection) -> Shop:
        shop = engine.install(conn, now=NOW - timedelta(days=200))
        for number in range(5):
            engine.store(conn, "orders/create", purchase(number).body(), now=NOW)
        engine.handle_all(conn, NOW)
        engine.redeem(conn, shop, ANNA, 20, NOW, NOW)
        engine.store(conn, "customers/redact", redact(ANNA, FIRST), now=NOW)
        return shop

    shop = await db.write(bought)
    await asyncio.gather(
        db.write(lambda conn: handle.handle_due(conn, KEYRING, NOW, 10)),
        *(db.write(lambda conn: erase_customer(conn, KEYRING, shop, ANNA, (), NOW)) for _ in range(3)),
    )
    assert await db.read(lambda conn: traces(conn, [ANNA, *(FIRST + n for n in range(5))])) == []
    [run] = await db.read(lambda conn: removals.runs(conn, shop.id, 10))
    assert run.counts == {Removed.PEOPLE: 1}
    report = await verified(db, NOW)
    assert (report.breaches, report.inbox_waiting, report.parked) == ((), 0, 0)


def _in_own_loop(url: str, work: Callable[[Connection], None]) -> None:
    async def run() -> None:
        db = await open_database(url)
        try:
            await db.write(work)
        finally:
            await db.close()

    asyncio.run(run())
