"""A thousand orders, each told five times in any order, and four workers: a thousand coupons, none double, none lost."""

import asyncio
import json
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text

from plugin.config import Config
from plugin.database import Database, open_database
from plugin.runtime import Runtime
from plugin.worker import Worker
from tests.integration.coupon.shopify import CLIENT, SECRET, Errand, NewErrand
from tests.oracle.bodies import Piece
from tests.oracle.purchase import Purchase
from webhooks import inbox
from webhooks.inbox import HANDLED, Received
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import GIVEN, coupon, coupon_budget, coupon_code

WORKERS, TIMES = 4, 5


def purchases(count: int, errand: Errand) -> list[Purchase]:
    """Paid orders of a moment ago, one after the other."""
    made = []
    for number in range(1, count + 1):
        piece = Piece(number * 10, 4990)
        bought = Purchase(id=number, placed_at=errand.stage.now, pieces=[piece], shipping=0)
        bought.place("paid")
        made.append(bought)
    return made


async def store(errand: Errand, bought: list[Purchase], random: Random) -> int:
    """Have every webhook of every order stored so many times under ids of their own; returns how many."""
    told = [
        (one.topic, one.body)
        for each in bought
        for one in islice(cycle(each.deliveries), TIMES)
        if one.body is not None
    ]
    random.shuffle(told)
    keyring, now = errand.gateway.link.keyring, datetime.now(UTC)
    rows = [
        Received("shopify", errand.handle, f"w{number}", topic, now, now, json.dumps(body).encode()).row(
            keyring
        )
        for number, (topic, body) in enumerate(told)
    ]
    for start in range(0, len(rows), 500):
        portion = rows[start : start + 500]
        await errand.stage.db.write(lambda conn, portion=portion: inbox.store(conn, portion))  # type: ignore[misc]
    return len(rows)


async def storm(errand: Errand, database_url: str, bought: list[Purchase]) -> None:
    """Four workers empty the inbox at once, and tasks run as they are asked for, until nothing is left of either."""
    told = await store(errand, bought, Random(7))
    given = {
        "SHOPIFY_API_KEY": CLIENT,
        "SHOPIFY_API_SECRET": SECRET,
        "DANKBAR_SECRET_KEY": "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4",
        "DANKBAR_DATABASE_URL": database_url,
    }
    config = Config.from_environment(given)
    own = [errand.stage.db]
    if database_url.startswith("postgresql"):
        own = [await open_database(database_url) for _ in range(WORKERS)]
    workers = [
        Worker(
            Runtime(config, own[turn % len(own)], errand.gateway.link.keyring, errand.bells, errand.gateway)
        )
        for turn in range(WORKERS)
    ]
    try:
        await asyncio.gather(*(worker.drain() for worker in workers), errand.work())
        await errand.work()
    finally:
        for db in own:
            if db is not errand.stage.db:
                await db.close()
    handled = select(func.count()).where(inbox.inbox.c.state == HANDLED)
    assert await errand.stage.db.read(lambda conn: conn.execute(handled).scalar_one()) == told


async def rows(db: Database, statement: Any) -> list[Any]:
    def read(conn: Connection) -> list[Any]:
        return list(conn.execute(statement))

    return await db.read(read)


async def deadlocks(db: Database) -> int:
    """How often PostgreSQL had to end a circle of waiting transactions in this database."""
    if db.dialect != "postgresql":
        return 0
    await db.read(lambda conn: conn.exec_driver_sql("SELECT pg_stat_force_next_flush()"))
    counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int((await rows(db, counted))[0][0])


async def test_every_order_has_one_code_and_every_code_one_order(errand: Errand, database_url: str) -> None:
    await errand.work()
    await storm(errand, database_url, purchases(1000, errand))
    assert errand.failures == []
    db = errand.stage.db
    given = await rows(
        db, select(coupon_code.c.order_ref, coupon_code.c.code).where(coupon_code.c.state == GIVEN)
    )
    assert len(given) == len({row.order_ref for row in given}) == len({row.code for row in given}) == 1000
    assert {row.code for row in given} <= errand.codes()
    assert [tuple(row) for row in await rows(db, select(func.count()).select_from(coupon))] == [(1000,)]
    assert await rows(db, select(coupon.c.order_ref).where(coupon.c.waiting)) == []
    assert len(errand.discounts) == 1
    assert await errand.stage.breaches() == []
    assert await deadlocks(db) == 0


@pytest.mark.parametrize("cap", [57])
async def test_no_number_of_workers_passes_the_cap(
    new_errand: NewErrand, database_url: str, cap: int
) -> None:
    five = {"kind": "amount", "value": 500, "minimum_subtotal": 3000, "monthly_cap": cap * 500}
    errand = await new_errand(CouponSettings.model_validate(five))
    await errand.work()
    await storm(errand, database_url, purchases(200, errand))
    db = errand.stage.db
    owed = await rows(db, select(func.count()).where(coupon.c.refusal.is_(None)))
    refused = await rows(db, select(func.count()).where(coupon.c.refusal == "cap"))
    assert (owed[0][0], refused[0][0]) == (cap, 200 - cap)
    assert [row.issued for row in await rows(db, select(coupon_budget.c.issued))] == [cap * 500]
    assert await errand.stage.breaches() == []
