"""Durable accept: how near the inbox comes to appending to a file behind the same server."""

from collections.abc import Iterator
from functools import partial

from benchmarks import bodies
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.homes import SQLITE, Home
from benchmarks.load import in_turns
from benchmarks.processes import app, module
from benchmarks.sizes import Size

NAME = "durable accept"


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    while True:
        path = home.folder / "appended"
        with (
            home.database() as url,
            module("benchmarks.appended", str(path), url=url) as appending,
            app(url, "--no-worker") as storing,
        ):
            asked = partial(bodies.deliveries, "example")
            appended, stored = in_turns(appending, storing, asked, size, home.processor)
        path.unlink()
        floor = 0.5 if home.name == SQLITE else 0.4
        slower = stored.milliseconds(0.99) / appended.milliseconds(0.99)
        yield [
            Figure(NAME, home.name, "rate / append", stored.rate / appended.rate, "", at_least(floor)),
            Figure(NAME, home.name, "p99 / append", slower, "", at_most(2.0)),
            Figure(NAME, home.name, "webhooks", stored.rate, "/s"),
            Figure(NAME, home.name, "p99", stored.milliseconds(0.99), "ms"),
            Figure(NAME, home.name, "processor for one", stored.cost, "us"),
            Figure(NAME, home.name, "the database's processor for one", stored.database_cost, "us"),
            Figure(NAME, home.name, "appended", appended.rate, "/s"),
            Figure(NAME, home.name, "p99 of append", appended.milliseconds(0.99), "ms"),
            Figure(NAME, home.name, "processor for one appended", appended.cost, "us"),
        ]
