"""A vendor's newest answer stands, each shop is asked about once a day, and nobody is asked where nobody pays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from plugin import clock, shops
from plugin.billing import checking, subscriptions
from plugin.billing.nobody import NOBODY
from plugin.billing.opening import open_billing
from plugin.billing.plans import FREE, PLANS, currency_for, plan_of
from plugin.billing.subscriptions import State, Told
from plugin.config import Config
from plugin.database import Database
from plugin.errors import ConfigurationError, Conflict
from plugin.shops import Shop
from plugin.tasks import task
from tests import engine
from tests.integration.engine.test_tasks import ENVIRONMENT

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
TOLD = Told(kind="stripe", state=State.ACTIVE, checked_at=NOW, plan="small", payer_id="cus_1", amount=19_00)


async def installed(db: Database, handle: str = "example") -> Shop:
    return await db.write(lambda conn: engine.install(conn, handle, now=NOW))


async def test_a_later_answer_stands_and_an_older_one_changes_nothing(db: Database) -> None:
    shop = await installed(db)

    async def told(one: Told) -> bool:
        return await db.write(lambda conn: subscriptions.record(conn, shop.id, one))

    later = replace(TOLD, plan="medium", payer_id=None, checked_at=NOW + timedelta(seconds=1))
    assert await told(TOLD)
    assert await told(later)
    assert not await told(TOLD)
    found = await db.read(lambda conn: subscriptions.find(conn, shop.id))
    assert found is not None
    assert (found.plan, found.payer_id, found.checked_at) == ("medium", None, later.checked_at)
    assert await told(replace(TOLD, kind="shopify")), "another vendor's clock is another clock"


async def test_since_when_a_payment_is_due_is_kept_until_it_is_made(db: Database) -> None:
    shop = await installed(db)
    seen = []
    for days, state in enumerate(
        (State.ACTIVE, State.PAST_DUE, State.PAST_DUE, State.ACTIVE, State.PAST_DUE)
    ):
        told = replace(TOLD, state=state, checked_at=NOW + timedelta(days))
        await db.write(partial(subscriptions.record, shop_id=shop.id, told=told))
        found = await db.read(lambda conn: subscriptions.find(conn, shop.id))
        seen.append(found and found.past_due_since)
    first, again = NOW + timedelta(1), NOW + timedelta(4)
    assert seen == [None, first, first, None, again]


async def test_what_a_vendor_says_leaves_our_own_count_alone(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: subscriptions.keep_over(conn, shop.id, "stripe", NOW))
    await db.write(lambda conn: subscriptions.record(conn, shop.id, TOLD))
    found = await db.read(lambda conn: subscriptions.find(conn, shop.id))
    assert found is not None
    assert found.over_since == NOW
    await db.write(lambda conn: subscriptions.keep_over(conn, shop.id, "stripe", None))
    found = await db.read(lambda conn: subscriptions.find(conn, shop.id))
    assert found is not None
    assert found.over_since is None


async def test_a_payer_is_found_by_the_vendors_name_alone(db: Database) -> None:
    shop = await installed(db)
    await db.write(lambda conn: subscriptions.record(conn, shop.id, TOLD))
    assert await db.read(lambda conn: subscriptions.shop_of_payer(conn, "stripe", "cus_1")) == shop.id
    assert await db.read(lambda conn: subscriptions.shop_of_payer(conn, "shopify", "cus_1")) is None
    assert await db.read(lambda conn: subscriptions.shop_of_payer(conn, "stripe", "cus_2")) is None


async def test_every_installed_shop_is_asked_about_once_a_day_and_evenly(db: Database) -> None:
    for number in range(3):
        await installed(db, f"shop{number}")
    gone = await installed(db, "gone")
    await db.write(lambda conn: shops.record_uninstall(conn, gone.id, NOW, NOW))
    (job,) = checking.jobs("shopify")

    async def asked(at: datetime) -> list[datetime]:
        def work(conn: object) -> list[datetime]:
            conn.execute(task.delete())  # type: ignore[attr-defined]
            assert job.run(conn, None, at) == 0  # type: ignore[arg-type]
            rows = conn.execute(select(task).order_by(task.c.due_at))  # type: ignore[attr-defined]
            return [row.due_at for row in rows if row.name == checking.REFRESH]

        return await db.write(work)

    first = await asked(NOW)
    assert first == [NOW + number * timedelta(seconds=6) for number in range(3)]
    assert await asked(NOW + timedelta(hours=23)) == []
    assert len(await asked(NOW + timedelta(days=1))) == 3


async def test_nobody_is_asked_where_nobody_pays(db: Database) -> None:
    shop = await installed(db)
    assert checking.jobs("none") == ()
    assert not NOBODY.can.needed
    with pytest.raises(Conflict):
        await NOBODY.begin(shop, PLANS[1], "EUR", "/", NOW)
    assert clock.Job in {type(one) for one in checking.jobs("stripe")}


async def test_a_kind_that_this_release_does_not_have_is_refused_at_the_start(db: Database) -> None:
    config = replace(Config.from_environment(ENVIRONMENT), billing="barter")
    with pytest.raises(ConfigurationError, match="barter"):
        open_billing(config, db)


def test_plans_rise_from_a_free_one_to_one_without_limit() -> None:
    limits = [plan.orders for plan in PLANS]
    assert FREE.free
    assert not any(plan.free for plan in PLANS[1:])
    assert limits == [250, 1_000, 5_000, None]
    assert len(PLANS) <= 4, "App Pricing shows four public plans"
    for currency in ("EUR", "USD"):
        prices = [plan.price(currency) for plan in PLANS]
        assert prices == sorted(prices)
    assert plan_of("small") is PLANS[1]
    assert plan_of("gone") is None
    assert (currency_for("EUR"), currency_for("JPY")) == ("EUR", "USD")
