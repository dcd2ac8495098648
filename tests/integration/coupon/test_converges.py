"""Whatever the order, number and lateness of what is told, each coupon's state is one that the oracle allows."""

import asyncio
from dataclasses import replace
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from plugin import settings as sections
from plugin.core import order_codec
from plugin.core.order_book import order
from plugin.database import open_database
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shops import Shop
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.coupon.stage import LOCALES, mint
from tests.integration.engine.test_converges import rules, tell
from tests.oracle.bodies import Piece
from tests.oracle.model import History, judge
from tests.oracle.orders import Delivery
from tests.oracle.purchase import Purchase
from tests.oracle.strategies import BIG, arrivals, histories
from widgets.base import Context, OrderRef, Surface
from widgets.coupon import asking, stock
from widgets.coupon.settings import CouponSettings
from widgets.coupon.stamps import Counted
from widgets.coupon.tables import GIVEN, coupon, coupon_code, coupon_customer, coupon_node
from widgets.coupon.view import view


def campaign(history: History) -> CouponSettings:
    """The history's campaign as our settings."""
    one = history.campaign
    return CouponSettings(
        enabled=one.enabled,
        minimum_subtotal=one.minimum,
        valid_days=one.valid_days,
        first_order_only=one.first_order_only,
        stamp_every=one.stamp_every,
        monthly_cap=one.monthly_cap,
    )


def serve(conn: Connection, shop: Shop, now: datetime) -> None:
    """Fill the pools of what is on offer, and every node's as far as coupons wait for it."""
    mint(conn, shop.id, 20, now)
    for node in conn.execute(select(coupon_node.c.id)).scalars().all():
        stock.review(conn, shop.id, node, now, filling=False)


def answer(conn: Connection, shop: Shop, now: datetime) -> None:
    """Answer every open question about a customer; nobody has ordered before."""
    for key in conn.execute(select(coupon_customer.c.id)).scalars().all():
        asking.decide(conn, shop.id, key, asking.Answer(Counted(0, now)), now)


def shown(conn: Connection, shop: Shop, now: datetime) -> dict[int, str]:
    """What each order's page says."""
    own, of_coupon = (
        sections.current(conn, shop.id, ShopSettings),
        sections.current(conn, shop.id, CouponSettings),
    )
    found = {}
    for row in conn.execute(select(order).where(order.c.first_at.is_not(None))).all():
        about = OrderRef(row.id, row.order_id, order_codec.decode(row.state), row.first_at)
        spoken = language("en", "sie", folder=LOCALES)
        ctx = Context(shop, own, spoken, Surface.THANK_YOU, now, order=about)
        seen = view(conn, ctx, of_coupon)
        assert seen is not None
        found[row.order_id] = seen.state
    return found


def given_codes(conn: Connection) -> dict[int, str]:
    """The code that each order has."""
    rows = conn.execute(
        select(order.c.order_id, coupon_code.c.code)
        .join(coupon_code, coupon_code.c.order_ref == order.c.id)
        .where(coupon_code.c.state == GIVEN)
    )
    return {row.order_id: row.code for row in rows}


def using(codes: dict[int, str], turns: list[int], placed_at: datetime, currency: str) -> list[Purchase]:
    """Orders that use some of the codes, in lower case."""
    made = []
    for number, turn in enumerate(turns):
        code = sorted(codes.values())[turn % len(codes)]
        bought = Purchase(
            id=BIG + 900 + number,
            placed_at=placed_at,
            pieces=[Piece(900 + number, 9000)],
            code=code.lower(),
            currency=currency,
            source_name="pos",
        )
        bought.place("paid")
        made.append(bought)
    return made


async def run(
    url: str, history: History, told: list[Delivery], turns: list[int], now: datetime, portion: int
) -> None:
    """Tell everything, half of it before the questions are answered; then use some codes; then hold it to the oracle."""
    versions, half = rules(history), len(told) // 2
    db = await open_database(url)
    try:

        def work(conn: Connection) -> tuple[Shop, History]:
            first = (versions.loyalty[0][1], versions.shop[0][1], campaign(history))
            shop = engine.install(conn, now=history.installed_at, sections=first)
            tell(conn, shop, told[:half], now, portion)
            answer(conn, shop, now)
            tell(conn, shop, told[half:], now, portion)
            answer(conn, shop, now)
            serve(conn, shop, now)
            codes = given_codes(conn)
            uses = using(codes, turns if codes else [], now, history.shop[0].currency)
            later = [one for bought in uses for one in bought.deliveries]
            tell(conn, shop, later, now, portion)
            serve(conn, shop, now)
            engine.tick(conn, now)
            return shop, replace(history, deliveries=(*history.deliveries, *later), codes=codes)

        shop, whole = await db.write(work)
        verdict = judge(whole, now)
        found = await db.read(lambda conn: shown(conn, shop, now))
        for due in verdict.orders.values():
            if due.snapshot is not None and not due.ambiguous and due.id in found:
                assert found[due.id] in due.coupon, (due.id, found[due.id], due.coupon)
        open_ = select(coupon.c.order_ref).where(coupon.c.doubt.is_not(None))
        assert await db.read(lambda conn: conn.execute(open_).all()) == []
        report = await engine.verified(db, now)
        assert report.breaches == ()
    finally:
        await db.close()


def test_any_arrival_ends_in_a_state_that_the_oracle_allows(new_database: MakeUrl) -> None:
    examples = 60 if new_database().startswith("sqlite") else 10

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(
        told=histories(),
        data=st.data(),
        portion=st.sampled_from([1, 3, 50]),
        turns=st.lists(st.integers(0, 9), max_size=2),
    )
    def check(told: tuple[History, datetime], data: st.DataObject, portion: int, turns: list[int]) -> None:
        history, now = told
        history = replace(history, shop=history.shop[:1])
        heap = data.draw(arrivals(history.deliveries))
        asyncio.run(run(new_database(), history, heap, turns, now, portion))

    check()
