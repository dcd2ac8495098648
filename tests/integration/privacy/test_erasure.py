"""customers/redact: what goes, what stays, and that nothing told late brings anybody back."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

import widgets
from plugin import tasks
from plugin.core import accounts, positions, privacy
from plugin.core.ledger import ledger_entry
from plugin.core.order_book import order, refund
from plugin.database import Database
from plugin.shops import Shop, record_uninstall
from plugin.tasks import Wanted, task
from tests import engine
from tests.engine import verified
from tests.integration.privacy.buying import (
    ANNA,
    BEN,
    CLARA,
    FIRST,
    NOW,
    TOKEN,
    erase,
    orders,
    purchase,
    redact,
    refunded,
    tell,
    totals,
)
from tests.integration.privacy.traces import rows, traces
from tests.oracle.bodies import deletion, merge
from webhooks.inbox import HANDLED, PARKED, WAITING, inbox
from widgets.loyalty.settings import LoyaltySettings


@pytest.fixture
async def shop(db: Database) -> Shop:
    """A shop in which everything ever bought counts."""
    return await db.write(lambda conn: engine.install(conn, now=NOW - timedelta(days=200)))


def everything_of(number: int) -> list[object]:
    """The ids of a purchase: order, line, product, refund, token."""
    line = 8_300_000_000_000_001 + number * 10
    return [FIRST + number, line, line // 7, 8_600_000_000_000_001 + number, f"{TOKEN}{number}"]


async def test_a_customer_goes_with_all_their_orders_and_the_sums_stay(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, refunded(0))
        tell(conn, purchase(1))
        tell(conn, purchase(2, BEN))
        assert traces(conn, [ANNA, *everything_of(0)[:2]])
        erase(conn, ANNA, FIRST)

    await db.write(work)

    def check(conn: Connection) -> None:
        assert traces(conn, [ANNA, *everything_of(0), *everything_of(1)]) == []
        assert orders(conn) == [(None, None, True), (None, None, True), (FIRST + 2, BEN, False)]
        assert totals(conn) == [(None, 49 + 98), (BEN, 98)]
        assert conn.execute(select(func.count()).select_from(refund)).scalar_one() == 0
        states = select(order.c.state).where(order.c.sealed)
        assert list(conn.execute(states).scalars()) == [None, None]
        assert privacy.pending(conn)

    await db.read(check)
    assert (await verified(db, NOW)).breaches == ()


async def test_erasing_again_or_somebody_unknown_changes_nothing_but_who_is_recognised(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, refunded(0))
        erase(conn, ANNA, FIRST)
        before = rows(conn)
        erase(conn, ANNA, FIRST)
        erase(conn, CLARA, FIRST + 50)
        after = rows(conn)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"tombstone", "inbox", "erasure"}
        assert len(after["tombstone"]) == len(before["tombstone"]) + 2
        assert traces(conn, [ANNA, CLARA, FIRST + 50]) == []

    await db.write(work)


async def test_listed_orders_go_whoever_bought_them_and_their_buyer_keeps_the_points(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0, BEN))
        tell(conn, purchase(1, BEN))
        tell(conn, purchase(2, None))
        erase(conn, None, FIRST, FIRST + 2)
        assert orders(conn) == [(None, None, True), (FIRST + 1, BEN, False), (None, None, True)]
        assert totals(conn) == [(BEN, 98 + 98)]
        assert traces(conn, [FIRST, FIRST + 2]) == []
        [mine] = accounts.ensure(conn, [(shop.id, BEN)]).values()
        held = positions.holdings(conn, [mine.root_id])[mine.root_id].at(NOW)
        assert held.available == 196

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_nothing_told_late_brings_an_erased_order_back(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        made = refunded(0)
        tell(conn, made)
        erase(conn, ANNA, FIRST)
        before = rows(conn)
        made.wait(60)
        made.refund(8_600_000_000_000_009, {0: 1})
        made.cancel()
        made.delete()
        tell(conn, made)
        assert made.deliveries[0].body is not None
        engine.fetch(conn, shop, made.body(), NOW, NOW)
        after = rows(conn)
        assert {name for name in before if before[name] != after[name]} == {"inbox"}
        assert {row.state for row in conn.execute(select(inbox.c.state))} == {HANDLED}

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_an_erased_customers_new_order_is_a_guests(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        erase(conn, ANNA, FIRST)
        tell(conn, purchase(1))
        engine.fetch(conn, shop, purchase(1).body(), NOW, NOW)
        assert orders(conn) == [(None, None, True), (FIRST + 1, None, False)]
        assert totals(conn) == [(None, 98)]
        assert traces(conn, [ANNA]) == []

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_one_batch_may_hold_an_order_and_its_erasure_in_any_order(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        first, later = purchase(0).deliveries[0], purchase(1).deliveries[0]
        assert first.body is not None
        assert later.body is not None
        engine.store(conn, "orders/create", first.body, now=NOW)
        engine.store(conn, "customers/redact", redact(ANNA, FIRST), now=NOW)
        engine.store(conn, "orders/create", later.body, now=NOW)
        batch = engine.handle_all(conn, NOW)
        assert (batch.parked, batch.failed) == (0, 0)
        assert traces(conn, [ANNA, FIRST]) == []
        assert orders(conn) == [(FIRST + 1, None, False)]

    await db.write(work)


async def test_everybody_merged_into_one_is_erased_with_them(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        for number, customer in enumerate((ANNA, BEN, CLARA)):
            tell(conn, purchase(number, customer))
        engine.store(conn, "customers/merge", merge(ANNA, BEN), now=NOW)
        engine.handle_all(conn, NOW)
        erase(conn, BEN)
        assert orders(conn) == [(None, None, True), (None, None, True), (FIRST + 2, CLARA, False)]
        assert totals(conn) == [(None, 98), (None, 98), (CLARA, 98)]
        tell(conn, purchase(3, ANNA))
        assert traces(conn, [ANNA, BEN]) == []

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_a_merge_told_late_erases_who_was_merged_into_the_erased_and_nobody_else(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        for number, customer in enumerate((ANNA, BEN, CLARA)):
            tell(conn, purchase(number, customer))
        erase(conn, BEN)
        engine.store(conn, "customers/merge", merge(ANNA, BEN), now=NOW)
        engine.store(conn, "customers/merge", merge(BEN, CLARA), now=NOW)
        engine.handle_all(conn, NOW)
        assert totals(conn) == [(None, 98), (None, 98), (CLARA, 98)]
        assert traces(conn, [ANNA, BEN]) == []
        assert orders(conn)[2] == (FIRST + 2, CLARA, False)

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_parked_and_failed_webhooks_and_waiting_fetches_go_with_the_person(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        foreign = purchase(0)
        foreign.currency = "USD"
        body = foreign.body()
        engine.store(conn, "orders/create", body, now=NOW, webhook_id="foreign")
        engine.store(conn, "orders/edited", {"order_id": FIRST + 1}, now=NOW, webhook_id="unknown")
        engine.store(conn, "orders/updated", f'{{"id": {FIRST}, "cus'.encode(), now=NOW, webhook_id="broken")
        engine.store(conn, "orders/edited", {"order_id": FIRST + 7}, now=NOW, webhook_id="other")
        engine.store(conn, "customers/update", {"id": ANNA}, now=NOW, webhook_id="customer")
        engine.store(conn, "products/update", {"id": FIRST}, now=NOW, webhook_id="product")
        assert engine.handle_all(conn, NOW).parked == 6
        wanted = [
            Wanted(shop.id, widgets.FETCH_ORDER, str(id), NOW, {"order_id": id}) for id in (FIRST, FIRST + 7)
        ]
        tasks.enqueue(conn, wanted, NOW)
        erase(conn, ANNA, FIRST, FIRST + 1)
        states = {row.webhook_id: row.state for row in conn.execute(select(inbox))}
        assert {id for id, state in states.items() if state == PARKED} == {"other", "product"}
        assert list(conn.execute(select(task.c.key)).scalars()) == [str(FIRST + 7)]
        assert traces(conn, [ANNA, FIRST + 1]) == []

    await db.write(work)


async def test_failed_webhooks_of_others_and_of_other_shops_wait_on_and_hold_up_nothing(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        engine.install(conn, "other", now=NOW - timedelta(days=200))
        stored = (("mine", "example", FIRST), ("bens", "example", FIRST + 7), ("foreign", "other", FIRST))
        for name, handle, id in stored:
            engine.store(conn, "orders/edited", {"order_id": id}, now=NOW, webhook_id=name, shop=handle)
        conn.execute(update(inbox).values(attempts=1, due_at=NOW + timedelta(hours=1)))
        erase(conn, ANNA, FIRST)
        states = {row.webhook_id: row.state for row in conn.execute(select(inbox))}
        assert {id for id, state in states.items() if state == WAITING} == {"bens", "foreign"}

    await db.write(work)


async def test_a_small_number_that_happens_to_be_somebodys_is_not_taken_for_them(
    db: Database, shop: Shop
) -> None:
    def work(conn: Connection) -> None:
        foreign = purchase(0, BEN)
        foreign.currency = "USD"
        engine.store(conn, "orders/create", foreign.body(), now=NOW)
        assert engine.handle_all(conn, NOW).parked == 1
        erase(conn, 2, 1)
        assert conn.execute(select(inbox.c.state).order_by(inbox.c.id)).scalars().first() == PARKED

    await db.write(work)


async def test_another_shops_rows_are_left_alone(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW - timedelta(days=200))
        engine.store(conn, "orders/create", purchase(0).body(), now=NOW, shop="other")
        engine.handle_all(conn, NOW)
        erase(conn, ANNA, FIRST)
        assert orders(conn) == [(FIRST, ANNA, False)]
        engine.store(conn, "orders/create", purchase(1).body(), now=NOW, shop="other")
        engine.handle_all(conn, NOW)
        assert orders(conn)[1] == (FIRST + 1, ANNA, False)
        assert accounts.ensure(conn, [(other.id, ANNA)])[other.id, ANNA].customer_id == ANNA

    await db.write(work)


async def test_a_shop_that_has_gone_is_still_asked(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        record_uninstall(conn, shop.id, NOW, NOW)
        erase(conn, ANNA, FIRST)
        assert traces(conn, [ANNA, FIRST]) == []

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_expiry_goes_on_for_an_account_that_is_nobodys_any_more(db: Database) -> None:
    def work(conn: Connection) -> None:

        rule = LoyaltySettings(expiry_months=1)
        engine.install(conn, now=NOW - timedelta(days=200), sections=[rule])
        tell(conn, purchase(0), NOW - timedelta(days=80))
        assert totals(conn) == [(ANNA, 98)]
        erase(conn, ANNA, FIRST, now=NOW - timedelta(days=70))
        engine.tick(conn, NOW)
        assert totals(conn) == [(None, 0)]
        kinds = conn.execute(select(ledger_entry.c.kind).order_by(ledger_entry.c.id)).scalars()
        assert list(kinds) == ["accrual", "expiry"]

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_verify_notices_when_a_sealed_sum_is_touched(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        erase(conn, ANNA, FIRST)
        conn.exec_driver_sql("UPDATE earning SET points = points + 1")

    await db.write(work)
    report = await verified(db, NOW)
    assert {breach.invariant for breach in report.breaches} >= {"sealed", "balance"}


async def test_lots_of_an_erased_and_a_living_order_are_never_taken_for_one(db: Database, shop: Shop) -> None:
    """The erased order's own key is a small number, and so may be another order's id at Shopify."""

    def work(conn: Connection) -> None:
        tell(conn, purchase(0, BEN))
        [ref] = conn.execute(select(order.c.id)).scalars()
        small = purchase(1, BEN)
        small.id = ref
        small.deliveries.clear()
        small.tell("orders/create")
        tell(conn, small)
        erase(conn, None, FIRST)
        [mine] = accounts.ensure(conn, [(shop.id, BEN)]).values()
        assert positions.holdings(conn, [mine.root_id])[mine.root_id].at(NOW).available == 196

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_a_deletion_of_an_unknown_order_that_was_erased_leaves_no_row(db: Database, shop: Shop) -> None:
    def work(conn: Connection) -> None:
        erase(conn, ANNA, FIRST)
        engine.store(conn, "orders/delete", deletion(FIRST), now=NOW)
        engine.handle_all(conn, NOW)
        assert orders(conn) == []

    await db.write(work)
