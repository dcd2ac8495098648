"""A page asks where the last answer is old, waits a moment at most, and shows the last truth otherwise."""

from datetime import UTC, datetime, timedelta

from plugin.billing import looking
from plugin.billing.looking import HOME, PAGE, WELCOME, Look
from plugin.billing.nobody import NOBODY
from plugin.billing.shopify import ShopifyBilling
from plugin.billing.subscriptions import State
from plugin.database import Database
from tests.integration.billing.pocket import Pocket
from tests.integration.billing.stage import staged


async def seen(place: Pocket, billing: ShopifyBilling, how: Look) -> tuple[bool, str | None]:
    fresh = await looking.look(billing, place.db, place.shop, place.clock.now, how)
    row = await place.row()
    return fresh, row.plan if row else None


async def test_an_answer_of_a_moment_ago_will_do_unless_something_was_approved(
    place: Pocket, billing: ShopifyBilling
) -> None:
    assert await seen(place, billing, HOME) == (True, "free")
    place.shopify.approve_plan("small")
    assert await seen(place, billing, HOME) == (True, "free")
    assert len(place.shopify.state.partner.calls) == 1
    assert await seen(place, billing, WELCOME) == (True, "small")
    place.shopify.approve_plan("large")
    assert await seen(place, billing, PAGE) == (True, "large"), "also when nobody came back by the link"


async def test_nobody_waits_for_a_slow_answer_and_it_is_written_down_all_the_same(
    place: Pocket, billing: ShopifyBilling
) -> None:
    place.shopify.approve_plan("small")
    place.wire.holding = True
    assert await seen(place, billing, Look(timedelta(0), 0.05)) == (False, None)
    place.wire.holding = False
    place.wire.settle(0, passes=True)
    await billing.refresh(place.shop, place.clock.now - timedelta(hours=1))
    row = await place.row()
    assert row is not None
    assert (row.plan, len(place.shopify.state.partner.calls)) == ("small", 1)


async def test_the_last_truth_stands_while_the_vendor_is_down(place: Pocket, billing: ShopifyBilling) -> None:
    place.shopify.approve_plan("large")
    assert await seen(place, billing, PAGE) == (True, "large")
    place.shopify.switch(partner="down")
    place.clock.now += timedelta(days=1)
    assert await seen(place, billing, PAGE) == (False, "large")
    assert await seen(place, billing, WELCOME) == (False, "large")


async def test_where_nobody_pays_nobody_is_asked(place: Pocket) -> None:
    assert await looking.look(NOBODY, place.db, place.shop, place.clock.now, WELCOME)
    assert await place.row() is None


async def test_stripes_answer_is_written_down_though_the_page_that_asked_has_gone(db: Database) -> None:
    async with staged(db) as stage:
        await stage.subscribe()
        now, asked = stage.now(), stage.seconds
        assert await looking.look(stage.billing, db, stage.shop, now, Look(timedelta(0), 0)) is False
        await stage.billing.refresh(stage.shop, datetime.min.replace(tzinfo=UTC))
        row = await stage.row()
        assert (row.plan, row.state) == ("small", State.ACTIVE)
        assert stage.seconds == asked + 1, "one question, which read the clock once"
