"""``dankbar verify`` finds whatever does not add up, names it, and is silent otherwise."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, text, update

import widgets
from plugin import verify
from plugin.core.accounts import account
from plugin.core.ledger import earning, ledger_entry
from plugin.core.order_book import order
from plugin.core.redemptions import redemption, redemption_return, redemption_use
from plugin.database import Database
from plugin.shops import Shop
from plugin.verify import Report, sentences
from tests import engine
from tests.integration.engine.stories import ANNA, BERT, CARA, NOW, PLACED, bought, installed, tell
from tests.oracle.bodies import Piece, merge
from widgets.loyalty.settings import LoyaltySettings

CODE = "DANKE-7K4M-9QXP-3TRV"
Plant = Callable[[Connection, Shop], object]


class Undo(Exception):
    """Leaves no trace of what was planted; carries what verify found."""

    def __init__(self, report: Report) -> None:
        self.report = report


async def scene(db: Database) -> Shop:
    """A shop in order: points for ever and expired ones, debt, a merge, a refund before its order, a reward given back."""
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0)])
    change = PLACED - timedelta(days=60)

    def happen(conn: Connection) -> None:
        engine.version(conn, shop, 2, LoyaltySettings(pending_days=0, expiry_months=1), change)
        refunded = bought(3, placed_at=change - timedelta(days=3), customer=CARA)
        early = bought(4, customer=None)
        early.refund(7, favour=100)
        del early.deliveries[:2], early.deliveries[1:]
        tell(conn, bought(1, placed_at=change - timedelta(days=1)))
        tell(conn, bought(2, placed_at=change, customer=BERT), refunded, early)
        engine.redeem(conn, shop, CARA, 40, NOW, NOW)
        refunded.refund(5, favour=1_000)
        tell(conn, refunded)
        engine.redeem(conn, shop, ANNA, 20, PLACED, NOW, code=CODE)
        used = bought(5, code=CODE.lower(), pieces=[Piece(50, 2_000, 2, 500)])
        used.wait(60)
        used.refund(9, {0: 1})
        tell(conn, used)
        engine.store(conn, "customers/merge", merge(CARA + 1, BERT), now=NOW)
        engine.store(conn, "orders/paid", b"{}", now=NOW)
        engine.handle_all(conn, NOW)
        engine.tick(conn, NOW)
        engine.install(conn, "other", now=NOW)

    await db.write(happen)
    return shop


async def found(db: Database, shop: Shop, plant: Plant) -> Report:
    """What verify finds once this is planted, with the trigger out of the way."""

    def work(conn: Connection) -> None:
        if conn.dialect.name == "sqlite":
            conn.execute(text("DROP TRIGGER ledger_entry_no_update"))
            conn.execute(text("DROP TRIGGER ledger_entry_no_delete"))
        else:
            conn.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))
        plant(conn, shop)
        raise Undo(verify.verify(conn, None, None, NOW))

    with pytest.raises(Undo) as undone:
        await db.write(work)
    return undone.value.report


def account_of(conn: Connection, customer: int) -> int:
    return int(conn.execute(select(account.c.id).where(account.c.customer_id == customer)).scalar_one())


def order_of(conn: Connection, number: int) -> int:
    return int(conn.execute(select(order.c.id).where(order.c.order_id == number)).scalar_one())


def reward_of(conn: Connection) -> int:
    """The redemption that was half given back."""
    return int(conn.execute(select(redemption.c.id).where(redemption.c.code == CODE)).scalar_one())


def entry(
    conn: Connection,
    shop: Shop,
    customer: int,
    kind: str,
    points: int,
    number: int | None = None,
    redemption_id: int | None = None,
) -> None:
    """Append an entry behind the ledger's back, its total adjusted, so that nothing shows in the sums."""
    mine = account_of(conn, customer)
    row = {
        "shop_id": shop.id,
        "account_id": mine,
        "kind": kind,
        "points": points,
        "business_key": "planted",
        "business_at": PLACED,
        "recorded_at": NOW,
        "order_ref": None if number is None else order_of(conn, number),
        "redemption_id": redemption_id,
    }
    conn.execute(insert(ledger_entry).values(row))
    conn.execute(update(account).where(account.c.id == mine).values(total=account.c.total + points))


def changed_facts(conn: Connection, shop: Shop) -> None:
    state = conn.execute(select(order.c.state).where(order.c.order_id == 1)).scalar_one()
    conn.execute(update(order).where(order.c.order_id == 1).values(state=state.replace(",4990,", ",5990,")))


def lost_account(conn: Connection, shop: Shop) -> None:
    conn.execute(update(account).where(account.c.customer_id == ANNA).values(customer_id=None))


def moved_shop(conn: Connection, shop: Shop) -> None:
    other = conn.execute(text("SELECT id FROM shop WHERE handle = 'other'")).scalar_one()
    conn.execute(text("UPDATE ledger_entry SET shop_id = :other WHERE id = 1"), {"other": other})


def broken_chain(conn: Connection, shop: Shop) -> None:
    """Bert, to whom somebody was merged, becomes an alias of Anna alone."""
    anna = account_of(conn, ANNA)
    conn.execute(update(account).where(account.c.customer_id == BERT).values(root_id=anna))


PLANTS: dict[str, tuple[Plant, set[str]]] = {
    "an entry changed": (
        lambda conn, _: conn.execute(text("UPDATE ledger_entry SET points = points + 1 WHERE id = 1")),
        {"total", "posted"},
    ),
    "an entry deleted": (
        lambda conn, _: conn.execute(text("DELETE FROM ledger_entry WHERE id = 1")),
        {"total", "posted"},
    ),
    "a total changed": (
        lambda conn, _: conn.execute(update(account).where(account.c.customer_id == ANNA).values(total=999)),
        {"total"},
    ),
    "an order earned twice": (lambda conn, shop: entry(conn, shop, ANNA, "accrual", 49, 1), {"posted"}),
    "an order earned for somebody else": (
        lambda conn, shop: entry(conn, shop, BERT, "accrual", 1, 1),
        {"posted"},
    ),
    "points for no order": (lambda conn, shop: entry(conn, shop, ANNA, "accrual", 5), {"balance"}),
    "points for an order never seen": (
        lambda conn, shop: entry(conn, shop, ANNA, "accrual", 5, 4),
        {"balance"},
    ),
    "a lot changed": (
        lambda conn, _: conn.execute(update(earning).values(points=earning.c.points + 1)),
        {"target"},
    ),
    "a lot opened early": (
        lambda conn, _: conn.execute(update(earning).values(available_at=PLACED)),
        {"target"},
    ),
    "a lot that never ends": (
        lambda conn, _: conn.execute(update(earning).values(expires_at=None)),
        {"target"},
    ),
    "another arithmetic": (
        lambda conn, _: conn.execute(update(earning).values(breakdown='["EUR",1000,[]]')),
        {"target"},
    ),
    "waiting for nothing": (
        lambda conn, _: conn.execute(update(earning).values(waits=True)),
        {"target"},
    ),
    "a lot gone": (lambda conn, _: conn.execute(text("DELETE FROM earning")), {"target"}),
    "facts changed": (changed_facts, {"posted", "target"}),
    "a customer without an account": (lost_account, {"account", "posted"}),
    "expiry that never was": (lambda conn, shop: entry(conn, shop, ANNA, "expiry", -5), {"expiry"}),
    "too much expired": (lambda conn, shop: entry(conn, shop, BERT, "expiry", -5), {"expiry"}),
    "expiry given back": (lambda conn, shop: entry(conn, shop, BERT, "expiry_reversal", 49), {"expiry"}),
    "an entry in another shop": (moved_shop, {"shop"}),
    "a chain of aliases broken": (broken_chain, {"root"}),
    "a reward for nothing": (
        lambda conn, _: conn.execute(text("DELETE FROM ledger_entry WHERE kind = 'redemption'")),
        {"redemption"},
    ),
    "a reward paid twice": (
        lambda conn, shop: entry(conn, shop, ANNA, "redemption", -20, redemption_id=reward_of(conn)),
        {"redemption"},
    ),
    "a debit for no reward": (
        lambda conn, shop: entry(conn, shop, ANNA, "redemption", -20),
        {"redemption", "balance"},
    ),
    "a reward's points given for something else": (
        lambda conn, shop: entry(conn, shop, ANNA, "bonus", 5, redemption_id=reward_of(conn)),
        {"redemption"},
    ),
    "a reward dearer than its debit": (
        lambda conn, _: conn.execute(update(redemption).values(cost=redemption.c.cost + 1)),
        {"redemption"},
    ),
    "more given back than the order says": (
        lambda conn, _: conn.execute(update(redemption_return).values(points=15)),
        {"returned"},
    ),
    "given back without a reason": (
        lambda conn, shop: entry(conn, shop, ANNA, "redemption_reversal", 5, redemption_id=reward_of(conn)),
        {"returned"},
    ),
    "a return forgotten": (
        lambda conn, _: conn.execute(text("DELETE FROM redemption_return")),
        {"returned"},
    ),
    "a use forgotten": (
        lambda conn, _: conn.execute(text("DELETE FROM redemption_use")),
        {"reward code", "returned"},
    ),
    "a use that never was": (
        lambda conn, _: conn.execute(update(redemption_use).values(order_ref=order_of(conn, 1))),
        {"reward code"},
    ),
    "a code in another shop": (
        lambda conn, _: conn.execute(text("UPDATE redemption SET shop_id = (SELECT max(id) FROM shop)")),
        {"redemption"},
    ),
}


async def test_a_shop_in_order_has_no_breach_and_its_counts_are_told(db: Database) -> None:
    shop = await scene(db)
    report = await engine.verified(db, NOW)
    assert report.breaches == ()
    assert report.ok
    assert report.accounts == 4
    assert (report.inbox_waiting, report.parked) == (0, 1)
    assert report.as_json().keys() == {"ok", "accounts", "entries", "inbox_waiting", "parked", "breaches"}
    assert sentences(report)[-1] == "All invariants hold."
    own = await db.snapshot(lambda conn: verify.verify(conn, shop.handle, shop.id, NOW))
    assert (own.entries, own.parked) == (report.entries, 1)
    other = await db.snapshot(
        lambda conn: verify.verify(conn, "other", verify.shop_id_of(conn, "other"), NOW)
    )
    assert (other.ok, other.accounts, other.entries, other.parked) == (True, 0, 0, 0)


async def test_each_kind_of_breach_is_found_and_named(db: Database) -> None:
    shop = await scene(db)
    for what, (plant, names) in PLANTS.items():
        report = await found(db, shop, plant)
        assert not report.ok, what
        assert names <= {breach.invariant for breach in report.breaches}, (what, report.breaches)
        assert str(len(report.breaches)) in sentences(report)[-1]
    report = await engine.verified(db, NOW)
    assert report.breaches == ()


async def test_a_breach_of_one_shop_is_not_told_to_another(db: Database) -> None:
    shop = await scene(db)

    def work(conn: Connection) -> None:
        conn.execute(update(account).values(total=999))
        raise Undo(verify.verify(conn, "other", verify.shop_id_of(conn, "other"), NOW))

    with pytest.raises(Undo) as undone:
        await db.write(work)
    assert undone.value.report.ok
    assert shop.installed


async def test_waiting_events_and_orders_to_be_derived_again_are_no_breach(db: Database) -> None:
    shop = await scene(db)
    await db.write(lambda conn: engine.store(conn, "orders/paid", bought(9).body(), now=NOW))
    patch = {"active_from": NOW.isoformat()}
    await db.write(lambda conn: widgets.change_settings(conn, shop.id, "shop", patch, NOW))
    report = await engine.verified(db, NOW)
    assert (report.breaches, report.inbox_waiting) == ((), 1)


async def test_what_has_expired_but_is_not_posted_yet_is_no_breach(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(pending_days=0, expiry_months=1)])
    await db.write(lambda conn: tell(conn, bought(1), now=PLACED))
    report = await engine.verified(db, NOW + timedelta(days=90))
    assert report.breaches == ()
    assert shop.installed
