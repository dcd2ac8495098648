"""What is open is what an independent replay of every customer sums up to, month by month, and in money exactly."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from plugin import nightly
from plugin.core import liability
from plugin.core.liability import Liability, Month, dearest, shares, worth
from plugin.database import Database
from plugin.settings import ShopSettings
from plugin.shops import Shop
from tests import engine
from tests.integration.engine.stories import NOW, bought, installed, tell
from tests.oracle import lots as oracle
from tests.oracle.bodies import merge
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.notes import worth as worth_of_a_point
from widgets.loyalty.settings import LoyaltySettings

ZONE = ZoneInfo("Europe/Berlin")
START = NOW - timedelta(days=900)
FIRST = 2**53 + 1000


@dataclass(frozen=True)
class Bought:
    number: int
    customer: int
    euros: int
    at: datetime


def a_history(seed: int, customers: int = 40, orders: int = 160) -> tuple[list[Bought], list[oracle.Debit]]:
    """Orders and redemptions of many customers over two and a half years."""
    random = Random(seed)
    history = [
        Bought(
            number,
            FIRST + random.randrange(customers),
            random.randrange(1, 200),
            START + timedelta(hours=random.randrange(900 * 24)),
        )
        for number in range(1, orders + 1)
    ]
    debits = [
        oracle.Debit(random.choice(history).customer, NOW - timedelta(days=random.randrange(800)), cost)
        for cost in (5, 20, 50, 300, 10, 9_000)
    ]
    return history, debits


def summed(
    history: list[Bought], debits: list[oracle.Debit], months: int, alias: dict[int, int]
) -> Liability:
    """The same figures, by the replay that the tests have of their own."""
    available, pending = Counter[date | None](), Counter[date | None]()
    debt = 0
    owners = {alias.get(one.customer, one.customer) for one in history}
    for owner in owners:
        lots = [
            oracle.Lot(one.number, one.euros, *oracle.lot_times(one.at, str(ZONE), 14, months))
            for one in history
            if alias.get(one.customer, one.customer) == owner
        ]
        mine = [one for one in debits if alias.get(one.customer, one.customer) == owner]
        found = oracle.replay(lots, mine, NOW)
        debt += found.debt
        for lot in lots:
            month = lot.expires_at.astimezone(ZONE).date().replace(day=1) if lot.expires_at else None
            if lot.available_at > NOW:
                pending[month] += lot.points
            elif left := found.left.get(lot.order, 0):
                available[month] += left
    known = sorted({*available, *pending}, key=lambda month: month or date.max)
    return Liability(tuple(Month(month, available[month], pending[month]) for month in known), debt)


async def live(db: Database, shop: Shop, history: list[Bought], debits: list[oracle.Debit]) -> None:
    def work(conn: Connection) -> None:
        tell(
            conn,
            *(
                bought(one.number, one.euros * 100, customer=one.customer, placed_at=one.at)
                for one in history
            ),
        )
        for one in debits:
            engine.redeem(conn, shop, one.customer, one.cost, one.at, NOW)

    await db.write(work)


@pytest.mark.parametrize("months", [0, 3, 12])
async def test_open_points_are_what_an_independent_replay_sums_up_to(
    db: Database, monkeypatch: pytest.MonkeyPatch, months: int
) -> None:
    monkeypatch.setattr(liability, "_ROOTS", liability._ROOTS.limit(7))
    shop = await installed(db, sections=[LoyaltySettings(expiry_months=months)])
    await installed(db, handle_="other")
    history, debits = a_history(months)
    await live(db, shop, history, debits)
    alias = {FIRST + 1: FIRST, FIRST + 2: FIRST, FIRST + 3: FIRST + 4}

    def merged(conn: Connection) -> None:
        for gone, kept in alias.items():
            engine.store(conn, "customers/merge", merge(gone, kept), now=NOW)
        engine.handle_all(conn, NOW)
        engine.tick(conn, NOW)

    await db.write(merged)
    found = await db.snapshot(lambda conn: liability.liability(conn, shop.id, ZONE, NOW))
    assert found == summed(history, debits, months, alias)
    assert found.points > 0
    assert found.debt > 0
    assert (months == 0) == (found.months[-1].month is None)
    empty = await db.snapshot(lambda conn: liability.liability(conn, shop.id + 1, ZONE, NOW))
    assert empty == Liability((), 0)


async def test_what_is_open_is_kept_with_the_nightly_check(db: Database) -> None:
    shop = await installed(db, sections=[LoyaltySettings(expiry_months=12)])
    history, debits = a_history(7)
    await live(db, shop, history, debits)
    await nightly.check(db, shop, NOW)
    kept = await db.read(lambda conn: nightly.last_check(conn, shop.id))
    assert kept is not None
    assert kept.liability == summed(history, debits, 12, {})


def test_money_is_exact_and_its_parts_add_up() -> None:
    third = Fraction(100, 3)
    assert worth(10, third) == 333
    assert shares([1, 1, 1, 7], third) == [33, 33, 34, 233]
    assert sum(shares([1, 1, 1, 7], third)) == worth(10, third)
    assert shares([], third) == []


def test_a_point_is_worth_what_the_most_favourable_reward_gives_for_it() -> None:
    assert dearest([(200, 200), (1000, 750), (500, 400)]) == Fraction(4, 3)
    assert dearest([]) is None


def test_only_rewards_of_a_fixed_amount_that_are_not_over_say_what_a_point_is_worth() -> None:
    yesterday = NOW.astimezone(ZONE).date() - timedelta(days=1)
    common = {"id": "a", "title": "A", "cost": 100}
    shop = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2020-01-01")
    rewards = (
        Reward(**common | {"value": 100}),
        Reward(**common | {"id": "b", "value": 900, "ends_on": yesterday}),
        Reward(**common | {"id": "c", "kind": "percentage", "value": 90}),
        Reward(**common | {"id": "d", "value": 150, "starts_on": yesterday + timedelta(days=9)}),
    )
    assert worth_of_a_point(LoyaltySettings(rewards=rewards), shop, NOW) == Fraction(3, 2)
    assert worth_of_a_point(LoyaltySettings(rewards=rewards[1:3]), shop, NOW) is None
