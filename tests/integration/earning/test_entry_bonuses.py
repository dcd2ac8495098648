"""Reaching a tier brings points once, and what brought the customer there can be undone like any order."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from plugin.core.bonuses import bonus
from plugin.core.ledger import ledger_entry
from plugin.database import Database, open_database
from plugin.shops import Shop
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.earning.test_tiers import DAY, buy, clean, told
from tests.integration.engine.stories import ANNA, BERT, CARA, NOW, PLACED, figures, installed
from tests.integration.engine.test_verify import entry, found
from tests.integration.privacy.buying import redact
from tests.oracle.bodies import merge
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import Tier

SILVER = Tier(id="silver", title="Silber", threshold=100, entry_points=20)
GOLD = Tier(id="gold", title="Gold", threshold=300, entry_points=50, multiplier=Decimal(2))
RULE = LoyaltySettings(pending_days=0, tiers=(SILVER, GOLD))
PENDING = RULE.model_copy(update={"pending_days": 14})


async def shop_with(db: Database, *purchases: Any, rule: LoyaltySettings = RULE) -> Shop:
    shop = await installed(db, sections=[rule], now=PLACED - 100 * DAY)
    await told(db, *purchases)
    return shop


async def given_to(db: Database) -> list[tuple[str, int]]:
    """Source and points of every bonus that is more than nothing."""
    rows = select(bonus.c.source, bonus.c.points).where(bonus.c.points > 0).order_by(bonus.c.source)
    return [tuple(row) for row in await db.read(lambda conn: conn.execute(rows).all())]


async def kinds(db: Database) -> list[int]:
    """The bonuses posted, in the order of arrival."""
    rows = select(ledger_entry.c.points).where(ledger_entry.c.kind == "bonus").order_by(ledger_entry.c.id)
    return list(await db.read(lambda conn: conn.execute(rows).scalars()))


async def merged(db: Database, deleted: int, kept: int) -> None:
    def join(conn: Connection) -> None:
        engine.store(conn, "customers/merge", merge(deleted, kept), now=NOW)
        assert engine.handle_all(conn, NOW).parked == 0

    await db.write(join)


async def test_the_order_that_reaches_a_tier_brings_its_points_once(db: Database) -> None:
    shop = await shop_with(db, buy(1, 0), buy(2, 1, 5_000), buy(3, 2, 20_000))
    assert await given_to(db) == [("tier:gold", 50), ("tier:silver", 20)]
    assert await db.read(lambda conn: figures(conn, shop)) == (350 + 70, 0, 0)
    await told(db, buy(4, 3, 30_000))
    assert await kinds(db) == [20, 50]
    assert await clean(db)


async def test_the_points_open_with_the_order_that_brought_them_and_end_as_it_does(db: Database) -> None:
    rule = PENDING.model_copy(update={"expiry_months": 1})
    shop = await shop_with(db, buy(1, 0), rule=rule)
    opens = PLACED + timedelta(days=14)
    assert await db.read(lambda conn: figures(conn, shop, now=opens - DAY)) == (0, 120, 0)
    assert await db.read(lambda conn: figures(conn, shop, now=opens + DAY)) == (120, 0, 0)
    late = NOW + timedelta(days=60)
    await db.write(lambda conn: engine.tick(conn, late))
    assert await db.read(lambda conn: figures(conn, shop, now=late)) == (0, 0, 0)
    assert (await engine.verified(db, late)).breaches == ()


async def test_a_refund_takes_it_back_and_what_was_spent_of_it_is_owed(db: Database) -> None:
    order = buy(1, 0)
    shop = await shop_with(db, order)
    await db.write(lambda conn: engine.redeem(conn, shop, ANNA, 110, PLACED + 20 * DAY, NOW))
    order.wait(25 * 86_400)
    order.refund(7, favour=1_000)
    await told(db, order)
    assert await kinds(db) == [20, -20]
    assert await db.read(lambda conn: figures(conn, shop)) == (0, 0, 20)
    await told(db, buy(2, 26, 1_000))
    assert await kinds(db) == [20, -20, 20]
    assert await db.read(lambda conn: figures(conn, shop)) == (10, 0, 0)
    assert await clean(db)


async def test_a_merge_leaves_it_once_whatever_the_order_of_the_chain(new_database: MakeUrl) -> None:
    pairs = [(ANNA, BERT), (BERT, CARA)]
    for order_of_merges in permutations(pairs):
        db = await open_database(new_database())
        shop = await shop_with(db, buy(1, 0), buy(2, 1, customer=BERT), buy(3, 2, customer=CARA))
        assert await kinds(db) == [20, 20, 20]
        for pair in order_of_merges:
            await merged(db, *pair)
        assert await given_to(db) == [("tier:gold", 50), ("tier:silver", 20)]
        for customer in (ANNA, BERT, CARA):
            assert await db.read(partial(figures, shop=shop, customer=customer)) == (300 + 70, 0, 0)
        assert await clean(db)
        await db.close()


async def test_a_merge_moves_no_entry_where_one_of_them_has_it(db: Database) -> None:
    shop = await shop_with(db, buy(1, 0), buy(2, 1, 1_000, customer=BERT))
    await merged(db, ANNA, BERT)
    assert await kinds(db) == [20]
    assert await db.read(lambda conn: figures(conn, shop, BERT)) == (130, 0, 0)
    assert await clean(db)


async def test_after_a_refund_before_or_behind_the_merge_it_is_the_same(db: Database) -> None:
    order = buy(1, 0)
    order.wait(86_400)
    order.refund(7, favour=9_000)
    shop = await shop_with(db, order, buy(2, 1, customer=BERT))
    assert await given_to(db) == [("tier:silver", 20)]
    await merged(db, ANNA, BERT)
    assert await db.read(lambda conn: figures(conn, shop, BERT)) == (10 + 100 + 20, 0, 0)
    assert await clean(db)


async def test_an_order_that_moves_takes_the_bonus_along(db: Database) -> None:
    order = buy(1, 0)
    shop = await shop_with(db, order)
    order.wait(60)
    order.belong_to(BERT)
    await told(db, order)
    assert await db.read(lambda conn: figures(conn, shop)) == (0, 0, 0)
    assert await db.read(lambda conn: figures(conn, shop, BERT)) == (120, 0, 0)
    assert await clean(db)


async def test_an_erased_customer_keeps_the_sum_and_nobody_else_gets_it(db: Database) -> None:
    await shop_with(db, buy(1, 0))

    def erase(conn: Connection) -> None:
        engine.store(conn, "customers/redact", redact(ANNA, 1), now=NOW)
        assert engine.handle_all(conn, NOW).parked == 0

    await db.write(erase)
    assert await kinds(db) == [20]
    assert await clean(db)


async def test_a_wrong_bonus_is_found(db: Database) -> None:
    shop = await shop_with(db, buy(1, 0))
    plants: list[tuple[Any, set[str]]] = [
        (lambda conn, _: conn.execute(update(bonus).values(points=999)), {"bonus", "balance"}),
        (lambda conn, _: conn.execute(update(bonus).values(available_at=NOW)), {"bonus"}),
        (lambda conn, _: conn.execute(update(bonus).values(source="tier:gold")), {"bonus"}),
        (lambda conn, shop: entry(conn, shop, ANNA, "bonus", 5), {"bonus", "balance"}),
    ]
    for plant, names in plants:
        report = await found(db, shop, plant)
        assert names <= {breach.invariant for breach in report.breaches}, report.breaches


def test_what_comes_back_before_it_can_be_spent_leaves_nothing_of_it(new_database: MakeUrl) -> None:
    """However an order is given back in parts before its points open: no bonus is left, and nobody owes anything."""
    examples = 40 if new_database().startswith("sqlite") else 5

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        parts=st.lists(st.integers(1, 14 * 86_400 // 4), min_size=1, max_size=4),
        price=st.integers(10_000, 90_000),
        pieces=st.data(),
    )
    def check(parts: list[int], price: int, pieces: st.DataObject) -> None:
        asyncio.run(give_back(new_database(), parts, price, pieces))

    check()


async def give_back(url: str, parts: list[int], price: int, pieces: st.DataObject) -> None:
    db = await open_database(url)
    try:
        order = buy(1, 0, price)
        shop = await shop_with(db, order, rule=PENDING)
        left = price
        for number, seconds in enumerate(parts):
            order.wait(seconds)
            last = number == len(parts) - 1
            favour = left if last else pieces.draw(st.integers(1, max(1, left - 1)))
            left -= favour
            order.refund(100 + number, favour=favour)
        heap = pieces.draw(st.permutations(order.deliveries))
        order.deliveries[:] = heap
        await told(db, order)
        assert await given_to(db) == []
        for day in (1, 14, 20):
            at = PLACED + timedelta(days=day)
            assert await db.read(partial(figures, shop=shop, now=at)) == (0, 0, 0)
        assert await clean(db)
    finally:
        await db.close()
