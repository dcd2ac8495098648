"""What requests, claims and an order cost with ten million entries and as many handled webhooks behind them.

Everything is asked for in this process; on PostgreSQL each statement is also explained, and none of a request may read
a large table whole.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from benchmarks import bodies, history, seed
from benchmarks.explained import explained
from benchmarks.figures import Figure, at_most
from benchmarks.homes import POSTGRESQL, Home, run
from benchmarks.processes import CLIENT, SECRET, environment
from benchmarks.sizes import Size
from benchmarks.turns import SERIES
from plugin import verify
from plugin.app import create_app
from plugin.config import Config
from plugin.core import liability
from plugin.database import Database, Utc
from plugin.runtime import open_runtime
from plugin.worker import Worker
from sandbox.tokens import admin_token, proxy_query

NAME = "large"
SHOPS = 100
TIMES = 100
PORTION = 200_000
WARM = 5
"""Requests that do not count: the first of each kind compile what all others use."""

_HANDLED = (
    "INSERT INTO inbox (source, shop, webhook_id, topic, received_at, due_at, handled_at, state, attempts) "
    "SELECT 'shopify', 'shop-' || (i % {shops}), 'event-' || i, 'orders/paid', :at, :at, :at, 'handled', 0 "
    "FROM ({series}) AS numbers"
)


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end."""
    entries = 10 * size.many_entries
    with home.database() as url:
        run(url, partial(prepared, entries=entries))
        while True:
            yield figures(home.name, url, entries)


async def prepared(db: Database, *, entries: int) -> None:
    """Write so many entries with their orders, and as many webhooks that were handled yesterday."""
    now = datetime.now(UTC)
    shops = await db.write(lambda conn: seed.shops(conn, SHOPS, now))
    await db.write(lambda conn: history.write_customers(conn, shops, entries))
    for low in range(0, entries, PORTION):
        those = range(low, min(entries, low + PORTION))
        await db.write(partial(history.write_orders, shop_ids=shops, entries=entries, those=those, now=now))
        await db.write(partial(_handled, those=those, at=now - timedelta(days=1)))
    await db.write(lambda conn: seed.pools(conn, shops, 500, now))
    await db.write(lambda conn: seed.settled(conn, now))
    await db.write(history.settle)


def figures(home: str, url: str, entries: int) -> list[Figure]:
    """Return what was measured on a database that is ``prepared``."""
    with explained() as plans:
        asked = _requests(url, entries)
        worked = run(url, partial(_worked, url=url, entries=entries))
    for statement, plan in plans.whole.items():
        print(statement, plan, sep="\n")
    nightly = run(url, _nightly)
    kept = f"{entries:,} entries"
    found = [Figure(NAME, home, f"{what}, {kept}", value, "ms") for what, value in (asked | worked).items()]
    found += [Figure(NAME, home, what, value, unit) for what, value, unit in nightly]
    if home == POSTGRESQL:
        found.append(Figure(NAME, home, "different statements of these", len(plans.seen)))
        found.append(
            Figure(NAME, home, "of them such as read a large table whole", len(plans.whole), "", at_most(0))
        )
    return found


def _handled(conn: Connection, *, those: range, at: datetime) -> None:
    history.take_your_time(conn)
    known = Utc().bind_processor(conn.dialect)
    statement = text(_HANDLED.format(shops=SHOPS, series=SERIES[conn.dialect.name]))
    conn.execute(statement, {"low": those.start, "high": those.stop, "at": known(at)})


def _requests(url: str, entries: int) -> dict[str, float]:
    app = create_app(Config.from_environment(environment(url)), with_worker=False)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        people = range(0, history.customers_of(entries), max(1, history.customers_of(entries) // 977))
        kinds: dict[str, Callable[[TestClient, int], int]] = {
            "a customer's points as a fragment": _fragment,
            "a customer's statement in the admin": _statement,
            "the admin's home page": _home,
        }
        return {what: _median(partial(ask, client), people) for what, ask in kinds.items()}


def _median(ask: Callable[[int], int], people: range) -> float:
    spent = []
    for number in people[: TIMES + WARM]:
        start = perf_counter()
        status = ask(number)
        spent.append(1000 * (perf_counter() - start))
        if status != 200:
            raise AssertionError(status)
    return median(spent[WARM:] or spent)


def _fragment(client: TestClient, number: int) -> int:
    query = proxy_query(
        SECRET,
        shop_domain=_domain(number),
        path_prefix="/apps/dankbar",
        customer_id=history.customer(number),
        now=datetime.now(UTC),
        visitor_query="locale=de",
    )
    return client.get(f"/proxy/widgets/loyalty?{query}").status_code


def _statement(client: TestClient, number: int) -> int:
    return _merchant(client, number, "/admin/ledger", q=str(history.customer(number)))


def _home(client: TestClient, number: int) -> int:
    return _merchant(client, number, "/admin")


def _merchant(client: TestClient, number: int, path: str, **query: str) -> int:
    token = admin_token(
        SECRET, client_id=CLIENT, shop_domain=_domain(number), user_id=42, now=datetime.now(UTC)
    )
    headers = {
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "Accept": "text/html",
        "Authorization": f"Bearer {token}",
    }
    return client.get(path, params={"shop": _domain(number), **query}, headers=headers).status_code


def _domain(number: int) -> str:
    return f"{seed.handle(number % SHOPS)}.myshopify.com"


async def _worked(_: Database, *, url: str, entries: int) -> dict[str, float]:
    """Handle new orders of known customers one at a time: claim, entry, coupon, promise and durable commit."""
    handled, idle = list[float](), list[float]()
    async with open_runtime(Config.from_environment(environment(url))) as runtime:
        worker, now = Worker(runtime), datetime.now(UTC)
        first = seed.NEW_ORDERS + int(now.timestamp())
        for turn in range(TIMES + WARM):
            whose = turn * 7_919 % history.customers_of(entries)
            told = [(seed.handle(whose % SHOPS), bodies.order(first + turn, history.customer(whose), now))]
            await seed.wait_in_inbox(runtime.db, told, datetime.now(UTC))
            for spent, count in ((handled, 1), (idle, 0)):
                start = perf_counter()
                if await worker.handle_once() != count:
                    raise AssertionError(count)
                spent.append(1000 * (perf_counter() - start))
    return {
        "an order handled, by itself": median(handled[WARM:]),
        "a claim where nothing waits": median(idle[WARM:]),
    }


async def _nightly(db: Database) -> list[tuple[str, float, str]]:
    shop = await db.read(lambda conn: verify.shop_id_of(conn, seed.handle(0)))
    if shop is None:
        raise AssertionError(shop)
    now, start = datetime.now(UTC), perf_counter()
    report: Any = await db.snapshot(lambda conn: verify.verify(conn, seed.handle(0), shop, now))
    checked = perf_counter()
    if not report.ok:
        raise AssertionError(report)
    await db.snapshot(lambda conn: liability.liability(conn, shop, ZoneInfo("Europe/Berlin"), now))
    return [
        ("entries of one shop verified", report.entries / (checked - start), "/s"),
        (f"what is open of one shop, {report.entries:,} entries", perf_counter() - checked, "s"),
    ]
