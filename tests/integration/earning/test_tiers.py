"""A customer's tier multiplies later orders, and whatever is told late, merged, moved or erased moves them along."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection, event, select, update

import widgets
from plugin.core import order_book
from plugin.core.earned import earning
from plugin.core.order_book import order
from plugin.core.orders import Arrival, Snapshot
from plugin.database import Database, open_database
from plugin.shops import Shop
from plugin.tasks import task
from tests import engine
from tests.integration.engine.stories import ANNA, BERT, NOW, PLACED, bought, figures, installed, tell
from tests.integration.engine.test_verify import found
from tests.integration.privacy.buying import redact
from tests.oracle.bodies import merge
from tests.oracle.purchase import Purchase
from webhooks import handle, payloads
from widgets.loyalty.campaigns import Campaign
from widgets.loyalty.effects import on_orders
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import Tier

SILVER = Tier(id="silver", title="Silber", threshold=100, multiplier=Decimal("1.5"))
GOLD = Tier(id="gold", title="Gold", threshold=300, multiplier=Decimal(2))
TIERS = LoyaltySettings(pending_days=0, tiers=(SILVER, GOLD))
DAY = timedelta(days=1)


def buy(number: int, days: int, price: int = 10_000, **changes: Any) -> Purchase:
    """An order of 100.00 EUR, so many days after ``PLACED``."""
    return bought(number, price, placed_at=PLACED + days * DAY, **changes)


async def told(db: Database, *purchases: Purchase) -> None:
    await db.write(lambda conn: tell(conn, *purchases))


async def points(db: Database) -> dict[int, tuple[int, str | None]]:
    """Points and tier of each order, by its number."""
    columns = (order.c.order_id, earning.c.points, earning.c.tier)
    rows = select(*columns).join(order, order.c.id == earning.c.order_ref)
    found = await db.read(lambda conn: conn.execute(rows.where(~order.c.sealed)).all())
    return {row.order_id: (row.points, row.tier) for row in found}


async def clean(db: Database) -> bool:
    report = await engine.verified(db, NOW)
    assert report.breaches == ()
    return report.ok


async def shop_with(db: Database, *purchases: Purchase, rule: LoyaltySettings = TIERS) -> Shop:
    shop = await installed(db, sections=[rule], now=PLACED - 100 * DAY)
    await told(db, *purchases)
    return shop


async def test_each_order_counts_for_later_ones(db: Database) -> None:
    shop = await shop_with(db, buy(1, 0), buy(2, 1, 25_000), buy(3, 2))
    assert await points(db) == {1: (100, None), 2: (375, "silver"), 3: (200, "gold")}
    assert await db.read(lambda conn: figures(conn, shop)) == (675, 0, 0)
    assert await clean(db)


async def test_an_order_told_late_lifts_the_later_ones_at_once(db: Database) -> None:
    await shop_with(db, buy(3, 2), buy(2, 1, 25_000))
    assert await points(db) == {2: (250, None), 3: (150, "silver")}
    await told(db, buy(1, 0))
    assert await points(db) == {1: (100, None), 2: (375, "silver"), 3: (200, "gold")}
    assert await clean(db)


async def test_a_refund_counts_from_its_own_time_on(db: Database) -> None:
    first = buy(1, 0)
    await shop_with(db, first, buy(2, 1, 1_000), buy(3, 9, 1_000))
    assert await points(db) == {1: (100, None), 2: (15, "silver"), 3: (15, "silver")}
    first.wait(5 * 86_400)
    first.refund(7, favour=5_000)
    await told(db, first)
    assert await points(db) == {1: (50, None), 2: (15, "silver"), 3: (10, None)}
    assert await clean(db)


async def test_a_cancellation_counts_from_its_own_time_on(db: Database) -> None:
    first = buy(1, 0)
    first.wait(5 * 86_400)
    first.cancel()
    await shop_with(db, buy(3, 9, 1_000), buy(2, 1, 1_000), first)
    assert await points(db) == {1: (0, None), 2: (15, "silver"), 3: (10, None)}
    assert await clean(db)


async def test_old_orders_no_longer_count(db: Database) -> None:
    rule = TIERS.model_copy(update={"tier_months": 1})
    await shop_with(db, buy(1, -60), buy(2, -40, 1_000), buy(3, -10, 1_000), rule=rule)
    assert await points(db) == {1: (100, None), 2: (15, "silver"), 3: (10, None)}


async def test_the_tiers_of_the_orders_own_time_hold(db: Database) -> None:
    shop = await shop_with(db, rule=LoyaltySettings(pending_days=0))
    change = PLACED + 2 * DAY
    patch = {"tiers": [SILVER.model_dump(mode="json")], "tier_basis": "orders"}
    lower = {"tiers": [{**SILVER.model_dump(mode="json"), "threshold": 2, "multiplier": "3"}]}
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "loyalty", patch, change))
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "loyalty", lower, change + 2 * DAY))
    await db.write(lambda conn: conn.execute(task.delete()))  # no order is of the moment of a change
    await told(db, buy(4, 9, 1_000), buy(3, 3, 1_000), buy(2, 1, 1_000), buy(1, 0, 1_000))
    assert await points(db) == {1: (10, None), 2: (10, None), 3: (10, None), 4: (30, "silver")}
    assert await clean(db)


async def test_tier_and_campaign_multiply_each_other_and_are_rounded_down_once(db: Database) -> None:
    double = Campaign(
        id="double",
        title="Doppelt",
        multiplier=Decimal("1.5"),
        starts_on=PLACED.date(),
        ends_on=(PLACED + 9 * DAY).date(),
    )
    rule = TIERS.model_copy(update={"campaigns": (double,)})
    await shop_with(db, buy(1, -1), buy(2, 1, 133), rule=rule)
    assert await points(db) == {1: (100, None), 2: (2, "silver")}  # 1.33 x 1.5 x 1.5 = 2.99
    assert await clean(db)


async def test_a_customer_attached_later_brings_the_order_into_the_account(db: Database) -> None:
    guest = buy(1, 0, customer=None)
    await shop_with(db, guest, buy(2, 1, 1_000))
    assert await points(db) == {1: (100, None), 2: (10, None)}
    guest.wait(60)
    guest.belong_to(ANNA)
    await told(db, guest)
    assert await points(db) == {1: (100, None), 2: (15, "silver")}
    assert await clean(db)


async def test_an_order_that_moves_takes_its_weight_along(db: Database) -> None:
    first = buy(1, 0)
    await shop_with(db, first, buy(2, 1, 1_000), buy(3, 1, 1_000, customer=BERT))
    first.wait(60)
    first.belong_to(BERT)
    await told(db, first)
    assert await points(db) == {1: (100, None), 2: (10, None), 3: (15, "silver")}
    assert await clean(db)


async def test_merged_customers_have_one_history(db: Database) -> None:
    await shop_with(db, buy(1, 0), buy(2, 1, 1_000, customer=BERT), buy(3, 2, 20_000))

    def join(conn: Connection) -> None:
        engine.store(conn, "customers/merge", merge(ANNA, BERT), now=NOW)
        assert engine.handle_all(conn, NOW).parked == 0

    await db.write(join)
    assert await points(db) == {1: (100, None), 2: (15, "silver"), 3: (300, "silver")}
    assert await clean(db)
    await told(db, buy(4, 3, 1_000, customer=BERT))
    assert (await points(db))[4] == (20, "gold")


async def test_an_erased_order_goes_on_to_count_as_it_stood(db: Database) -> None:
    first = buy(1, 0)
    first.wait(5 * 86_400)
    first.refund(7, favour=5_000)
    shop = await shop_with(db, first, buy(2, 1, 1_000), buy(3, 9, 5_000), buy(4, 10, 1_000))
    assert await points(db) == {1: (50, None), 2: (15, "silver"), 3: (50, None), 4: (15, "silver")}

    def erase(conn: Connection) -> None:
        engine.store(conn, "customers/redact", redact(None, 1), now=NOW)
        assert engine.handle_all(conn, NOW).parked == 0

    await db.write(erase)
    assert await points(db) == {2: (10, None), 3: (50, None), 4: (15, "silver")}
    assert await clean(db)
    assert await db.read(lambda conn: figures(conn, shop)) == (125, 0, 0)


async def test_two_workers_with_orders_of_one_customer_do_not_miss_each_other(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    shop = await installed(homes[0], sections=[TIERS], now=PLACED - 100 * DAY)
    purchases = [buy(number, number % 7, 3_000) for number in range(1, 25)]
    for number, purchase in enumerate(purchases, 1):
        purchase.wait(86_400)
        purchase.refund(number * 100, favour=1_000)
    heap = [one for purchase in reversed(purchases) for one in purchase.deliveries if one.body is not None]

    def store(conn: Connection) -> None:
        for one in heap:
            engine.store(conn, one.topic, one.body or {}, now=NOW)

    await homes[0].write(store)

    async def work(home: Database) -> None:
        taken = 1
        while taken:
            done = await home.write(partial(handle.handle_due, keyring=engine.KEYRING, now=NOW, most=5))
            taken = done.taken
            assert (done.failed, done.parked) == (0, 0)

    await asyncio.gather(*(work(home) for home in homes))
    assert await clean(homes[0])
    by_day = {number: purchase.placed_at for number, purchase in enumerate(purchases, 1)}
    for number, (_, tier) in (await points(homes[0])).items():
        before = [other for other in by_day if by_day[other] < by_day[number]]
        value = sum(30 if by_day[other] + DAY >= by_day[number] else 20 for other in before)
        assert tier == ("gold" if value >= 300 else "silver" if value >= 100 else None)
    assert shop.installed
    for home in homes:
        await home.close()


async def test_a_wrong_tier_is_found(db: Database) -> None:
    shop = await shop_with(db, buy(1, 0), buy(2, 1, 1_000))

    def lifted(conn: Connection, _: Shop) -> None:
        conn.execute(update(earning).where(earning.c.tier == "silver").values(tier="gold"))

    def lowered(conn: Connection, _: Shop) -> None:
        conn.execute(update(earning).values(tier=None))

    def heavier(conn: Connection, _: Shop) -> None:
        conn.execute(update(earning).values(base=earning.c.base + 1))

    def settled(conn: Connection, _: Shop) -> None:
        conn.execute(update(earning).values(final_from=NOW))

    for plant, names in ((lifted, {"tier", "target"}), (lowered, {"tier"})):
        assert names <= {breach.invariant for breach in (await found(db, shop, plant)).breaches}
    for plant in (heavier, settled):
        assert {breach.invariant for breach in (await found(db, shop, plant)).breaches} == {"target"}


async def test_a_shop_without_tiers_and_campaigns_pays_no_statement_more(db: Database) -> None:
    """Settings, account, what was posted; on PostgreSQL locking and reading again; entry, total, today's target."""
    shop = await shop_with(db, buy(1, 0), rule=LoyaltySettings(pending_days=0))
    statements: list[str] = []

    def count(conn: Connection) -> None:
        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        (told,) = payloads_of(buy(2, 1), shop)
        changes = order_book.absorb(conn, [told], NOW)
        event.listen(conn, "before_cursor_execute", note)
        on_orders(conn, changes, NOW)
        event.remove(conn, "before_cursor_execute", note)

    await db.write(count)
    own = [one for one in statements if "FROM redemption" not in one and "JOIN redemption" not in one]
    assert len(own) == (6 if db.dialect == "sqlite" else 8), own
    assert (await points(db))[2] == (100, None)


def payloads_of(purchase: Purchase, shop: Shop) -> list[Arrival]:
    facts, _ = payloads.order(json.dumps(purchase.body()).encode())
    return [Arrival(shop.id, facts.id, Snapshot(facts))]
