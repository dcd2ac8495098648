"""At whatever point of whatever order of deliveries somebody is erased: the sums are right and their ids are gone."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.engine.test_converges import rules, tell
from tests.integration.privacy.buying import redact
from tests.integration.privacy.traces import traces
from tests.oracle.model import History
from tests.oracle.orders import Delivery
from tests.oracle.strategies import BIG, arrivals, histories

CUSTOMERS = [BIG + 101, BIG + 202, BIG + 303]
ORDERS = [BIG + 1, BIG + 2, BIG + 3]


@st.composite
def stories(
    draw: st.DrawFn,
) -> tuple[History, datetime, list[Delivery | tuple[int | None, list[int]]], set[int]]:
    """Deliveries in any order with erasures among them; the ids that must be gone, whatever came when."""
    history, now = draw(histories(most_steps=4))
    told: list[Delivery | tuple[int | None, list[int]]] = list(draw(arrivals(history.deliveries)))
    gone: set[int] = set()
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        customer = draw(st.sampled_from([*CUSTOMERS, None]))
        listed = draw(st.lists(st.sampled_from(ORDERS), unique=True, max_size=3))
        told.insert(draw(st.integers(0, len(told))), (customer, listed))
        gone |= {id for id in (customer, *listed) if id is not None}
    return history, now, told, gone


def left(conn: Connection, gone: set[int]) -> list[str]:
    """Traces of the erased. A later order of an erased customer may be parked, encrypted, and names them until then."""
    if not gone:
        return []
    found = traces(conn, gone)
    erased_orders = gone & set(ORDERS)
    return [
        trace
        for trace in found
        if not trace.startswith("inbox.body, opened") or any(f'"id": {id},' in trace for id in erased_orders)
    ]


async def run(
    url: str,
    history: History,
    told: Sequence[Delivery | tuple[int | None, list[int]]],
    gone: set[int],
    now: datetime,
    portion: int,
) -> None:
    versions = rules(history)
    db = await open_database(url)
    try:

        def work(conn: Connection) -> None:
            first = (versions.loyalty[0][1], versions.shop[0][1])
            shop = engine.install(conn, now=history.installed_at, sections=first)
            versions.write(conn, shop)
            for debit in (one for one in history.debits if one.at <= now):
                engine.redeem(
                    conn, shop, debit.customer, debit.cost, debit.at, now, kind=debit.kind, code=debit.code
                )
            waiting: list[Delivery] = []
            for one in told:
                if isinstance(one, Delivery):
                    waiting.append(one)
                    continue
                tell(conn, shop, waiting, now, portion)
                waiting = []
                engine.store(conn, "customers/redact", redact(*one[:1], *one[1]), now=now)
            tell(conn, shop, waiting, now, portion)
            engine.handle_all(conn, now, portion)
            engine.tick(conn, now)

        await db.write(work)
        assert (await engine.verified(db, now)).breaches == ()
        assert await db.read(lambda conn: left(conn, gone)) == []
    finally:
        await db.close()


def test_sums_stay_right_and_ids_gone(new_database: MakeUrl) -> None:
    examples = 80 if new_database().startswith("sqlite") else 10

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(story=stories(), portion=st.sampled_from([1, 3, 50]))
    def check(
        story: tuple[History, datetime, list[Delivery | tuple[int | None, list[int]]], set[int]], portion: int
    ) -> None:
        history, now, told, gone = story
        asyncio.run(run(new_database(), history, told, gone, now, portion))

    check()
