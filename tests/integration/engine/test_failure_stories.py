"""What went wrong with points elsewhere, told to this engine: one test for each story, named after it.

The stories are public reports about loyalty programs of other shops and frameworks. Those about taking a reward are in
``tests/integration/loyalty``.
"""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, select

import widgets
from plugin.core.ledger import ledger_entry
from plugin.database import Database, open_database
from plugin.shops import Shop
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
from tests.oracle.bodies import Piece, merge
from tests.oracle.purchase import Purchase
from webhooks import handle
from widgets.loyalty.settings import LoyaltySettings

AT_ONCE = LoyaltySettings(pending_days=0)
DAY = 86_400


async def told(db: Database, *purchases: Purchase, now: Any = NOW) -> None:
    await db.write(lambda conn: tell(conn, *purchases, now=now))


async def holds(db: Database, shop: Shop, customer: int = ANNA, now: Any = NOW) -> tuple[int, int, int]:
    report = await engine.verified(db, now)
    assert report.breaches == ()
    return await db.read(lambda conn: figures(conn, shop, customer, now))


async def change(db: Database, shop: Shop, at: Any, **patch: object) -> None:
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "loyalty", patch, at))


def entries(conn: Connection) -> list[tuple[str, int]]:
    rows = conn.execute(select(ledger_entry.c.kind, ledger_entry.c.points).order_by(ledger_entry.c.id))
    return [(row.kind, row.points) for row in rows]


# 1. double award


async def test_double_award_the_same_order_paid_many_times_under_many_event_ids(database_url: str) -> None:
    homes = [await open_database(database_url) for _ in range(2)]
    shop = await installed(homes[0], sections=[AT_ONCE])
    paid = bought(1).deliveries[-1]

    def store(conn: Connection) -> None:
        for number in range(30):
            engine.store(conn, paid.topic, paid.body or {}, now=NOW, webhook_id=f"event-{number}")
            engine.store(conn, paid.topic, paid.body or {}, now=NOW, webhook_id="the same event")

    await homes[0].write(store)

    async def work(home: Database) -> None:
        step = partial(handle.handle_due, keyring=engine.KEYRING, now=NOW, most=3)
        while (await home.write(step)).taken:
            pass

    await asyncio.gather(*(work(home) for home in homes))
    assert await holds(homes[0], shop) == (49, 0, 0)
    assert await homes[0].read(entries) == [("accrual", 49)]
    for home in homes:
        await home.close()


async def test_double_award_every_change_of_status_is_told_as_if_it_were_a_purchase(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, status="authorized")
    purchase.wait(60)
    purchase.pay()
    for _ in range(3):
        purchase.wait(60)
        purchase.tell("orders/paid", "orders/updated", "orders/create")
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)


# 2. the refund that keeps its points


async def test_refund_keeps_points_when_the_rule_was_switched_off_meanwhile(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1)
    await told(db, purchase)
    await change(db, shop, PLACED + timedelta(days=3), enabled=False)
    purchase.wait(10 * DAY)
    purchase.refund(5, {0: 1})
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 0)


async def test_refund_keeps_points_bought_and_returned_again_and_again(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    for number in range(1, 8):
        purchase = bought(number)
        await told(db, purchase)
        purchase.wait(DAY)
        purchase.refund(100 + number, {0: 1})
        await told(db, purchase)
        assert await holds(db, shop) == (0, 0, 0)


# 3. the refund that is charged twice, or with the wrong sign


async def test_refund_charged_twice_by_its_own_event_and_by_the_orders(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, 10_000)
    purchase.wait(DAY)
    purchase.refund(5, favour=4_000)
    purchase.tell("orders/updated", "orders/updated")
    await told(db, purchase, purchase)
    assert await holds(db, shop) == (60, 0, 0)


async def test_refund_charged_twice_by_the_cancellation_that_comes_with_it(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1)
    await told(db, purchase, bought(2))
    purchase.wait(DAY)
    purchase.refund(5, {0: 1})
    purchase.cancel()
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)


# 4. the second partial refund is ignored


@pytest.mark.parametrize("shares", [(1,) * 20, (33, 33, 34), (999, 1, 1_000, 2_990), (4_990,)])
async def test_second_partial_refund_is_ignored_any_partition_ends_alike(
    db: Database, shares: tuple[int, ...]
) -> None:
    shop = await installed(db, sections=[AT_ONCE.model_copy(update={"points_per_unit": Decimal("0.333")})])
    purchase = bought(1)
    for number, share in enumerate(shares, 1):
        purchase.wait(60)
        purchase.refund(number, favour=share)
    await told(db, purchase)
    left = (4_990 - sum(shares)) * 333 // 100_000
    assert await holds(db, shop) == (left, 0, 0)


# 5. merged customers lose their balance


@pytest.mark.parametrize("turn", list(permutations(range(4)))[::5])
async def test_merge_loses_the_balance_chains_before_and_after_a_refund(
    db: Database, turn: tuple[int, ...]
) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    first = bought(1)
    await told(db, first, bought(2, customer=BERT), bought(3, customer=CARA))
    first.wait(DAY)
    first.refund(5, favour=2_000)

    def happen(conn: Connection) -> None:
        steps = [
            lambda: engine.store(conn, "customers/merge", merge(ANNA, BERT), now=NOW),
            lambda: engine.store(conn, "customers/merge", merge(BERT, CARA), now=NOW),
            lambda: tell(conn, first),
            lambda: tell(conn, bought(4, customer=ANNA)),
        ]
        for place in turn:
            steps[place]()
            engine.handle_all(conn, NOW)

    await db.write(happen)
    for customer in (ANNA, BERT, CARA):
        assert await holds(db, shop, customer) == (29 + 49 + 49 + 49, 0, 0)


# 6. guest first, account later


async def test_guest_then_account_the_points_move_to_whoever_the_order_is_given_to(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, customer=None)
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 0)
    purchase.wait(60)
    purchase.belong_to(ANNA)
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)
    purchase.wait(60)
    purchase.belong_to(None)  # a body that names nobody takes nothing away
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)


# 7. out of order


async def test_out_of_order_refund_before_payment_cancellation_before_creation(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    partly, undone = bought(1, 10_000), bought(2)
    partly.wait(DAY)
    partly.refund(5, favour=4_000)
    undone.wait(DAY)
    undone.cancel()
    for one in [*reversed(undone.deliveries), *reversed(partly.deliveries)]:
        await db.write(partial(engine.store, topic=one.topic, body=one.body or {}, now=NOW))
        await db.write(lambda conn: engine.handle_all(conn, NOW))
    assert await holds(db, shop) == (60, 0, 0)


async def test_out_of_order_what_comes_a_week_late_changes_nothing_newer(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, 10_000)
    early = list(purchase.deliveries)
    purchase.wait(DAY)
    purchase.remove(0, 0)
    purchase.refund(5, favour=9_999)
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 0)

    def late(conn: Connection) -> None:
        for one in early:
            engine.store(conn, one.topic, one.body or {}, now=NOW + timedelta(days=7))
        engine.handle_all(conn, NOW + timedelta(days=7))

    await db.write(late)
    assert await holds(db, shop, now=NOW + timedelta(days=7)) == (0, 0, 0)


# 8. expiry and refund


async def test_expiry_and_refund_of_the_same_points_are_one_loss(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0, expiry_months=1)])
    old = bought(1, 10_000, placed_at=PLACED - timedelta(days=60))
    await told(db, old)
    await db.write(lambda conn: engine.tick(conn, NOW))
    fresh = bought(2, 10_000, placed_at=NOW - timedelta(days=1))
    await told(db, fresh)
    assert await holds(db, shop) == (100, 0, 0)
    old.wait(80 * DAY)
    old.refund(5, {0: 1})
    await told(db, old)
    assert await holds(db, shop) == (100, 0, 0)
    assert await db.read(total) == 100


# 9. the rule changed between award and refund


@pytest.mark.parametrize("rate", ["0", "0.5", "2", "10"])
async def test_rule_changed_between_award_and_refund_only_what_was_earned_leaves(
    db: Database, rate: str
) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, 10_000)
    await told(db, purchase, bought(2, 10_000))
    await change(db, shop, PLACED + timedelta(days=1), points_per_unit=rate)
    purchase.wait(3 * DAY)
    purchase.refund(5, favour=4_000)
    await told(db, purchase)
    assert await holds(db, shop) == (160, 0, 0)
    purchase.wait(DAY)
    purchase.refund(6, {0: 1}, withheld=4_000)
    await told(db, purchase)
    assert await holds(db, shop) == (100, 0, 0)


# 10. the clamp that hides a debt


async def test_clamp_hides_debt_what_was_spent_shows_and_the_next_points_make_up_for_it(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, 10_000)
    await told(db, purchase)
    await db.write(lambda conn: engine.redeem(conn, shop, ANNA, 80, NOW, NOW))
    purchase.wait(DAY)
    purchase.refund(5, {0: 1})
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 80)
    await told(db, bought(2, 3_000))
    assert await holds(db, shop) == (0, 0, 50)
    await told(db, bought(3, 10_000))
    assert await holds(db, shop) == (50, 0, 0)


# 11. edits, currency, tax, gift cards


async def test_order_edit_up_and_down_ends_at_what_is_kept(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1)
    purchase.wait(60)
    purchase.add(Piece(77, 2_000, 3))
    purchase.pay()
    purchase.wait(60)
    purchase.remove(1, 2)
    purchase.settle()
    await told(db, purchase)
    assert await holds(db, shop) == (69, 0, 0)


async def test_gift_cards_and_shipping_are_no_purchase(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, pieces=[Piece(11, 4_990), Piece(12, 10_000, gift=True)], shipping=990)
    await told(db, purchase)
    assert await holds(db, shop) == (49, 0, 0)


@pytest.mark.parametrize(
    ("basis", "included", "points"), [("gross", True, 119), ("net", True, 100), ("net", False, 119)]
)
async def test_tax_counts_as_the_merchant_says(db: Database, basis: str, included: bool, points: int) -> None:
    section = AT_ONCE.model_copy(update={"basis": basis})
    shop = await installed(db, sections=[section])
    await told(db, bought(1, 11_900, tax_percent=19, taxes_included=included))
    assert await holds(db, shop) == (points, 0, 0)


async def test_a_foreign_currency_is_set_aside_and_never_counted_one_to_one(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    await told(db, bought(1, 4_990, currency="JPY"))
    assert await holds(db, shop) == (0, 0, 0)
    assert await db.read(reasons) == ["The order is in JPY, the rule of its time in EUR."] * 2


@pytest.mark.parametrize(("currency", "points"), [("JPY", 4_990), ("KWD", 4), ("EUR", 49)])
async def test_minor_units_are_the_currencys_own(db: Database, currency: str, points: int) -> None:
    shop = await installed(db, sections=[AT_ONCE], currency=currency)
    await told(db, bought(1, 4_990, currency=currency))
    assert await holds(db, shop) == (points, 0, 0)


# 13. erasure with an open liability


async def test_erased_with_points_open_a_refund_told_later_brings_nobody_back(db: Database) -> None:
    shop = await installed(db, sections=[AT_ONCE])
    purchase = bought(1, 10_000)
    await told(db, purchase)
    redact = {
        "shop_id": 1,
        "shop_domain": "example.myshopify.com",
        "customer": {"id": ANNA, "email": "anna@example.com", "phone": None},
        "orders_to_redact": [1],
    }
    await db.write(lambda conn: engine.store(conn, "customers/redact", redact, now=NOW))
    await db.write(lambda conn: engine.handle_all(conn, NOW))
    purchase.wait(DAY)
    purchase.refund(5, {0: 1})
    await told(db, purchase)
    assert await holds(db, shop) == (0, 0, 0)
    assert await db.read(lambda conn: sum(points for _, points in entries(conn))) == 100
    assert (await engine.verified(db, NOW)).ok


# 14. random award


async def test_random_award_the_same_facts_give_the_same_points_in_every_database(new_database: Any) -> None:
    found = set()
    for _ in range(3):
        db = await open_database(new_database())
        shop = await installed(
            db, sections=[AT_ONCE.model_copy(update={"points_per_unit": Decimal("1.337")})]
        )
        await told(db, *(bought(number, 997 * number) for number in range(1, 9)))
        found.add((await holds(db, shop), tuple(await db.read(entries))))
        await db.close()
    assert len(found) == 1
