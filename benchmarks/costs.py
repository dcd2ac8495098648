"""What one unit costs: a page, a fragment, a row on disk, the database's log of a webhook and of an order."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

from sqlalchemy import Connection, text

from benchmarks import history, loaded, readable, reading, seed
from benchmarks.homes import Home, run
from benchmarks.load import press
from benchmarks.measured import Costs
from benchmarks.processes import app, result
from benchmarks.sizes import Size
from plugin.database import Database

SHOPS = 200
"""Enough that none meets its limit of requests a second."""

_LOG = text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
_TOTAL = text(
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_SIZE = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")


def measure(sqlite: Home, postgresql: Home, size: Size) -> Costs:
    """Measure each on a database of its own."""
    shown = _fragments(postgresql, size)
    stored = _accepts(postgresql, size)
    kept = _orders(postgresql, size)
    return Costs(**shown, **stored, **kept, order_sqlite=_file(sqlite, size))


def _fragments(home: Home, size: Size) -> dict[str, float]:
    with home.database() as url:
        run(url, reading._prepared)  # noqa: SLF001 the same shops and customers
        with app(url, "--no-worker") as server:
            found = press(
                server,
                reading._requests(""),  # noqa: SLF001
                warm=size.warm_seconds,
                seconds=size.turn_seconds * size.turns,
                database=home.processor,
            )
    return {"fragment": found.cost, "fragment_database": found.database_cost}


def _accepts(home: Home, size: Size) -> dict[str, float]:
    """The bodies are orders of three lines, as most are; the rows are those that wait."""
    count = size.events // 4
    with home.database() as url:
        run(url, partial(loaded.prepared, shops=SHOPS, orders=0))
        log, room = run(url, _state)
        run(url, partial(loaded.waiting, shops=SHOPS, events=count))
        after, taken = run(url, _state)
    return {
        "log_of_accept": (after - log) / count,
        "waiting": (taken - room) / count,
    }


def _orders(home: Home, size: Size) -> dict[str, float]:
    with home.database() as url:
        run(url, partial(loaded.prepared, shops=SHOPS, orders=size.events))
        run(url, partial(loaded.waiting, shops=SHOPS, events=size.events))
        before = run(url, _sizes)
        json.loads(result("benchmarks.drained", url=url))
        run(url, _vacuumed)
        after = run(url, _sizes)
        with app(url, "--no-worker") as server:
            pages = press(
                server,
                _pages(size.events),
                warm=size.warm_seconds,
                seconds=size.turn_seconds * size.turns,
                database=home.processor,
            )
    entries = after["ledger_entry"] - before["ledger_entry"]
    return {
        "log_of_order": (after["log"] - before["log"]) / size.events,
        "order": (after["total"] - after["inbox"] - before["total"] + before["inbox"]) / size.events,
        "entry": entries / size.events,
        "handled": _row_of(after) / size.events,
        "page": pages.cost,
        "page_database": pages.database_cost,
    }


def _row_of(sizes: dict[str, float]) -> float:
    """A handled row with its place in the indexes; the room of erased bodies is used again by what comes next."""
    return sizes["handled_rows"] + sizes["inbox_indexes"]


def _pages(orders: int) -> Iterator[bytes]:
    now = datetime.now(UTC)
    numbers = range(seed.NEW_ORDERS, seed.NEW_ORDERS + orders)
    asked = [
        readable.page(seed.handle(turn % SHOPS), number, history.customer(number), now)
        for turn, number in enumerate(numbers)
    ]
    return cycle(asked)


def _file(home: Home, size: Size) -> float:
    with home.database() as url:
        run(url, partial(loaded.prepared, shops=1, orders=size.events))
        path = Path(url.removeprefix("sqlite:///"))
        run(url, _packed)
        before = path.stat().st_size
        run(url, partial(loaded.waiting, shops=1, events=size.events))
        json.loads(result("benchmarks.drained", url=url))
        run(url, _packed)
        return (path.stat().st_size - before) / size.events


async def _state(db: Database) -> tuple[float, float]:
    def look(conn: Connection) -> tuple[float, float]:
        size = conn.execute(_SIZE, {"name": "inbox"}).scalar_one()
        return float(conn.execute(_LOG).scalar_one()), float(size)

    return await db.read(look)


async def _sizes(db: Database) -> dict[str, float]:
    def look(conn: Connection) -> dict[str, float]:
        found = {
            name: float(conn.execute(_SIZE, {"name": name}).scalar_one())
            for name in ("inbox", "ledger_entry")
        }
        rows = conn.execute(
            text("SELECT coalesce(sum(pg_column_size(inbox.*) + 28), 0) FROM inbox")
        ).scalar_one()
        indexes = conn.execute(text("SELECT pg_indexes_size('inbox')")).scalar_one()
        log, total = conn.execute(_LOG).scalar_one(), conn.execute(_TOTAL).scalar_one()
        return found | {
            "handled_rows": float(rows),
            "inbox_indexes": float(indexes),
            "log": float(log),
            "total": float(total),
        }

    return await db.read(look)


async def _vacuumed(db: Database) -> None:
    await db.compact(["inbox"])


async def _packed(db: Database) -> None:
    await db.compact([])
