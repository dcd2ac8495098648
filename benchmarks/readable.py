"""From the accepted webhook of an order to its coupon and points on the thank-you page, at 50 orders a second."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import uvloop

from benchmarks import bodies, history, seed
from benchmarks.figures import Figure, at_most, quantile
from benchmarks.homes import Home, run
from benchmarks.load import Answer, Connection, Refused, ask, connect
from benchmarks.processes import CLIENT, SECRET, app
from benchmarks.sizes import Size
from plugin.database import Database
from sandbox.tokens import shopper_token

NAME = "webhook to page"
SHOPS = 50
FRESH = 2.0
"""Seconds for which an idle connection is used again, before the server would close it."""

AGAIN = 2.0
"""Seconds until a page asks again that was told the order is not here yet, as Retry-After says."""

PATIENCE = 20.0
"""Seconds after which an order counts as not shown at all."""


@dataclass(slots=True)
class Shop:
    """Buyers of one run, in so many shops at such a rate: connections they share, and how long each of them waited."""

    port: int
    shops: int
    a_second: int
    idle: list[tuple[float, Connection]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a kept connection."""
        lent = None
        while self.idle and lent is None:
            since, kept = self.idle.pop()
            if perf_counter() - since < FRESH:
                lent = kept
            else:
                kept.close()
        lent = lent or await connect(self.port)
        yield lent
        self.idle.append((perf_counter(), lent))

    async def buy(self, number: int, *, counts: bool) -> None:
        """Deliver an order's webhook, then ask for the order as its thank-you page does until all is there."""
        shop, customer = seed.handle(number % self.shops), history.customer(number)
        now = datetime.now(UTC)
        before, after = bodies.request(shop, bodies.order(number, customer, now))
        asked = page(shop, number, customer, now)
        async with self.connection() as connection:
            answer = await ask(connection, before + str(number).encode() + after)
            if answer.status != 200:
                raise Refused(f"webhook: {answer.status} {answer.body[:200]!r}")
            accepted = perf_counter()
            while not _complete(await ask(connection, asked)):
                if perf_counter() - accepted > PATIENCE:
                    raise Refused("an order's coupon and points were not shown")
                await asyncio.sleep(AGAIN)
            if counts:
                self.waits.append(perf_counter() - accepted)


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    numbers = iter(range(seed.NEW_ORDERS, 2 * seed.NEW_ORDERS, size.orders))
    while True:
        with home.database() as url:
            run(url, lambda db: _prepared(db, size))
            with app(url) as server:
                shopping = Shop(server.port, SHOPS, size.orders_a_second)
                waits = uvloop.run(shop_for(shopping, next(numbers), size.orders, size.warm_seconds))
        yield [
            Figure(NAME, home.name, "p99", quantile(waits, 0.99) * 1000, "ms", at_most(250)),
            Figure(NAME, home.name, "median", quantile(waits, 0.5) * 1000, "ms", at_most(50)),
            Figure(NAME, home.name, "longest", max(waits) * 1000, "ms"),
            Figure(NAME, home.name, "orders shown", len(waits)),
        ]


async def _prepared(db: Database, size: Size) -> None:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, SHOPS, now))
    await db.write(lambda conn: seed.pools(conn, shops, 2 * size.orders // SHOPS + 2, now))
    await db.write(lambda conn: seed.settled(conn, now))


async def shop_for(shopping: Shop, first: int, orders: int, warm_seconds: float) -> list[float]:
    """Buy so many orders, numbered from ``first``; return how long each waited for its coupon and points."""
    loop = asyncio.get_running_loop()
    warm = int(shopping.a_second * warm_seconds)
    start = loop.time()
    async with asyncio.TaskGroup() as group:
        for turn in range(warm + orders):
            await asyncio.sleep(max(0.0, start + turn / shopping.a_second - loop.time()))
            group.create_task(shopping.buy(first + turn, counts=turn >= warm))
    for _, connection in shopping.idle:
        connection.close()
    return shopping.waits


def page(shop: str, number: int, customer: int, now: datetime) -> bytes:
    """Return the request with which an order's thank-you page asks for it."""
    token = shopper_token(
        SECRET, client_id=CLIENT, shop_domain=f"{shop}.myshopify.com", customer_id=customer, now=now
    )
    path = f"/ext/orders/{number}?checkout_token={bodies.checkout_token(number)}&surface=thank_you&locale=de"
    # Every buyer comes from an address of their own; all are on this machine.
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()


def _complete(answer: Answer) -> bool:
    if answer.status == 202:
        return False
    if answer.status != 200:
        raise Refused(f"page: {answer.status} {answer.body[:200]!r}")
    shown = json.loads(answer.body)["widgets"]
    return bool(shown["coupon"]["state"] == "ready" and shown["loyalty"]["order"]["earned"] == 60)
