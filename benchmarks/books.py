"""Recomputing every balance: however many entries there are, it takes no more memory."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import history, seed
from benchmarks.figures import Figure, at_most
from benchmarks.homes import Home, run
from benchmarks.processes import result
from benchmarks.sizes import Size
from plugin.database import Database

NAME = "books"


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end: one shop with a quarter of the entries, one with all."""
    with ExitStack() as stack:
        short, long = (stack.enter_context(home.database()) for _ in range(2))
        run(short, partial(_prepared, entries=size.many_entries // 4))
        run(long, partial(_prepared, entries=size.many_entries))
        while True:
            few: dict[str, Any] = json.loads(result("benchmarks.verified", url=short))
            many: dict[str, Any] = json.loads(result("benchmarks.verified", url=long))
            yield [
                Figure(
                    NAME,
                    home.name,
                    "peak memory, four times the entries",
                    many["kib"] / few["kib"],
                    "",
                    at_most(1.25),
                ),
                Figure(NAME, home.name, "peak memory, many entries", many["kib"] / 1024, "MiB"),
                Figure(NAME, home.name, "entries verified", many["entries"] / many["seconds"], "/s"),
                Figure(NAME, home.name, "what is open, summed up", many["summing"], "s"),
            ]


async def _prepared(db: Database, *, entries: int) -> None:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, 1, now))
    await db.write(lambda conn: history.write(conn, shops, entries, now))
    await db.write(history.settle)
