"""Shops and orders under load on one core and on two: accept, handle, show, and what each costs. Writes ``measured.json``.

Run as ``python -m benchmarks.loaded``; takes some minutes. On one core the app has it alone, on two it shares them with
the database and the load; two cores on PostgreSQL are two web processes and a worker of its own, woken through Redis.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from typing import Any

import uvloop

from benchmarks import bare, bodies, costs, history, machine, measured, readable, seed
from benchmarks.figures import quantile
from benchmarks.homes import POSTGRESQL, SQLITE, Home, homes, run
from benchmarks.load import in_turns
from benchmarks.measured import Measured, Run
from benchmarks.processes import Server, app, module, result
from benchmarks.processor import peak_kib, peak_kib_of_server
from benchmarks.sizes import FULL, QUICK, Size
from plugin.database import Database
from tests.servers import running_redis

CORES = (1, 2)
SHOPS = (1, 1_000)
A_SECOND = 25
SHORT = replace(FULL, turns=3, orders=300, events=4_000)


def main() -> int:
    """Measure and write it down; with ``--quick`` only see that everything runs, and write nothing."""
    quick = "--quick" in sys.argv
    size = QUICK if quick else SHORT
    machine.stand_aside()
    before = os.getloadavg()[0]
    runs = []
    with homes({SQLITE, POSTGRESQL}) as opened:
        for home in opened:
            for shops in SHOPS:
                with home.database() as origin:
                    run(origin, partial(prepared, shops=shops, orders=size.events))
                    for cores in CORES:
                        runs.append(_run(home, origin, cores, shops, size))
                        print(measured.row(runs[-1]), flush=True)
        sqlite, postgresql = opened
        found = costs.measure(sqlite, postgresql, size)
    whole = Measured(machine.words(), (before, os.getloadavg()[0]), runs, found)
    if quick:
        print(found)
    else:
        measured.write(whole)
    return 0


def _run(home: Home, origin: str, cores: int, shops: int, size: Size) -> Run:
    with machine.cores(cores):
        accepting = _accepting(home, shops, size)
        handling = _handling(home, origin, shops, size)
        showing = _showing(home, origin, cores, shops, size)
    return Run(home=home.name, cores=cores, shops=shops, **accepting, **handling, **showing)


def _accepting(home: Home, shops: int, size: Size) -> dict[str, Any]:
    path = home.folder / "appended"
    with (
        home.database() as url,
        module("benchmarks.appended", str(path), url=url) as appending,
        app(url, "--no-worker") as storing,
    ):
        made = partial(bodies.deliveries, *(seed.handle(number) for number in range(shops)))
        appended, stored = in_turns(appending, storing, made, size, home.processor)
        web = peak_kib(storing.pid)
    path.unlink()
    return {
        "accepted": stored.rate,
        "appended": appended.rate,
        "accept_cost": stored.cost,
        "accept_database": stored.database_cost,
        "web_kib": web,
    }


def _handling(home: Home, origin: str, shops: int, size: Size) -> dict[str, Any]:
    with home.copy(origin) as url, home.copy(origin) as copy:
        after = run(url, _greatest)
        run(url, partial(waiting, shops=shops, events=size.events))
        used = home.processor()
        drained = json.loads(result("benchmarks.drained", url=url))
        used = home.processor() - used
        inserted = json.loads(result("benchmarks.bare", copy, json.dumps(after), url=url))
    return {
        "handled": drained["events"] / drained["seconds"],
        "inserted": inserted["events"] / inserted["seconds"],
        "handle_cost": drained["processor"] / drained["events"] * 1e6,
        "handle_database": used / inserted["events"] * 1e6,
        "worker_kib": drained["kib"],
    }


def _showing(home: Home, origin: str, cores: int, shops: int, size: Size) -> dict[str, Any]:
    orders = size.orders
    with home.copy(origin) as url, _served(home, cores, url) as server:
        shown = readable.Shop(server.port, shops, A_SECOND)
        waits = uvloop.run(readable.shop_for(shown, seed.NEW_ORDERS, orders, size.warm_seconds))
        connection = 0 if home.server is None else peak_kib_of_server(home.server)
    return {
        "shown_median": quantile(waits, 0.5) * 1000,
        "shown_most": quantile(waits, 0.99) * 1000,
        "connection_kib": connection,
    }


@contextmanager
def _served(home: Home, cores: int, url: str) -> Iterator[Server]:
    if cores == 1 or home.name == SQLITE:
        with app(url) as server:
            yield server
        return
    with running_redis() as redis:
        shared = {"DANKBAR_REDIS_URL": redis.url}
        with (
            app(url, "--no-worker", "--workers", "2", more=shared) as server,
            app(url, more=shared),
        ):
            yield server


async def prepared(db: Database, *, shops: int, orders: int) -> None:
    """Install the shops and give each of them codes enough."""
    now = datetime.now(UTC)
    made = await db.write(lambda conn: seed.shops(conn, shops, now))
    await db.write(lambda conn: seed.pools(conn, made, 2 * orders // shops + 20, now))
    await db.write(lambda conn: seed.settled(conn, now))
    await db.write(history.settle)


async def waiting(db: Database, *, shops: int, events: int) -> None:
    """Let so many orders wait in the inbox, of the shops in turn."""
    now, numbers = datetime.now(UTC), range(seed.NEW_ORDERS, seed.NEW_ORDERS + events)
    handles = cycle(range(shops))
    told = (
        (seed.handle(shop), bodies.order(number, history.customer(number), now))
        for number, shop in zip(numbers, handles, strict=False)
    )
    await seed.wait_in_inbox(db, told, now)


async def _greatest(db: Database) -> dict[str, int]:
    return await db.read(bare.greatest)


if __name__ == "__main__":
    sys.exit(main())
