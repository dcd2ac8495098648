"""Whatever a shop's plan goes through, its customers earn, redeem and are forgotten as in a shop without one."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from plugin.billing import subscriptions
from plugin.billing.plans import PLANS
from plugin.billing.subscriptions import State, Told
from plugin.core.order_book import order
from plugin.core.tombstones import tombstone
from plugin.database import open_database
from plugin.shops import Shop
from tests import engine
from tests.integration.engine.stories import ANNA, BERT, NOW, PLACED, bought, figures, tell
from tests.integration.privacy.buying import redact
from tests.oracle.purchase import Purchase

FACTS = [
    lambda conn, shop: tell(conn, bought(1), bought(2, customer=BERT)),
    lambda conn, shop: engine.redeem(conn, shop, ANNA, 20, NOW - timedelta(hours=1), NOW),
    lambda conn, shop: tell(conn, _returned()),
    lambda conn, shop: tell(conn, bought(4, placed_at=PLACED + timedelta(days=1))),
    lambda conn, shop: _forget(conn),
]
"""What happens to customers, in its order."""

plans = st.tuples(
    st.sampled_from(State),
    st.sampled_from([*(plan.handle for plan in PLANS), "gold-2025"]),
    st.none() | st.integers(0, 400),
)
"""A vendor's answer, and for how many days the shop has been over its limit."""


def _returned() -> Purchase:
    one = bought(3)
    one.refund(5, {0: 1})
    return one


def _forget(conn: Connection) -> None:
    engine.store(conn, "customers/redact", redact(BERT, 2), now=NOW)
    engine.handle_all(conn, NOW)


def _charge(conn: Connection, shop: Shop, state: State, plan: str, days: int | None, number: int) -> None:
    at = NOW + timedelta(seconds=number)
    subscriptions.record(conn, shop.id, Told(kind="till", state=state, checked_at=at, plan=plan))
    since = None if days is None else NOW - timedelta(days=days)
    subscriptions.keep_over(conn, shop.id, "till", since)


def _outcome(conn: Connection, shop: Shop, now: datetime) -> tuple[object, ...]:
    gone = conn.execute(select(tombstone.c.kind).where(tombstone.c.shop_id == shop.id)).scalars().all()
    return figures(conn, shop, ANNA, now), figures(conn, shop, BERT, now), sorted(gone)


async def _lived(url: str, states: list[tuple[State, str, int | None]] | None) -> tuple[object, ...]:
    db = await open_database(url)
    try:
        shop = await db.write(lambda conn: engine.install(conn, now=PLACED))
        busy = [{"shop_id": shop.id, "processed_at": NOW, "fate": "kept"}] * 300
        await db.write(lambda conn: conn.execute(insert(order), busy))
        for number, fact in enumerate(FACTS):
            if states is not None:
                state, plan, days = states[number]
                await db.write(
                    lambda conn, one=(state, plan, days, number): _charge(conn, shop, *one)  # type: ignore[misc]
                )
            await db.write(lambda conn, happen=fact: happen(conn, shop))  # type: ignore[misc]
        return await db.read(lambda conn: _outcome(conn, shop, NOW))
    finally:
        await db.close()


def test_no_sequence_of_plans_changes_what_customers_have(new_database: Callable[[], str]) -> None:
    without = asyncio.run(_lived(new_database(), None))
    anna, _, gone = without
    assert anna != (0, 0, 0)
    assert gone

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(plans, min_size=len(FACTS), max_size=len(FACTS)))
    def check(states: list[tuple[State, str, int | None]]) -> None:
        assert asyncio.run(_lived(new_database(), states)) == without

    check()
