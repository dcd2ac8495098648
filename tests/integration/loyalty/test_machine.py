"""Everything that can happen to points, in any order: after every step the books hold and nobody spends what is not there."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

import widgets
from plugin.core import adjustments, standing
from plugin.core.accounts import account
from plugin.core.adjustments import Adjustment
from plugin.core.redemptions import redemption
from plugin.database import Database, open_database
from plugin.errors import Conflict
from plugin.language import language
from plugin.settings import ShopSettings, current
from plugin.shops import Shop
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.engine.stories import bought
from tests.oracle.bodies import merge
from tests.oracle.purchase import Purchase
from widgets.base import Context, Surface
from widgets.loyalty import reward_codes
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.redeem import redeem
from widgets.loyalty.settings import LoyaltySettings

T = TypeVar("T")

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
PEOPLE = [2**53 + 11, 2**53 + 22, 2**53 + 33]
SECTION = LoyaltySettings.model_validate(
    {
        "pending_days": 1,
        "expiry_months": 2,
        "rewards": (
            Reward.model_validate({"id": "two", "title": "2 €", "cost": 20, "kind": "amount", "value": 200}),
            Reward.model_validate({"id": "ship", "title": "Versand", "cost": 35, "kind": "free_shipping"}),
        ),
        "tiers": (
            {"id": "silver", "title": "Silber", "threshold": 60, "multiplier": "1.5", "entry_points": 7},
        ),
    }
)

people = st.sampled_from(PEOPLE)
which = st.integers(0, 1_000)
"""One of what there is, by its number modulo how many there are."""


class Points(RuleBasedStateMachine):
    """One shop, three people, a clock that only goes forward, and a heap of webhooks that may wait, come twice or mixed."""

    new_url: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.numbers = count(1)
        self.now = START
        self.purchases: list[Purchase] = []
        self.told: list[int] = []
        self.db: Database = self.run(open_database(type(self).new_url()))
        self.shop: Shop = self.write(partial(engine.install, now=START, sections=[SECTION]))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.run(self.db.write(work))

    def teardown(self) -> None:
        try:
            self.everything_told()
            self.the_books_hold()
            for purchase in self.purchases:
                purchase.deliveries.reverse()
            self.told = [0] * len(self.purchases)
            before = self.figures()
            self.everything_told()
            assert self.figures() == before
        finally:
            self.run(self.db.close())
            self.loop.close()

    @initialize(person=people, price=st.integers(1, 20_000))
    def first_order(self, person: int, price: int) -> None:
        self.buy(person, price, 0)

    @rule(person=people, price=st.integers(0, 20_000), late=st.integers(0, 40))
    def buy(self, person: int, price: int, late: int) -> None:
        placed = max(START, self.now - timedelta(days=late))
        self.purchases.append(bought(next(self.numbers), price, placed_at=placed, customer=person))
        self.told.append(0)

    @rule(one=which, amount=st.integers(1, 10_000))
    def refund(self, one: int, amount: int) -> None:
        purchase = self.changed(one)
        purchase.refund(next(self.numbers) * 1_000, favour=min(amount, purchase.merchandise()))

    @rule(one=which)
    def send_back(self, one: int) -> None:
        self.changed(one).refund(next(self.numbers) * 1_000, {0: 1})

    @rule(one=which)
    def cancel(self, one: int) -> None:
        self.changed(one).cancel()

    @rule(one=which, person=people)
    def give_to(self, one: int, person: int) -> None:
        self.changed(one).belong_to(person)

    @rule(one=which, backwards=st.booleans(), twice=st.booleans())
    def tell(self, one: int, backwards: bool, twice: bool) -> None:
        """Deliver what waits of an order, or a part of it again."""
        number = one % len(self.purchases)
        waiting = self.purchases[number].deliveries[0 if twice else self.told[number] :]
        self.told[number] = len(self.purchases[number].deliveries)
        self.deliver([*reversed(waiting)] if backwards else waiting)

    @rule(deleted=people, kept=people)
    def join(self, deleted: int, kept: int) -> None:
        def work(conn: Connection) -> None:
            engine.store(conn, "customers/merge", merge(deleted, kept), now=self.now)
            engine.handle_all(conn, self.now)

        self.write(work)

    @rule(person=people, reward=st.sampled_from(["two", "ship"]))
    def take(self, person: int, reward: str) -> None:
        available = self.available(person)
        form = {"reward": reward, "request_id": f"r{next(self.numbers)}"}
        cost = next(one.cost for one in SECTION.rewards if one.id == reward)
        with contextlib.suppress(Conflict):
            outcome = self.write(partial(self.redeem, person=person, form=form))
            assert cost <= available
            assert outcome.available == available - cost
            assert self.write(partial(self.redeem, person=person, form=form)) == outcome
            return
        assert cost > available

    @rule(one=which, works=st.booleans())
    def mint(self, one: int, works: bool) -> None:
        ids = self.ids("pending")
        if not ids:
            return
        id = ids[one % len(ids)]
        if works:
            self.write(lambda conn: reward_codes.made(conn, id, f"gid://shopify/DiscountCodeNode/{id}"))
        else:
            self.write(lambda conn: reward_codes.reverse(conn, id, self.now))

    @rule(one=which, code=which)
    def use(self, one: int, code: int) -> None:
        """Somebody pays with a code; the order is told at some time or other."""
        codes = self.write(lambda conn: list(conn.execute(select(redemption.c.code)).scalars()))
        if codes:
            purchase = self.changed(one)
            purchase.code = str(codes[code % len(codes)]).lower()
            purchase.pieces[0].discount = min(200, purchase.pieces[0].price)
            purchase.tell("orders/updated")

    @rule(person=people, points=st.integers(-60, 60).filter(bool))
    def adjust(self, person: int, points: int) -> None:
        wanted = Adjustment(f"n{next(self.numbers)}", points, "Aus Kulanz", 1, told=False)
        available = self.available(person)
        found = self.write(
            lambda conn: adjustments.adjust(conn, self.shop.id, person, wanted, None, self.now)
        )
        if found is adjustments.Outcome.POSTED:
            assert available + points >= 0
        elif found is adjustments.Outcome.SHORT:
            assert available + points < 0

    @rule(rate=st.sampled_from(["0.5", "1", "2"]), enabled=st.booleans())
    def change_the_rule(self, rate: str, enabled: bool) -> None:
        """A rule of later than all orders: those of its very moment are derived again by a task, tried elsewhere."""
        self.now += timedelta(seconds=1)
        patch: dict[str, object] = {"points_per_unit": rate, "enabled": enabled}
        self.write(lambda conn: widgets.change_settings(conn, self.shop.id, "loyalty", patch, self.now))

    @rule(days=st.integers(1, 45))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.write(lambda conn: engine.tick(conn, self.now))

    @precondition(lambda self: bool(self.purchases))
    @invariant()
    def the_books_hold(self) -> None:
        report = self.run(engine.verified(self.db, self.now))
        assert report.breaches == ()

    @invariant()
    def nobody_has_less_than_nothing(self) -> None:
        for available, pending, debt, lifetime, _ in self.figures().values():
            assert min(available, pending, debt, lifetime) >= 0
            assert min(available, debt) == 0

    # what the rules are made of

    def changed(self, one: int) -> Purchase:
        purchase = self.purchases[one % len(self.purchases)]
        purchase.clock = max(purchase.clock, self.now)
        return purchase

    def deliver(self, waiting: list[Any]) -> None:
        def work(conn: Connection) -> None:
            for one in waiting:
                if one.body is not None:
                    engine.store(conn, one.topic, one.body, now=self.now)
            engine.handle_all(conn, self.now)

        self.write(work)

    def everything_told(self) -> None:
        for number, purchase in enumerate(self.purchases):
            self.deliver(purchase.deliveries[self.told[number] :])
            self.told[number] = len(purchase.deliveries)

    def redeem(self, conn: Connection, person: int, form: dict[str, str]) -> Any:
        widget = widgets.ALL["loyalty"]
        spoken = language("de", "sie", folder=widget.locales)
        own = current(conn, self.shop.id, ShopSettings)
        ctx = Context(self.shop, own, spoken, Surface.STOREFRONT, self.now, customer_id=person)
        return redeem(conn, ctx, current(conn, self.shop.id, LoyaltySettings), form)

    def available(self, person: int) -> int:
        found = self.write(lambda conn: standing.standing(conn, self.shop.id, person, self.now))
        return found.available if found else 0

    def ids(self, state: str) -> list[int]:
        wanted = select(redemption.c.id).where(redemption.c.state == state).order_by(redemption.c.id)
        return self.write(lambda conn: list(conn.execute(wanted).scalars()))

    def figures(self) -> dict[int, tuple[int, int, int, int, int]]:
        def work(conn: Connection) -> dict[int, tuple[int, int, int, int, int]]:
            found = {}
            for person in PEOPLE:
                mine = standing.standing(conn, self.shop.id, person, self.now)
                if mine is not None:
                    root = select(account.c.root_id).where(account.c.customer_id == person).scalar_subquery()
                    totals = conn.execute(select(account.c.total).where(account.c.root_id == root)).scalars()
                    held = (mine.available, mine.pending, mine.debt, mine.lifetime)
                    found[person] = (*held, sum(totals))
            return found

        return self.write(work)


def test_whatever_happens_to_points_in_whatever_order(new_database: MakeUrl) -> None:
    sqlite = new_database().startswith("sqlite")
    machine = type("Home", (Points,), {"new_url": staticmethod(new_database)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20 if sqlite else 3,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
