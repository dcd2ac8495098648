"""The worker's rate with a long history behind it: against bare inserts, and against a short history."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from benchmarks import bare, bodies, history, seed
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.homes import Home, run
from benchmarks.processes import result
from benchmarks.sizes import Size
from plugin.database import Database

NAME = "worker"
SHOPS = 10
NEWCOMERS = 0.3
"""Share of orders whose customer is new."""


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end; the histories grow by each run's orders."""
    with ExitStack() as stack:
        short, long = (stack.enter_context(home.database()) for _ in range(2))
        shops = run(short, partial(_prepared, entries=size.few_entries, events=size.events))
        run(long, partial(_prepared, entries=size.many_entries, events=size.events))
        copy = stack.enter_context(home.copy(long))
        order, random = iter(range(seed.NEW_ORDERS, 2 * seed.NEW_ORDERS, size.events)), Random(1)
        while True:
            first, choice = next(order), random.random()
            after = run(long, _greatest)
            few = _drained(short, size.few_entries, size.events, first, choice)
            many = _drained(long, size.many_entries, size.events, first, choice)
            inserted = json.loads(result("benchmarks.bare", copy, json.dumps(after), url=long))
            assert len(shops) == SHOPS
            yield _figures(home, few, many, inserted["events"] / inserted["seconds"], inserted)


def _figures(
    home: Home, few: float, many: float, bare_rate: float, inserted: dict[str, float]
) -> list[Figure]:
    return [
        Figure(NAME, home.name, "rate / bare inserts", many / bare_rate, "", at_least(0.2)),
        Figure(NAME, home.name, "cost of an order, long / short history", few / many, "", at_most(1.3)),
        Figure(NAME, home.name, "orders, long history", many, "/s"),
        Figure(NAME, home.name, "orders, short history", few, "/s"),
        Figure(NAME, home.name, "bare inserts of as many orders", bare_rate, "/s"),
        Figure(NAME, home.name, "rows inserted for an order", inserted["rows"] / inserted["events"]),
    ]


async def _prepared(db: Database, *, entries: int, events: int) -> list[int]:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, SHOPS, now))
    await db.write(lambda conn: history.write(conn, shops, entries, now))
    await db.write(lambda conn: seed.pools(conn, shops, 4 * events // SHOPS, now))
    await db.write(lambda conn: seed.settled(conn, now))
    await db.write(history.settle)
    return shops


async def _greatest(db: Database) -> dict[str, int]:
    return await db.read(bare.greatest)


def _drained(url: str, entries: int, events: int, first: int, choice: float) -> float:
    """Have a worker handle new orders and return how many a second."""
    random, now = Random(choice), datetime.now(UTC)

    def told() -> Iterator[tuple[str, bytes]]:
        for number in range(first, first + events):
            whose = random.randrange(history.customers_of(entries))
            if random.random() < NEWCOMERS:
                whose += number
            yield seed.handle(whose % SHOPS), bodies.order(number, history.customer(whose), now)

    run(url, lambda db: seed.wait_in_inbox(db, told(), now))
    drained: dict[str, Any] = json.loads(result("benchmarks.drained", url=url))
    return float(drained["events"] / drained["seconds"])
