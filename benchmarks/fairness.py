"""How much later others' webhooks and tasks are done while one shop sends a hundred times what each of them sends.

On PostgreSQL the workers are processes of their own, woken through Redis; on SQLite all is one process, as it is served.
Shopify answers every call of every task in the same time.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median
from time import perf_counter

import uvloop

from benchmarks import bodies, calling, history, machine, seed
from benchmarks.figures import Figure, at_most, quantile
from benchmarks.homes import SQLITE, Home, run
from benchmarks.processes import beside, environment
from benchmarks.sizes import Size
from plugin import tasks
from plugin.config import Config
from plugin.database import Database
from plugin.runtime import Runtime, open_runtime
from plugin.tasks import Wanted
from plugin.worker import TASKS_BELL
from tests.servers import running_redis
from webhooks.inbox import Received
from webhooks.receive import Door

NAME = "fairness"
OTHERS = 10
A_SECOND = 0.5
"""What each of the others sends a second; the one shop sends a hundred times as much."""

FLOOD = 100
WARM = 4
"""Seconds until everybody has sent twice."""

TURNS = 3

Rates = Mapping[int, float]
"""How much each shop sends a second."""

ALONE: Rates = dict.fromkeys(range(OTHERS), A_SECOND)
BESIDE: Rates = {**ALONE, OTHERS: FLOOD * A_SECOND}
SPREAD: Rates = {**ALONE, **dict.fromkeys(range(OTHERS + 1, OTHERS + 1 + FLOOD), A_SECOND)}
"""As much as beside the flood, of shops that all send the same."""


@dataclass(slots=True)
class _Traffic:
    """Shops that send to workers, and how long each waits."""

    runtime: Runtime
    shops: list[int]
    door: Door
    numbers: "count[int]"

    async def webhook(self, shop: int) -> float:
        """Send one, and return the seconds until its order can be read."""
        number, now, start = next(self.numbers), datetime.now(UTC), perf_counter()
        body = bodies.order(number, history.customer(number), now)
        told = Received("shopify", seed.handle(shop), f"e{number}", "orders/paid", now, now, body)
        with self.runtime.bells.listening(f"order:{self.shops[shop]}:{number}") as bell:
            await self.door.put(told)
            await bell.rung(60)
        return perf_counter() - start

    async def task(self, shop: int) -> float:
        """Ask for one, and return the seconds until it has been done."""
        key, now, start = str(next(self.numbers)), datetime.now(UTC), perf_counter()
        wanted = Wanted(self.shops[shop], calling.NAME, key, now, {})
        with self.runtime.bells.listening(calling.bell(key)) as bell:
            await self.runtime.db.write(lambda conn: tasks.enqueue(conn, [wanted], now))
            self.runtime.bells.ring(TASKS_BELL)
            await bell.rung(60)
        return perf_counter() - start


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    seconds = max(WARM, size.orders / size.orders_a_second)
    with home.database() as url, ExitStack() as stack:
        values = environment(url)
        if home.name != SQLITE:
            values |= {"DANKBAR_REDIS_URL": stack.enter_context(running_redis()).url}
        shops = run(url, _prepared)
        numbers = count(seed.NEW_ORDERS + 1)
        while True:
            figures = list[Figure]()
            for workers in (1,) if home.name == SQLITE else (1, 2):
                with ExitStack() as working, machine.cores(2):
                    for _ in range(workers if home.name != SQLITE else 0):
                        working.enter_context(beside("benchmarks.calling", values))
                    told = f"{workers} worker{'s' * (workers > 1)}"
                    figures += uvloop.run(_measured(values, shops, numbers, told, seconds, home.name))
            yield figures


async def _prepared(db: Database) -> list[int]:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, OTHERS + 1 + FLOOD, now))
    for some, each in ((shops[OTHERS : OTHERS + 1], 20_000), (shops[:OTHERS] + shops[OTHERS + 1 :], 500)):
        await db.write(lambda conn, some=some, each=each: seed.pools(conn, some, each, now))  # type: ignore[misc]
    return shops


async def _measured(
    values: Mapping[str, str], shops: list[int], numbers: "count[int]", told: str, seconds: float, home: str
) -> list[Figure]:
    figures = list[Figure]()
    sys.setswitchinterval(0.0005)  # as the app does
    async with open_runtime(Config.from_environment(values)) as runtime:
        worker = calling.worker(runtime) if home == SQLITE else None
        running = asyncio.create_task(worker.run()) if worker else None
        traffic = _Traffic(runtime, shops, Door(runtime.db, runtime.keyring, runtime.bells), numbers)
        for what, send in (("webhooks", traffic.webhook), ("tasks", traffic.task)):
            await _sent(send, WARM, BESIDE)
            figures += await _compared(send, seconds, f"{what}, {told}", home)
        if worker and running:
            worker.stop()
            await running
    return figures


async def _compared(
    send: Callable[[int], Awaitable[float]], seconds: float, told: str, home: str
) -> list[Figure]:
    """Measure the three kinds of traffic in turns, since the machine has other work too."""
    waits: dict[str, list[float]] = {"alone": [], "beside": [], "spread": []}
    for _ in range(TURNS):
        for kind, rates in (("alone", ALONE), ("beside", BESIDE), ("spread", SPREAD)):
            waits[kind] += await _sent(send, seconds / TURNS, rates)
    middle = {kind: median(waited) for kind, waited in waits.items()}
    return [
        Figure(
            NAME,
            home,
            f"{told}: others' median beside a flood / alone",
            middle["beside"] / middle["alone"],
            "",
            at_most(2),
        ),
        Figure(
            NAME, home, f"{told}: as much traffic of equal shops / alone", middle["spread"] / middle["alone"]
        ),
        Figure(NAME, home, f"{told}: others' median alone", 1000 * middle["alone"], "ms"),
        Figure(NAME, home, f"{told}: p95 alone", 1000 * quantile(waits["alone"], 0.95), "ms"),
        Figure(NAME, home, f"{told}: p95 beside a flood", 1000 * quantile(waits["beside"], 0.95), "ms"),
    ]


async def _sent(send: Callable[[int], Awaitable[float]], seconds: float, rates: Rates) -> list[float]:
    """Have everybody send for so long, and return what the others waited, each time."""

    async def steadily(place: int, shop: int, rate: float) -> list[float]:
        begun, start = list[asyncio.Future[float]](), perf_counter()
        for number in range(round(seconds * rate)):
            at = start + (number + place / len(rates)) / rate
            await asyncio.sleep(max(0.0, at - perf_counter()))
            begun.append(asyncio.ensure_future(send(shop)))
        return list(await asyncio.gather(*begun))

    found = await asyncio.gather(
        *(steadily(place, shop, rate) for place, (shop, rate) in enumerate(rates.items()))
    )
    return [waited for list_ in found[:OTHERS] for waited in list_]
