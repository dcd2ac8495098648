"""A widget read from a warm process: a customer's points as fragment and as JSON, against a constant view."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle

from benchmarks import history, seed
from benchmarks.figures import Figure, at_least
from benchmarks.homes import SQLITE, Home, run
from benchmarks.load import Load, in_turns
from benchmarks.processes import SECRET, app, module
from benchmarks.sizes import Size
from plugin.database import Database
from sandbox.tokens import proxy_query

NAME = "reading"
SHOPS = 128
"""Enough that none meets its limit of 100 requests a second, few enough that each is asked often."""

CUSTOMERS = 6_400
KINDS = {"fragment": "", "JSON": ".json"}


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    with home.database() as url:
        run(url, _prepared)
        while True:
            found = []
            for kind, ending in KINDS.items():
                asked = partial(_requests, ending)
                with (
                    module("benchmarks.constant", url=url) as showing,
                    app(url, "--no-worker") as looking,
                ):
                    constant, read = in_turns(showing, looking, asked, size)
                found += _figures(home, kind, read, constant)
            yield found


def _figures(home: Home, kind: str, read: Load, constant: Load) -> list[Figure]:
    floor = 0.4 if home.name == SQLITE else 0.25
    return [
        Figure(NAME, home.name, f"{kind} / constant view", read.rate / constant.rate, "", at_least(floor)),
        Figure(NAME, home.name, f"{kind}s" if kind == "fragment" else kind, read.rate, "/s"),
        Figure(NAME, home.name, f"{kind}, p99", read.milliseconds(0.99), "ms"),
        Figure(NAME, home.name, f"{kind}, processor for one", read.cost, "us"),
        Figure(NAME, home.name, f"{kind}, constant", constant.rate, "/s"),
        Figure(NAME, home.name, f"{kind}, constant, processor for one", constant.cost, "us"),
    ]


async def _prepared(db: Database) -> None:
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, SHOPS, now))
    await db.write(lambda conn: history.write(conn, shops, CUSTOMERS * history.ORDERS_OF_EACH, now))
    await db.write(history.settle)


def _requests(ending: str) -> Iterator[bytes]:
    """Ask for every customer's points in turn, signed just now."""
    return cycle([_request(number, ending) for number in range(CUSTOMERS)])


def _request(number: int, ending: str) -> bytes:
    query = proxy_query(
        SECRET,
        shop_domain=f"{seed.handle(number % SHOPS)}.myshopify.com",
        path_prefix="/apps/dankbar",
        customer_id=history.customer(number),
        now=datetime.now(UTC),
        visitor_query="locale=de",
    )
    return f"GET /proxy/widgets/loyalty{ending}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
