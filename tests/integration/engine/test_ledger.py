"""Entries are only ever appended, and whatever comes late, at once or in another order ends in the same sums."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise, permutations
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

import widgets
from plugin import rederive, settings, tasks
from plugin.core import accounts, append_only, bonuses, ledger, positions
from plugin.core.accounts import account
from plugin.core.append_only import ledger_lift
from plugin.core.bonuses import Due
from plugin.core.ledger import Entry, earning, ledger_entry
from plugin.database import Database, open_database
from plugin.settings import ShopSettings
from plugin.shops import Shop
from plugin.tasks import TaskRun
from tests import engine
from tests.integration.engine.stories import (
    ANNA,
    BERT,
    CARA,
    NOW,
    PLACED,
    bought,
    figures,
    installed,
    reasons,
    tell,
    total,
)
from tests.oracle.bodies import merge
from tests.oracle.purchase import Purchase
from webhooks import handle
from widgets.loyalty.settings import LoyaltySettings

AT_ONCE = LoyaltySettings(pending_days=0)
MONTH = LoyaltySettings(pending_days=0, expiry_months=1)


async def told(db: Database, *purchases: Purchase, now: Any = NOW) -> None:
    await db.write(lambda conn: tell(conn, *purchases, now=now))


async def holds(db: Database, shop: Shop, customer: int = ANNA, now: Any = NOW) -> tuple[int, int, int]:
    return await db.read(lambda conn: figures(conn, shop, customer, now))


async def clean(db: Database, now: Any = NOW) -> bool:
    report = await engine.verified(db, now)
    assert report.breaches == ()
    return report.ok


def kinds(conn: Connection) -> list[tuple[str, int]]:
    rows = conn.execute(select(ledger_entry.c.kind, ledger_entry.c.points).order_by(ledger_entry.c.id))
    return [(row.kind, row.points) for row in rows]


async def test_the_database_itself_refuses_to_change_or_delete_an_entry(db: Database) -> None:
    shop = await installed(db)
    await told(db, bought(1))
    forbidden = ["UPDATE ledger_entry SET points = 1", "DELETE FROM ledger_entry"]
    if db.dialect == "postgresql":
        forbidden += ["TRUNCATE ledger_entry", "TRUNCATE shop CASCADE"]
    for statement in forbidden:
        with pytest.raises(DBAPIError, match="never changed"):
            await db.write(partial(lambda conn, one: conn.execute(text(one)), one=statement))

    def lifted_for_another(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW)
        conn.execute(insert(ledger_lift).values(shop_id=other.id))
        conn.execute(text("DELETE FROM ledger_entry"))

    with pytest.raises(DBAPIError, match="never changed"):
        await db.write(lifted_for_another)
    assert await db.read(kinds) == [("accrual", 49)]
    assert await db.write(lambda conn: append_only.erase_entries(conn, shop.id)) == 1
    assert await db.read(kinds) == []
    assert await db.read(lambda conn: conn.execute(select(ledger_lift)).all()) == []


async def test_an_entry_of_one_key_is_there_once(db: Database) -> None:
    await installed(db)
    await told(db, bought(1))

    def again(conn: Connection) -> None:
        row = dict(conn.execute(select(ledger_entry)).mappings().one())
        conn.execute(insert(ledger_entry).values({**row, "id": None if db.dialect == "sqlite" else 999}))

    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        await db.write(again)


async def test_what_is_told_at_once_by_many_ends_as_if_told_by_one(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    shop = await installed(homes[0], sections=[AT_ONCE])
    purchases = [bought(number, 10_000) for number in range(1, 6)]
    for number, purchase in enumerate(purchases, 1):
        for piece in range(4):
            purchase.wait(60)
            purchase.refund(number * 100 + piece, favour=1_000)
    heap = [one for purchase in purchases for one in purchase.deliveries * 2 if one.body is not None]

    def store(conn: Connection) -> None:
        for one in heap:
            assert one.body is not None
            engine.store(conn, one.topic, one.body, now=NOW)

    await homes[0].write(store)

    async def work(home: Database) -> None:
        taken = 1
        while taken:
            taken = (
                await home.write(partial(handle.handle_due, keyring=engine.KEYRING, now=NOW, most=7))
            ).taken

    async def spend(home: Database, points: int) -> None:
        for _ in range(5):
            await home.write(lambda conn: engine.redeem(conn, shop, ANNA, points, NOW, NOW))

    await asyncio.gather(*(work(home) for home in homes), *(spend(home, 2) for home in homes))
    assert await holds(homes[0], shop) == (5 * 60 - 4 * 5 * 2, 0, 0)
    assert await homes[0].read(total) == 260
    assert await clean(homes[0])
    for home in homes:
        await home.close()


async def test_customers_merged_at_once_in_a_chain_have_one_account(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(4)]
    shop = await installed(homes[0], sections=[AT_ONCE])
    chain = [ANNA + number for number in range(9)]
    await told(homes[0], *(bought(number, customer=one) for number, one in enumerate(chain, 1)))
    pairs = list(pairwise(chain))

    async def join(home: Database, deleted: int, kept: int) -> None:
        await home.write(lambda conn: accounts.merge(conn, shop.id, deleted, kept))

    await asyncio.gather(*(join(homes[n % 4], *pair) for n, pair in enumerate(pairs[::2] + pairs[1::2])))
    roots = await homes[0].read(lambda conn: set(conn.execute(select(account.c.root_id)).scalars()))
    assert len(roots) == 1
    assert await holds(homes[0], shop, chain[0]) == await holds(homes[0], shop, chain[-1]) == (9 * 49, 0, 0)
    assert await clean(homes[0])
    for home in homes:
        await home.close()


async def test_chains_of_aliases_end_alike_in_any_order(new_database: Any) -> None:
    joins = [merge(ANNA, BERT), merge(BERT, CARA), merge(CARA, CARA + 1), merge(ANNA, BERT, "failed")]
    for order_ in list(permutations(range(4)))[::8]:
        db = await open_database(new_database())
        shop = await installed(db, sections=[AT_ONCE])
        await told(db, bought(1), bought(2, customer=BERT))

        def join(conn: Connection, turn: tuple[int, ...] = order_) -> None:
            for place in turn:
                engine.store(conn, "customers/merge", joins[place], now=NOW)
                engine.handle_all(conn, NOW)

        await db.write(join)
        await told(db, bought(3, customer=CARA))
        for customer in (ANNA, BERT, CARA, CARA + 1):
            assert await holds(db, shop, customer) == (3 * 49, 0, 0)
        assert await clean(db)
        await db.close()


async def test_an_order_that_changes_hands_takes_its_points_along(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1)
    await told(db, purchase)
    purchase.wait(60)
    purchase.belong_to(BERT)
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 0)
    assert await holds(db, shop, BERT) == (49, 0, 0)
    assert await db.read(kinds) == [("accrual", 49), ("accrual", 49), ("clawback", -49)]
    purchase.wait(60)
    purchase.belong_to(None)
    await told(db, purchase)
    assert await holds(db, shop, BERT) == (49, 0, 0)
    assert await clean(db)


async def test_what_was_spent_before_a_refund_is_owed(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1)
    await told(db, purchase)
    await db.write(lambda conn: engine.redeem(conn, shop, ANNA, 40, NOW, NOW))
    assert await holds(db, shop) == (9, 0, 0)
    purchase.wait(86_400)
    purchase.refund(5, {0: 1}, told=False)
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 40)
    await told(db, bought(2, 10_000))
    assert await holds(db, shop) == (60, 0, 0)
    assert await clean(db)


async def test_a_deletion_may_come_before_its_order(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: engine.store(conn, "orders/delete", {"id": 1}, now=NOW))
    await db.write(lambda conn: engine.handle_all(conn, NOW))
    await told(db, bought(1), bought(2))
    assert await holds(db, shop) == (49, 0, 0)
    assert await clean(db)


async def test_a_refund_may_come_before_its_order(db: Database) -> None:
    shop = await installed(db)
    purchase = bought(1, 10_000)
    purchase.wait(60)
    purchase.refund(5, favour=4_000, told=False)
    for one in reversed(purchase.deliveries):
        assert one.body is not None
        await db.write(partial(engine.store, topic=one.topic, body=one.body, now=NOW))
        await db.write(lambda conn: engine.handle_all(conn, NOW))
    assert await holds(db, shop) == (60, 0, 0)
    assert await clean(db)


async def test_each_order_is_judged_by_the_rule_of_its_own_time(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    change = PLACED + timedelta(days=5)

    def dearer(conn: Connection) -> None:
        widgets.change_settings(conn, shop.id, "loyalty", {"points_per_unit": "10"}, change)

    await db.write(dearer)
    before = bought(1, placed_at=change - timedelta(microseconds=1))
    exactly = bought(2, placed_at=change)
    await told(db, exactly, before)
    assert await holds(db, shop) == (49 + 499, 0, 0)

    off = PLACED + timedelta(days=9)
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "loyalty", {"enabled": False}, off))
    before.wait(40 * 86_400)
    before.refund(5, favour=2_000)
    await told(db, before, bought(3, placed_at=off))
    assert await holds(db, shop) == (29 + 499, 0, 0)
    assert await clean(db)


async def run_tasks(db: Database, shop: Shop, now: Any) -> None:
    """Do what was asked for about deriving orders again."""
    claimed = await db.write(lambda conn: tasks.claim(conn, "me", now))
    for one in claimed:
        if one.name in rederive.TASKS:
            run = TaskRun(db, engine.KEYRING, None, None, shop, one.key, one.payload, now)  # type: ignore[arg-type]
            await rederive.TASKS[one.name](run)
            await db.write(partial(tasks.finish, done=one, now=now))


@pytest.mark.parametrize(
    ("patch", "before", "after"),
    [
        ({"active_from": (PLACED + timedelta(days=1)).isoformat()}, (98, 0, 0), (49, 0, 0)),
        ({"count_test_orders": "true"}, (98, 0, 0), (147, 0, 0)),
    ],
)
async def test_what_counts_today_counts_for_every_order_once_they_are_derived_again(
    db: Database, patch: dict[str, str], before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    late = PLACED + timedelta(days=2)
    await told(db, bought(1), bought(2, placed_at=late), bought(3, placed_at=late, test=True))
    assert await holds(db, shop) == before
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "shop", patch, NOW))
    assert await holds(db, shop) == before
    assert await clean(db)  # what waits to be derived again is no breach
    await run_tasks(db, shop, NOW)
    waiting = select(tasks.task.c.id).where(tasks.task.c.name == widgets.REDERIVE)
    assert await db.read(lambda conn: conn.execute(waiting).all()) == []
    assert await holds(db, shop) == after
    assert await clean(db)
    assert await db.write(lambda conn: widgets.change_settings(conn, shop.id, "shop", patch, NOW)) is None


async def test_a_foreign_currency_is_parked_and_judged_by_its_own_times_rule(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    change = PLACED + timedelta(days=5)

    def moves(conn: Connection) -> None:
        value = settings.current(conn, shop.id, ShopSettings).model_copy(update={"currency": "JPY"})
        engine.version(conn, shop, 2, value, change)

    await db.write(moves)
    await told(
        db,
        bought(1, 4_990, currency="JPY"),
        bought(2, 4_990),
        bought(3, 4_990, currency="JPY", placed_at=change),
        bought(4, 4_990, placed_at=change),
    )
    assert await holds(db, shop) == (49 + 4_990, 0, 0)
    assert len(await db.read(reasons)) == 4  # two orders, told twice each
    assert await clean(db)


async def test_points_expire_and_a_late_fact_is_no_double_loss(db: Database) -> None:
    shop = await installed(db, sections=[MONTH])
    purchase = bought(1, 10_000, placed_at=PLACED - timedelta(days=60))
    await told(db, purchase, now=PLACED - timedelta(days=60))
    assert await holds(db, shop, now=PLACED - timedelta(days=40)) == (100, 0, 0)
    assert await holds(db, shop) == (0, 0, 0)
    await db.write(lambda conn: engine.tick(conn, NOW))
    await db.write(lambda conn: engine.tick(conn, NOW))
    assert await db.read(kinds) == [("accrual", 100), ("expiry", -100)]
    purchase.wait(50 * 86_400)
    purchase.refund(5, favour=4_000)
    await told(db, purchase)
    assert await db.read(kinds) == [
        ("accrual", 100),
        ("expiry", -100),
        ("clawback", -40),
        ("expiry_reversal", 40),
    ]
    late = PLACED - timedelta(days=45)
    await db.write(lambda conn: engine.redeem(conn, shop, ANNA, 25, late, NOW))
    assert await db.read(total) == 0
    assert (await db.read(kinds))[-2:] == [("redemption", -25), ("expiry_reversal", 25)]
    assert await holds(db, shop) == (0, 0, 0)
    assert await clean(db)


async def two_rules(db: Database) -> tuple[Shop, Any]:
    """A shop whose points lived for ever until ten days after PLACED - 60 days, and a month from then on."""
    shop = await installed(db, sections=[AT_ONCE])
    change = PLACED - timedelta(days=60)
    await db.write(lambda conn: engine.version(conn, shop, 2, MONTH, change))
    return shop, change


async def test_expiry_follows_a_merged_customers_own_debits(db: Database) -> None:
    shop, change = await two_rules(db)
    await told(db, bought(1, placed_at=change - timedelta(days=1)))
    await told(db, bought(2, placed_at=change, customer=BERT))
    await db.write(lambda conn: engine.tick(conn, NOW))

    def join(conn: Connection) -> None:
        engine.store(conn, "customers/merge", merge(ANNA, BERT), now=NOW)
        engine.handle_all(conn, NOW)

    await db.write(join)
    assert await holds(db, shop, BERT) == (49, 0, 0)
    await db.write(lambda conn: engine.redeem(conn, shop, ANNA, 20, change + timedelta(days=1), NOW))
    assert await holds(db, shop, BERT) == (49, 0, 0)
    assert await clean(db)


async def test_expiry_follows_an_order_that_leaves_a_merged_customer(db: Database) -> None:
    shop, change = await two_rules(db)
    first = bought(1, placed_at=change - timedelta(days=9))
    await told(db, first, bought(2, placed_at=change, customer=BERT))
    spent = change - timedelta(days=5)
    await db.write(lambda conn: engine.redeem(conn, shop, BERT, 49, spent, NOW))

    def join(conn: Connection) -> None:
        engine.store(conn, "customers/merge", merge(ANNA, BERT), now=NOW)
        engine.handle_all(conn, NOW)

    await db.write(join)
    await db.write(lambda conn: engine.tick(conn, NOW))
    assert await holds(db, shop, BERT) == (0, 0, 0)
    first.wait(60)
    first.belong_to(CARA)
    await told(db, first)
    assert await holds(db, shop, CARA) == (49, 0, 0)
    assert await holds(db, shop, BERT) == (0, 0, 0)
    assert await clean(db)


async def test_expiry_follows_an_order_whose_own_time_moves(db: Database) -> None:
    shop, change = await two_rules(db)
    purchase = bought(1, placed_at=change)
    await told(db, purchase)
    await db.write(lambda conn: engine.tick(conn, NOW))
    assert await holds(db, shop) == (0, 0, 0)
    purchase.wait(86_400)
    purchase.placed_at = change - timedelta(days=1)
    purchase.tell("orders/updated")
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)
    assert await clean(db)


async def test_expiry_of_merged_customers_touches_no_account_but_the_root(db: Database) -> None:
    shop = await installed(db, sections=[MONTH])
    await told(db, bought(1), bought(2, customer=BERT), now=PLACED)

    def join(conn: Connection) -> None:
        engine.store(conn, "customers/merge", merge(ANNA, BERT), now=PLACED)
        engine.handle_all(conn, PLACED)

    await db.write(join)
    later = NOW + timedelta(days=40)
    assert len(await db.write(lambda conn: positions.due_for_expiry(conn, None, later))) == 1
    noted = select(account.c.expired_to, account.c.id == account.c.root_id)
    before = dict(await db.read(lambda conn: [(row[1], row[0]) for row in conn.execute(noted)]))
    await db.write(lambda conn: engine.tick(conn, later))
    after = dict(await db.read(lambda conn: [(row[1], row[0]) for row in conn.execute(noted)]))
    assert (after[True], after[False]) == (later, before[False])
    assert await db.write(lambda conn: positions.due_for_expiry(conn, None, later)) == []
    assert await holds(db, shop, now=later) == (0, 0, 0)
    assert await clean(db, later)


async def test_a_credit_with_an_end_expires_by_the_clock(db: Database) -> None:
    shop = await installed(db)

    def give(conn: Connection) -> None:
        mine = accounts.ensure(conn, [(shop.id, ANNA)])[shop.id, ANNA]
        entry = Entry(shop.id, mine.id, ledger.IMPORT, 30, "import:1", PLACED, expires_at=NOW)
        positions.post(conn, [entry], PLACED)

    await db.write(give)
    early = NOW - timedelta(seconds=1)
    await db.write(lambda conn: engine.tick(conn, early))
    assert await holds(db, shop, now=early) == (30, 0, 0)
    await db.write(lambda conn: engine.tick(conn, NOW))
    assert await db.read(kinds) == [("import", 30), ("expiry", -30)]
    assert await db.write(lambda conn: positions.due_for_expiry(conn, None, NOW)) == []
    assert await holds(db, shop) == (0, 0, 0)
    assert await clean(db)


async def test_a_one_time_bonus_opens_and_expires_by_the_clock(db: Database) -> None:
    shop = await installed(db)
    opens = NOW - timedelta(days=5)

    def give(conn: Connection) -> None:
        mine = accounts.ensure(conn, [(shop.id, ANNA)])[shop.id, ANNA]
        due = Due("welcome:first", 30, PLACED, opens, NOW, "1.1")
        for _ in range(2):
            bonuses.post(conn, shop.id, {mine.id: [due]}, "welcome:", PLACED)

    await db.write(give)
    assert await holds(db, shop, now=PLACED) == (0, 30, 0)
    assert await holds(db, shop, now=opens) == (30, 0, 0)
    await db.write(lambda conn: engine.tick(conn, NOW))
    assert await db.read(kinds) == [("bonus", 30), ("expiry", -30)]
    assert await db.write(lambda conn: positions.due_for_expiry(conn, None, NOW)) == []
    assert await holds(db, shop) == (0, 0, 0)
    assert await clean(db)


async def test_a_guests_order_waits_for_its_customer(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(points_per_unit=Decimal("2.5"), pending_days=0)])
    purchase = bought(1, customer=None)
    await told(db, purchase)
    assert await db.read(kinds) == []
    points = await db.read(lambda conn: conn.execute(select(earning.c.points)).scalar_one())
    assert points == 124
    purchase.wait(60)
    purchase.belong_to(ANNA)
    await told(db, purchase)
    assert await holds(db, shop) == (124, 0, 0)
    assert await clean(db)
