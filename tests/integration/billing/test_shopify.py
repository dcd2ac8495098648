"""Plans under Shopify App Pricing: the row follows what the Partner API says, and stands while it says nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from plugin.billing import checking, pace, subscriptions
from plugin.billing.checking import AGAIN_AFTER, OUTAGE, REFRESH
from plugin.billing.opening import open_billing
from plugin.billing.plans import PLANS
from plugin.billing.shopify import GAP, PACE, PATIENCE, TURN, ShopifyBilling
from plugin.billing.subscriptions import State
from plugin.database import Database
from plugin.errors import Conflict, Retry, Unavailable
from plugin.tasks import TaskRun
from sandbox.pricing import TEST
from tests import engine
from tests.integration.billing.pocket import START, Clock, Pocket, named
from tests.integration.widgets.stage import config


async def standing(place: Pocket, billing: ShopifyBilling) -> tuple[State, str]:
    """Ask anew, and say how it stands."""
    await billing.refresh(place.shop, place.clock())
    row = await place.row()
    assert row is not None
    return row.state, row.plan


async def test_a_plan_is_taken_changed_cancelled_and_over(place: Pocket, billing: ShopifyBilling) -> None:
    shopify, clock = place.shopify, place.clock
    assert await standing(place, billing) == (State.NONE, "free")
    shopify.approve_plan("large")
    assert await standing(place, billing) == (State.ACTIVE, "large")
    shopify.approve_plan("small")
    assert await standing(place, billing) == (State.ACTIVE, "large")
    row = await place.row()
    assert row is not None
    assert (row.pending_plan, row.pending_at) == ("small", row.period_end)
    assert row.period_end is not None
    assert await place.tasks() == [("period", row.period_end + TURN)], "asked again once it is to have come"
    clock.now += timedelta(days=31)
    assert await standing(place, billing) == (State.ACTIVE, "small")
    shopify.cancel_plan()
    assert await standing(place, billing) == (State.CANCELLED, "small")
    assert (row := await place.row()) is not None
    assert row.cancel_at == row.period_end
    clock.now += timedelta(days=31)
    assert await standing(place, billing) == (State.CANCELLED, "free")


async def test_unpaid_bills_freeze_and_an_uninstallation_ends(place: Pocket, billing: ShopifyBilling) -> None:
    place.shopify.approve_plan("small")
    place.shopify.freeze_plan()
    assert await standing(place, billing) == (State.FROZEN, "small")
    place.shopify.freeze_plan(frozen=False)
    assert await standing(place, billing) == (State.ACTIVE, "small")
    place.shopify.uninstall()
    place.shopify.install()
    assert await standing(place, billing) == (State.CANCELLED, "free")
    place.shopify.approve_plan("medium")
    assert await standing(place, billing) == (State.TRIALING, "medium")


async def test_a_test_plan_counts_as_its_plan(place: Pocket, billing: ShopifyBilling) -> None:
    place.shopify.shop().pricing.test_offered = True
    place.shopify.approve_plan(TEST)
    assert await standing(place, billing) == (State.ACTIVE, "medium")
    row = await place.row()
    assert row is not None
    assert row.test


async def test_a_day_without_the_partner_api_changes_nothing(place: Pocket, billing: ShopifyBilling) -> None:
    place.shopify.approve_plan("large")
    await billing.refresh(place.shop, place.clock())
    before = await place.row()
    for day in ("down", "garbage", "throttled"):
        place.shopify.switch(partner=day)
        place.clock.now += timedelta(hours=6)
        with pytest.raises(Unavailable):
            await billing.refresh(place.shop, place.clock())
    assert await place.row() == before, "the last truth, and since when it is known"
    place.shopify.switch(partner="ok")
    place.clock.now += timedelta(hours=1)
    assert await standing(place, billing) == (State.ACTIVE, "large")


async def test_a_refused_token_locks_nobody_out(place: Pocket) -> None:
    place.shopify.approve_plan("large")
    await place.process().refresh(place.shop, place.clock())
    before = await place.row()
    with capture_logs() as log, pytest.raises(Unavailable):
        await place.process(partner_token="prtapi_x").refresh(place.shop, place.clock())
    assert await place.row() == before
    assert [one["log_level"] for one in log if one["event"] == "partner_api_refuses"] == ["error"]


async def test_the_daily_question_waits_an_hour_and_every_other_is_asked_on(
    place: Pocket, billing: ShopifyBilling
) -> None:
    refresh = checking.handlers(billing)[REFRESH]

    def run(key: str) -> TaskRun:
        nothing = engine.KEYRING
        return TaskRun(place.db, nothing, None, None, place.shop, key, {}, START)  # type: ignore[arg-type]

    ask = partial(subscriptions.to_ask, kind="shopify", before=START, now=START, most=9)
    await place.db.write(ask)
    place.shopify.switch(partner="down")
    await refresh(run("daily"))
    due = START + OUTAGE
    early = partial(ask, before=due - AGAIN_AFTER, now=due)
    assert await place.db.write(early) == []
    assert await place.db.write(partial(early, before=due - AGAIN_AFTER + timedelta(seconds=1))) == [
        place.shop.id
    ]
    with pytest.raises(Retry):
        await refresh(run("now"))


async def test_who_asks_at_once_shares_one_question_and_who_asks_later_gets_another(
    place: Pocket, billing: ShopifyBilling
) -> None:
    calls = place.shopify.state.partner.calls
    now = place.clock()
    await asyncio.gather(*(billing.refresh(place.shop, now) for _ in range(20)))
    assert len(calls) == 1
    place.wire.holding = True
    early = asyncio.create_task(billing.refresh(place.shop, place.clock()))
    await place.wire.reached()
    place.shopify.approve_plan("small")
    late = asyncio.create_task(billing.refresh(place.shop, place.clock()))
    await asyncio.sleep(0.01)
    place.wire.holding = False
    place.wire.settle(0, passes=True)
    await asyncio.gather(early, late)
    assert len(calls) == 3
    row = await place.row()
    assert row is not None
    assert row.plan == "small", "the question that was under way before the approval is not its answer"


async def test_who_no_longer_waits_leaves_the_question_under_way(
    place: Pocket, billing: ShopifyBilling
) -> None:
    place.shopify.approve_plan("small")
    place.wire.holding = True
    waiting = asyncio.create_task(billing.refresh(place.shop, place.clock()))
    await place.wire.reached()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    place.wire.settle(0, passes=True)
    await billing.refresh(place.shop, START)
    row = await place.row()
    assert row is not None
    assert (row.plan, len(place.shopify.state.partner.calls)) == ("small", 1)


async def test_all_processes_together_keep_to_the_limit(place: Pocket) -> None:
    """Forty shops asked about by three processes at one instant, and never more than four in a second."""
    processes = [place.process() for _ in range(3)]
    place.clock.step = timedelta(0)
    place.shopify.state.clock = Clock()
    found = []
    for number in range(40):
        outside = place.shopify.shop(f"shop-{number}")
        found.append(await place.db.write(partial(named, handle=outside.handle, gid=outside.gid)))
    now = place.clock.now
    await asyncio.gather(*(processes[one.id % 3].refresh(one, now) for one in found))
    rows = [await place.db.read(partial(subscriptions.find, shop_id=one.id)) for one in found]
    moments = sorted(row.checked_at for row in rows if row and row.checked_at)
    assert len(moments) == 40
    assert all(
        later - first >= timedelta(seconds=1) for first, later in zip(moments, moments[4:], strict=False)
    )


async def test_nobody_waits_for_a_turn_beyond_patience_nor_for_a_clock_that_was_wrong(
    place: Pocket, billing: ShopifyBilling
) -> None:
    place.clock.step, now = timedelta(0), place.clock.now
    turns = [
        await place.db.write(partial(pace.reserve, name=PACE, now=now, gap=GAP, patience=PATIENCE))
        for _ in range(100)
    ]
    given = [turn for turn in turns if turn is not None]
    assert given == [now + number * GAP for number in range(len(given))]
    assert given[-1] - now <= PATIENCE < given[-1] - now + GAP
    with pytest.raises(Unavailable):
        await billing.refresh(place.shop, now)
    place.clock.now -= timedelta(days=1)
    await billing.refresh(place.shop, place.clock.now)


async def test_a_shop_that_shopify_has_not_named_yet_is_not_asked_about(
    place: Pocket, billing: ShopifyBilling
) -> None:
    shop = await place.db.write(lambda conn: engine.install(conn, "fresh", now=START))
    with pytest.raises(Unavailable):
        await billing.refresh(shop, START)
    assert place.shopify.state.partner.calls == []


async def test_everything_is_done_on_shopifys_page(place: Pocket, billing: ShopifyBilling) -> None:
    page = "https://admin.shopify.com/store/example/charges/dankbar/pricing_plans"
    shop, plan = place.shop, PLANS[1]
    assert await billing.begin(shop, plan, "EUR", "http://app/", START) == page
    assert await billing.manage(shop, "http://app/") == page
    assert await billing.invoices(shop) == ()
    for refused in (
        billing.preview(shop, plan, START),
        billing.change(shop, plan, "", START),
        billing.cancel(shop, START),
        billing.resume(shop, START),
    ):
        with pytest.raises(Conflict):
            await refused


async def test_it_is_opened_by_its_name(db: Database) -> None:
    async with open_billing(replace(config("sqlite://"), billing="shopify"), db) as opened:
        assert opened.kind == "shopify"
        assert (opened.can.begins, opened.can.manages, opened.can.changes) == (True, True, False)
