"""How much later others' webhooks and tasks are done while one shop sends a hundred times what each of them sends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from statistics import median
from time import perf_counter

import uvloop

from benchmarks import bodies, history, seed
from benchmarks.figures import Figure, at_most, quantile
from benchmarks.homes import SQLITE, Home, run
from benchmarks.processes import environment
from benchmarks.sizes import Size
from plugin import tasks
from plugin.config import Config
from plugin.database import Database
from plugin.runtime import Runtime, open_runtime
from plugin.tasks import TaskRun, Wanted
from plugin.worker import TASKS_BELL, Worker
from webhooks.inbox import Received
from webhooks.receive import Door

NAME = "fairness"
OTHERS = 10
A_SECOND = 0.5
"""What each of the others sends a second; the one shop sends a hundred times as much."""

FLOOD = 100
WARM = 4
"""Seconds until everybody has sent twice."""

CALL = 0.03
"""Seconds that a task's call to Shopify takes."""


@dataclass(slots=True)
class _Traffic:
    """Shops that send to workers, and what became of it; the last shop is the one that floods."""

    runtime: Runtime
    shops: list[int]
    door: Door
    numbers: "count[int]"
    ended: dict[str, asyncio.Event] = field(default_factory=dict)

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
        done = self.ended[key] = asyncio.Event()
        wanted = Wanted(self.shops[shop], "bench", key, now, {})
        await self.runtime.db.write(lambda conn: tasks.enqueue(conn, [wanted], now))
        self.runtime.bells.ring(TASKS_BELL)
        await done.wait()
        return perf_counter() - start

    async def call(self, run: TaskRun) -> None:
        """Do a task: wait as for Shopify."""
        await asyncio.sleep(CALL)
        self.ended.pop(run.key).set()


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    seconds = max(WARM, size.orders / size.orders_a_second)
    with home.database() as url:
        shops = run(url, _prepared)
        numbers = count(seed.NEW_ORDERS + 1)
        while True:
            yield [
                figure
                for workers in ((1,) if home.name == SQLITE else (1, 2))
                for figure in uvloop.run(_measured(url, shops, numbers, workers, seconds, home.name))
            ]


async def _prepared(db: Database) -> list[int]:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, OTHERS + 1, now))
    await db.write(lambda conn: seed.pools(conn, shops, 10_000, now))
    return shops


async def _measured(
    url: str, shops: list[int], numbers: "count[int]", workers: int, seconds: float, home: str
) -> list[Figure]:
    figures = []
    async with open_runtime(Config.from_environment(environment(url))) as runtime:
        traffic = _Traffic(runtime, shops, Door(runtime.db, runtime.keyring, runtime.bells), numbers)
        hands = [Worker(runtime) for _ in range(workers)]
        for one in hands:
            one._handlers = {**one._handlers, "bench": traffic.call}  # noqa: SLF001
            one._jobs = ()  # noqa: SLF001
        running = [asyncio.create_task(one.run()) for one in hands]
        for what, send in (("webhooks", traffic.webhook), ("tasks", traffic.task)):
            await _sent(send, WARM, 0)
            alone, beside = await _sent(send, seconds, 0), await _sent(send, seconds, FLOOD)
            told = f"{what}, {workers} worker{'s' * (workers > 1)}"
            ratio = median(beside) / median(alone)
            figures += [
                Figure(NAME, home, f"{told}: others' median beside a flood / alone", ratio, "", at_most(2)),
                Figure(NAME, home, f"{told}: others' median alone", 1000 * median(alone), "ms"),
                Figure(NAME, home, f"{told}: p95 alone", 1000 * quantile(alone, 0.95), "ms"),
                Figure(NAME, home, f"{told}: p95 beside a flood", 1000 * quantile(beside, 0.95), "ms"),
            ]
        for one in hands:
            one.stop()
        await asyncio.gather(*running)
    return figures


async def _sent(send: Callable[[int], Awaitable[float]], seconds: float, flood: int) -> list[float]:
    """Have everybody send for so long, and return what the others waited, each time."""

    async def steadily(shop: int, rate: float) -> list[float]:
        begun, start = list[asyncio.Future[float]](), perf_counter()
        for number in range(int(seconds * rate)):
            at = start + (number + shop / (OTHERS + 1)) / rate
            await asyncio.sleep(max(0.0, at - perf_counter()))
            begun.append(asyncio.ensure_future(send(shop)))
        return list(await asyncio.gather(*begun))

    rates = dict.fromkeys(range(OTHERS), A_SECOND) | ({OTHERS: flood * A_SECOND} if flood else {})
    found = await asyncio.gather(*(steadily(shop, rate) for shop, rate in rates.items()))
    return [waited for list_ in found[:OTHERS] for waited in list_]
