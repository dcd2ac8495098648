"""What a claim of tasks costs with ten million rows behind it, and one shop with very many in front of all others.

A task that is done is deleted; those set aside stand for the history.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, text

from benchmarks import seed
from benchmarks.figures import Figure
from benchmarks.homes import Home, run
from benchmarks.sizes import Size
from plugin import tasks
from plugin.database import Database
from plugin.worker import AT_ONCE, OF_ONE_SHOP

NAME = "turns"
SHOPS = 300
EACH = 10
CLAIMS = 200
PORTION = 100_000

SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT :low UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :high) SELECT i FROM n",
    "postgresql": "SELECT i FROM generate_series(CAST(:low AS bigint), CAST(:high AS bigint) - 1) AS s(i)",
}
_FILL = (
    "INSERT INTO task (shop_id, name, key, payload, state, due_at, created_at, ready) "
    "SELECT :shop, 'do', :kind || i, '{{}}', :state, :at, :at, :ready FROM ({series}) AS numbers"
)


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    history = 10 * size.many_entries
    with home.database() as url:
        run(url, partial(_prepared, history=history))
        while True:
            yield run(url, partial(_claimed, home=home.name, history=history))


async def _prepared(db: Database, *, history: int) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    shops = await db.write(lambda conn: seed.shops(conn, SHOPS + 1, at))
    for low in range(0, history, PORTION):
        high = min(history, low + PORTION)
        await db.write(partial(_fill, shop=shops[low % SHOPS], low=low, high=high, state="parked", at=at))
    many = history // 50
    await db.write(partial(_fill, shop=shops[0], low=0, high=many, state="waiting", at=at))
    later = at + timedelta(days=30)
    for shop in shops[1:]:
        await db.write(partial(_fill, shop=shop, low=0, high=EACH, state="waiting", at=at))
        await db.write(partial(_fill, shop=shop, low=EACH, high=3 * EACH, state="waiting", at=later))
    await db.compact(["task"])


def _fill(conn: Connection, *, shop: int, low: int, high: int, state: str, at: datetime) -> None:
    statement = text(_FILL.format(series=SERIES[conn.dialect.name]))
    known = tasks.task.c.due_at.type.bind_processor(conn.dialect)
    values = {"shop": shop, "kind": state, "state": state, "low": low, "high": high}
    ready = state == "waiting" and at <= datetime.now(UTC)
    conn.execute(statement, values | {"at": known(at) if known else at, "ready": ready})


async def _claimed(db: Database, *, home: str, history: int) -> list[Figure]:
    one, many, idle = list[float](), list[float](), list[float]()
    now, turn, seen = datetime.now(UTC), 0, set[int]()
    for number in range(CLAIMS):
        room = 1 if number % 2 else AT_ONCE
        start = perf_counter()
        claimed, turn = await db.write(
            partial(tasks.claim_in_turn, owner="me", now=now, most=room, after=turn, each=OF_ONE_SHOP)
        )
        (one if room == 1 else many).append(1000 * (perf_counter() - start))
        seen |= {each.shop_id for each in claimed}
        start = perf_counter()
        await db.write(
            partial(tasks.claim_in_turn, owner="you", now=datetime.min.replace(tzinfo=UTC), most=8)
        )
        idle.append(1000 * (perf_counter() - start))
    await db.write(lambda conn: tasks.release(conn, "me"))
    kept = f"{history:,} rows kept, {history // 50:,} waiting of one shop"
    return [
        Figure(NAME, home, f"claim of one task, {kept}", median(one), "ms"),
        Figure(NAME, home, f"claim of {AT_ONCE}", median(many), "ms"),
        Figure(NAME, home, "claim where nothing is due", median(idle), "ms"),
        Figure(NAME, home, f"shops of {SHOPS + 1} that {CLAIMS} claims served", len(seen)),
    ]
