"""Whatever the order, number and lateness of what is told, the engine ends where the oracle says."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from plugin.core import settlement, standing
from plugin.core.accounts import account
from plugin.core.ledger import earning
from plugin.core.order_book import order
from plugin.core.redemptions import redemption
from plugin.database import open_database
from plugin.settings import ShopSettings
from plugin.shops import Shop
from tests import engine
from tests.engine import Rules
from tests.integration.conftest import MakeUrl
from tests.oracle.bodies import gid
from tests.oracle.campaigns import Shelf
from tests.oracle.lots import Debit
from tests.oracle.model import AccountVerdict, History, LoyaltyVersion, Verdict, judge
from tests.oracle.orders import Delivery
from tests.oracle.strategies import arrivals, histories
from widgets.loyalty.campaigns import Campaign
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import Tier


def campaigns(version: LoyaltyVersion) -> tuple[Campaign, ...]:
    """The version's bonuses as a merchant would enter them."""
    return tuple(
        Campaign(
            id=f"c{number}",
            title="Bonus",
            multiplier=Decimal(one.multiplier),
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            collection=None if one.collection is None else gid("Collection", one.collection),
            tag=one.tag,
        )
        for number, one in enumerate(version.bonuses)
    )


def tiers(version: LoyaltyVersion) -> tuple[Tier, ...]:
    """The version's tiers as a merchant would enter them."""
    return tuple(
        Tier(
            id=one.id,
            title="Stufe",
            threshold=one.threshold,
            multiplier=Decimal(one.multiplier),
            entry_points=one.entry_points,
        )
        for one in version.tiers
    )


def rules(history: History) -> Rules:
    """The history's versions as our settings."""
    return Rules(
        loyalty=[
            (
                one.valid_from,
                LoyaltySettings(
                    points_per_unit=Decimal(one.points_per_unit),
                    pending_days=one.pending_days,
                    expiry_months=one.expiry_months,
                    basis=one.basis,
                    enabled=one.enabled,
                    campaigns=campaigns(one),
                    tiers=tiers(one),
                    tier_basis=one.tier_basis,
                    tier_months=one.tier_months,
                ),
            )
            for one in history.loyalty
        ],
        shop=[
            (
                one.valid_from,
                ShopSettings(
                    currency=one.currency,
                    time_zone=one.time_zone,
                    active_from=history.active_from.isoformat(),
                    count_test_orders=history.count_test_orders,
                ),
            )
            for one in history.shop
        ],
    )


def tell(
    conn: Connection,
    shop: Shop,
    told: list[Delivery],
    now: datetime,
    portion: int,
    shelf: Shelf | None = None,
) -> None:
    """Store and handle deliveries in portions; a fetch's answer is merged where it stands.

    With a shelf, products are answered for after each portion.
    """
    for start in range(0, len(told), portion):
        for one in told[start : start + portion]:
            if one.body is None:
                continue
            if one.source == "api" and one.fetched_at is not None:
                engine.fetch(conn, shop, one.body, one.fetched_at, now)
            else:
                engine.store(conn, one.topic, one.body, now=now)
        engine.handle_all(conn, now, portion)
        if shelf is not None:
            engine.answer_products(conn, shop, shelf, now)


def compare_account(conn: Connection, shop: Shop, due: AccountVerdict, now: datetime) -> None:
    """The customer reads what the oracle says, and the entries sum to it."""
    for customer in due.members:
        found = standing.standing(conn, shop.id, customer, now)
        if found is None:
            assert (due.total, due.lifetime) == (0, 0)
            continue
        read = (found.available, found.pending, found.debt, found.lifetime)
        assert read == (due.available, due.pending, due.debt, due.lifetime)
        mine = select(account.c.root_id).where(account.c.customer_id == customer)
        totals = select(account.c.total).where(account.c.root_id == mine.scalar_subquery())
        assert sum(conn.execute(totals).scalars()) == due.total


def compare_orders(conn: Connection, verdict: Verdict) -> None:
    """Each order's target, dates and tier included, is the oracle's."""
    columns = (earning.c.points, earning.c.tier, earning.c.available_at, earning.c.expires_at)
    rows = conn.execute(select(order.c.order_id, *columns).join(earning, earning.c.order_ref == order.c.id))
    found = {row.order_id: tuple(row[1:]) for row in rows}
    doubtful = {root for root, account in verdict.accounts.items() if account.ambiguous}
    for due in verdict.orders.values():
        if due.ambiguous or due.parked or due.snapshot is None or due.account in doubtful:
            continue
        points, tier, available_at, expires_at = found[due.id]
        assert (points, tier) == (due.target, due.tier)
        if due.lot is not None:
            assert (available_at, expires_at) == (due.lot.available_at, due.lot.expires_at)


def compare_redemptions(conn: Connection, due: AccountVerdict) -> None:
    """What came back of each reward, and when, is the oracle's."""
    for debit in due.spent:
        id = conn.execute(select(redemption.c.id).where(redemption.c.code == debit.code)).scalar_one()
        found = settlement.returns(conn, [id]).get(id, ())
        assert tuple((one.at, one.points) for one in found) == debit.back


def buy(conn: Connection, shop: Shop, debits: Iterable[Debit], now: datetime) -> None:
    """Buy the rewards whose time has come."""
    for one in debits:
        if one.at <= now:
            engine.redeem(
                conn, shop, one.customer, one.cost, one.at, now, kind=one.kind, code=one.code.upper()
            )


def give_up(conn: Connection, debits: Iterable[Debit], now: datetime) -> None:
    """Give up what was never used, or so it seemed."""
    for one in debits:
        if one.closed_at is not None and one.at <= now:
            engine.give_up(conn, one.code, one.closed_at, now)


async def run(
    url: str,
    history: History,
    told: list[Delivery],
    now: datetime,
    portion: int,
    *,
    promptly: bool,
    early: bool,
) -> None:
    """Tell everything to an empty database, then hold it against the oracle and against verify.

    Shopify answers for products ``promptly`` after each portion, or for all of them at the end; what is given up of
    rewards is given up ``early``, or once all is told.
    """
    verdict, versions = judge(history, now), rules(history)
    db = await open_database(url)
    try:

        def work(conn: Connection) -> Shop:
            first = (versions.loyalty[0][1], versions.shop[0][1])
            shop = engine.install(conn, now=history.installed_at, sections=first)
            versions.write(conn, shop)
            buy(conn, shop, history.debits, now)
            if early:
                give_up(conn, history.debits, now)
            tell(conn, shop, told, now, portion, history.shelf if promptly else None)
            give_up(conn, history.debits, now)
            engine.answer_products(conn, shop, history.shelf, now)
            engine.tick(conn, now)
            return shop

        shop = await db.write(work)

        def compare(conn: Connection) -> None:
            compare_orders(conn, verdict)
            for due in verdict.accounts.values():
                if not due.ambiguous:
                    compare_account(conn, shop, due, now)
                    compare_redemptions(conn, due)

        await db.read(compare)
        report = await engine.verified(db, now)
        assert report.breaches == ()
        if not any(due.parked for due in verdict.orders.values()):
            assert report.parked == verdict.parked
    finally:
        await db.close()


def hold_against_the_oracle(
    new_database: MakeUrl, stories: st.SearchStrategy[tuple[History, datetime]], examples: int
) -> None:
    """Tell stories in any order, portion and speed."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(
        told=stories,
        data=st.data(),
        portion=st.sampled_from([1, 2, 5, 50]),
        promptly=st.booleans(),
        early=st.booleans(),
    )
    def check(
        told: tuple[History, datetime], data: st.DataObject, portion: int, *, promptly: bool, early: bool
    ) -> None:
        history, now = told
        heap = data.draw(arrivals(history.deliveries))
        asyncio.run(run(new_database(), history, heap, now, portion, promptly=promptly, early=early))

    check()


def test_any_order_of_any_deliveries_ends_where_the_oracle_says(new_database: MakeUrl) -> None:
    hold_against_the_oracle(new_database, histories(), 150 if new_database().startswith("sqlite") else 15)


def test_tiers_are_the_oracles_whatever_came_when(new_database: MakeUrl) -> None:
    """Few customers with several orders, so that what is told of one decides about the others."""
    stories = histories(most_orders=5, most_steps=3, shoppers=(1, 1, 2), least_tiers=1)
    hold_against_the_oracle(new_database, stories, 120 if new_database().startswith("sqlite") else 15)
