"""The plan in the admin: what stands there in each state, what waits beyond a limit, and that nothing else ever does."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert, update

from plugin.billing import subscriptions
from plugin.billing.checking import handlers
from plugin.billing.plans import FREE
from plugin.billing.protocol import Abilities, Invoice
from plugin.billing.subscriptions import State, Told
from plugin.core.order_book import order
from plugin.database import Database
from plugin.errors import Retry
from plugin.shops import shop as shops_table
from plugin.tasks import TaskRun
from tests.integration.admin.stage import Stage, open_stage
from tests.integration.admin.test_settings_pages import filled
from tests.integration.billing.till import Till, nothing_taken
from tests.integration.widgets.stage import config

NOW = datetime.now(UTC)
PAID = Told(
    kind="till",
    state=State.ACTIVE,
    checked_at=NOW,
    plan="small",
    currency="EUR",
    amount=19_00,
    period_end=NOW + timedelta(days=12),
)


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    made = await open_stage(db, config(database_url), Till(db, nothing_taken(NOW)))
    yield made
    await made.close()


async def opened(stage: Stage, locale: str = "en") -> httpx.Response:
    """The page as it is after the welcome link, which asks the vendor anew."""
    return await stage.part("/admin/plan", plan_handle="any", locale=locale)


def till(stage: Stage) -> Till:
    assert isinstance(stage.runtime.billing, Till)
    return stage.runtime.billing


async def keep(stage: Stage, number: int, fate: str = "kept") -> None:
    """Have so many orders placed this month."""
    last = stage.shop.installed_at.replace(microsecond=0) + timedelta(seconds=1)
    row: dict[str, Any] = {"shop_id": stage.shop.id, "processed_at": last, "first_at": last, "fate": fate}
    await stage.db.write(lambda conn: conn.execute(insert(order), [row] * number))


async def over_for(stage: Stage, days: int) -> None:
    """Have more orders than the free plan covers, since so many days."""
    await keep(stage, 251)

    def since(conn: Connection) -> None:
        told = nothing_taken(datetime.now(UTC) - timedelta(minutes=1))
        subscriptions.record(conn, stage.shop.id, told)
        subscriptions.keep_over(conn, stage.shop.id, "till", datetime.now(UTC) - timedelta(days=days))

    await stage.db.write(since)


async def test_the_free_plan_is_told_with_its_count_and_what_the_next_step_costs(stage: Stage) -> None:
    for number, fate in ((3, "kept"), (2, "refunded"), (1, "test")):
        await keep(stage, number, fate)
    found = await opened(stage)
    assert found.status_code == 200
    assert "of 250 that your plan covers" in found.text
    assert "“Small” for €19 a month: up to 1,000 kept orders a month." in found.text
    counted = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', found.text)[:7]
    assert [number for _, number in counted] == ["3", "2", "0", "1", "0", "0", "6"]
    assert found.text.count("<rect") == 12
    assert "Cancel the plan" not in found.text


async def test_the_page_speaks_german(stage: Stage) -> None:
    await over_for(stage, 31)
    till(stage).told = replace(PAID, state=State.PAST_DUE)
    found = await opened(stage, locale="de")
    assert not re.search(r"\b(your|orders|plan is|month)\b", re.sub(r"<[^>]+>", " ", found.text))
    till(stage).told = nothing_taken(NOW)
    await opened(stage)
    await over_for(stage, 31)
    closed = await stage.part("/admin/widgets/loyalty", locale="de")
    assert "Ein weiterer Eintrag wartet auf den Tarif „Klein“; was hier steht, läuft weiter." in closed.text


async def test_where_nobody_pays_the_page_says_so_and_nothing_waits(db: Database, database_url: str) -> None:
    stage = await open_stage(db, config(database_url))
    await over_for(stage, 400)
    found = await opened(stage)
    assert "No plan is needed here: everything is yours." in found.text
    assert "Choose this plan" not in found.text
    sent = await filled(stage, "coupon", value="50")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200
    await stage.close()


async def test_beyond_the_limit_and_the_grace_only_what_is_new_waits(stage: Stage) -> None:
    await over_for(stage, 31)
    before = await stage.rows()
    page = await stage.part("/admin/widgets/coupon")
    why = "251 kept orders; your plan “Free” covers 250 a month."
    assert why in page.text
    assert "Can be lowered; raising it waits for the plan “Small”." in page.text
    more = await stage.post("/admin/widgets/coupon", await filled(stage, "coupon", value="11"))
    assert more.status_code == 422
    assert f"New campaigns and rules wait. {datetime.now(UTC):%B %Y}: {why}" in more.text
    assert await stage.rows() == before
    less = await filled(stage, "coupon", value="5", monthly_cap="100", enabled=None)
    assert (await stage.post("/admin/widgets/coupon", less)).status_code == 200
    assert await stage.rows() == before + 1


async def test_what_waits_is_closed_in_the_form_and_what_does_not_is_open(stage: Stage) -> None:
    await over_for(stage, 31)
    coupon = (await stage.part("/admin/widgets/coupon")).text
    loyalty = (await stage.part("/admin/widgets/loyalty")).text

    def tag(text: str, id: str) -> str:
        found = re.search(rf'<s-[a-z-]+ id="{id}"[^>]*>', text)
        assert found is not None, id
        return found[0]

    assert 'max="10"' in tag(coupon, "field-value--percentage")
    assert "disabled" in tag(coupon, "field-stamp_every")
    assert "disabled" not in tag(coupon, "field-monthly_cap")
    assert "disabled" not in tag(coupon, "field-enabled")
    assert re.search(r'<s-option value="amount" disabled>', coupon)
    assert loyalty.count("data-add disabled") == 3
    assert "data-add disabled" not in (await stage.part("/admin/widgets/delivery")).text
    await stage.db.write(
        lambda conn: subscriptions.record(conn, stage.shop.id, replace(PAID, checked_at=datetime.now(UTC)))
    )
    assert "data-add disabled" not in (await stage.part("/admin/widgets/loyalty")).text


async def test_the_day_from_which_points_are_earned_moves_neither_the_count_nor_the_grace(
    stage: Stage,
) -> None:
    await over_for(stage, 31)
    sent = await filled(stage, "coupon", value="11")
    for active in (datetime.now(UTC) + timedelta(days=1), stage.shop.installed_at):
        moved = await filled(stage, "shop", active_from=active.isoformat())
        assert (await stage.post("/admin/shop", moved)).status_code == 200
        assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 422
        assert "<dd>251</dd>" in (await opened(stage)).text
    row = await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id))
    assert row is not None
    assert row.over_since is not None
    assert row.over_since < NOW - timedelta(days=30)


async def test_within_the_grace_everything_goes_on_and_the_day_is_named(stage: Stage) -> None:
    await over_for(stage, 29)
    sent = await filled(stage, "coupon", value="11")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200
    page, home = (await opened(stage)).text, (await stage.part("/")).text
    for text in (page, home):
        assert "More orders than your plan covers" in text
        assert "Nothing changes until" in text


async def test_a_larger_plan_ends_the_waiting_at_once(stage: Stage) -> None:
    await over_for(stage, 31)
    till(stage).told = PAID
    await opened(stage)
    sent = await filled(stage, "coupon", value="11")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200
    row = await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id))
    assert row is not None
    assert row.over_since is None


async def test_the_next_step_covers_the_count_and_a_larger_plan_gives_fresh_room(stage: Stage) -> None:
    await over_for(stage, 31)
    await keep(stage, 950)
    page = (await opened(stage)).text
    assert "The next step is “Medium” for €59 a month" in page
    assert "up to 1,000 kept orders a month, fewer than your 1,201" in page
    assert "waits for the plan “Medium”" in (await stage.part("/admin/widgets/coupon")).text
    till(stage).told = PAID
    page = (await opened(stage)).text
    assert "New campaigns and rules wait" not in page
    assert "Nothing changes until" in page
    sent = await filled(stage, "coupon", value="11")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200
    row = await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id))
    assert row is not None
    assert row.over_limit == 1_000
    till(stage).told = nothing_taken(NOW)
    await opened(stage)
    again = await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id))
    assert again is not None
    assert (again.over_since, again.over_limit) == (row.over_since, 1_000)


async def test_development_stores_are_free(stage: Stage) -> None:
    await over_for(stage, 31)
    await stage.db.write(
        lambda conn: conn.execute(
            update(shops_table).where(shops_table.c.id == stage.shop.id).values(development=True)
        )
    )
    page = await opened(stage)
    assert "Free for development stores" in page.text
    assert "Choose this plan" not in page.text
    sent = await filled(stage, "coupon", value="11")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200


async def test_a_vendor_that_never_answered_makes_nothing_wait(stage: Stage) -> None:
    till(stage).told = None
    await keep(stage, 300)
    await stage.db.write(
        lambda conn: subscriptions.keep_over(conn, stage.shop.id, "till", NOW - timedelta(days=90))
    )
    page = await opened(stage)
    assert "Everything is open to you meanwhile." in page.text
    sent = await filled(stage, "coupon", value="11")
    assert (await stage.post("/admin/widgets/coupon", sent)).status_code == 200


async def test_what_was_last_known_stands_while_the_vendor_is_silent(stage: Stage) -> None:
    till(stage).told = PAID
    await opened(stage)
    till(stage).told = None
    page = await opened(stage)
    assert "it stands until we hear more" in page.text
    assert re.search(r"<dd>Small <s-badge", page.text)


STATES = [
    ({"state": State.PAST_DUE}, "Small", "The last payment did not go through"),
    ({"state": State.FROZEN}, "Small", "Your shop is paused at Shopify, and your plan with it"),
    ({"state": State.DECLINED}, "Free", "The offer was not accepted"),
    ({"state": State.CANCELLED, "cancel_at": NOW - timedelta(days=1)}, "Free", "Your plan has ended"),
    (
        {"state": State.CANCELLED, "cancel_at": NOW + timedelta(days=9)},
        "Small",
        "You can take that back until it ends.",
    ),
    ({"plan": "gold-2025"}, "gold-2025", "Your plan is no longer offered"),
    ({"pending_plan": "medium", "pending_at": NOW + timedelta(days=9)}, "Small", "your plan is “Medium”"),
    ({"state": State.TRIALING, "trial_end": NOW + timedelta(days=9)}, "Small", "Your trial ends on"),
    ({"test": True}, "Small", "Active, test"),
]


async def test_each_state_says_what_the_shop_has(stage: Stage) -> None:
    for changes, name, said in STATES:
        till(stage).told = replace(PAID, **changes)  # type: ignore[arg-type]
        page = (await opened(stage)).text
        assert re.search(rf"<dd>{name} <s-badge", page), changes
        assert said in page, changes


async def test_a_missing_payment_is_told_with_the_day_that_ends_the_plan(stage: Stage) -> None:
    since = datetime(2031, 3, 1, 12, tzinfo=UTC)
    till(stage).told = replace(PAID, state=State.PAST_DUE, past_due_since=since)
    page = (await opened(stage)).text
    assert "open since 1 March 2031" in page
    assert "If it is still open on 31 March 2031, you have the free plan." in page


async def test_a_plan_is_taken_on_the_vendors_page_and_no_second_one_beside_it(stage: Stage) -> None:
    found = await stage.post("/admin/plan/choose", {"plan": "small"})
    assert found.headers["dankbar-open"] == "https://till.example/small?currency=EUR"
    assert (await stage.post("/admin/plan/choose", {"plan": "gold"})).status_code == 422
    assert (await stage.post("/admin/plan/choose", {"plan": FREE.handle})).status_code == 422
    assert till(stage).begun == ["small"]


async def test_a_change_is_made_as_it_was_shown_before(stage: Stage) -> None:
    till(stage).told = PAID
    await opened(stage)
    shown = await stage.post("/admin/plan/choose", {"plan": "medium"})
    assert "€12.34 are charged now" in shown.text
    assert "it is €59 a month." in shown.text
    assert till(stage).known.plan == "small"
    agreed = {"plan": "medium", "token": "as shown", "confirmed": "yes"}
    done = await stage.post("/admin/plan/choose", agreed)
    assert "Your plan is “Medium” now." in done.text
    assert till(stage).begun == []


async def test_one_click_cancels_after_it_was_said_what_happens_and_one_takes_it_back(stage: Stage) -> None:
    till(stage).told = PAID
    page = (await opened(stage)).text
    assert "which is paid, and is not renewed. Afterwards you have the free plan" in page
    ended = await stage.post("/admin/plan/cancel")
    assert "Your plan is cancelled." in ended.text
    assert "Ends on" in ended.text
    assert "Cancel the plan" not in ended.text
    back = await stage.post("/admin/plan/resume")
    assert "Your plan goes on." in back.text
    assert "Cancel the plan" in back.text


async def test_what_is_still_charged_can_be_ended_though_the_shop_has_the_free_plan(stage: Stage) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=31)
    till(stage).told = replace(PAID, state=State.PAST_DUE, past_due_since=long_ago)
    page = (await opened(stage)).text
    assert re.search(r'<dd>Free <s-badge tone="critical">Payment open<', page)
    assert "so you have the free plan now. Pay it to have your plan back, or cancel the plan" in page
    assert "tried again by itself" not in page
    assert "€19 a month<" not in page.partition('id="offers"')[0]
    assert "Choose this plan" not in page
    assert "Another plan can be chosen once the open payment is made." in page
    assert "the invoice that is open stays open until it is paid." in page
    assert "Cancel the plan" in page
    ended = (await stage.post("/admin/plan/cancel")).text
    assert "Your plan is cancelled." in ended
    assert till(stage).known.cancel_at is not None


async def test_no_plan_is_offered_beside_one_that_is_about_to_end_where_it_would_be_refused(
    stage: Stage,
) -> None:
    till(stage).told = replace(PAID, state=State.CANCELLED, cancel_at=NOW + timedelta(days=9))
    page = (await opened(stage)).text
    assert "Keep the plan" in page
    assert "Choose this plan" not in page
    assert "once you keep this one, or once it has ended." in page
    till(stage).can = Abilities(begins=True, manages=True)
    assert "Choose this plan" in (await opened(stage)).text


async def test_invoices_and_the_vendors_own_page_are_a_click_away(stage: Stage) -> None:
    bill = Invoice("R-7", NOW, 19_00, "EUR", "paid", page="https://till.example/R-7")
    till(stage).told, till(stage).listed = PAID, (bill,)
    page = (await opened(stage)).text
    assert 'href="https://till.example/R-7"' in page
    assert "€19, paid" in page
    sent = await stage.post("/admin/plan/manage")
    assert sent.headers["dankbar-open"].startswith("https://till.example/portal")


async def test_nothing_is_offered_that_the_vendor_cannot_do(stage: Stage) -> None:
    till(stage).told, till(stage).can = PAID, Abilities(begins=True, manages=True)
    page = (await opened(stage)).text
    assert "Cancel the plan" not in page
    assert "Invoices" not in page
    assert "Change or cancel" in page
    sent = await stage.post("/admin/plan/choose", {"plan": "medium"})
    assert sent.headers["dankbar-open"].startswith("https://till.example/medium")


async def test_the_daily_check_remembers_since_when_it_is_too_much(stage: Stage) -> None:
    await keep(stage, 251)
    (refresh,) = handlers(till(stage)).values()
    now = datetime.now(UTC)
    runtime = stage.runtime
    run = TaskRun(stage.db, runtime.keyring, runtime.bells, runtime.gateway, stage.shop, "now", {}, now)
    await refresh(run)
    row = await stage.db.read(lambda conn: subscriptions.find(conn, stage.shop.id))
    assert row is not None
    assert row.over_since == now
    till(stage).told = None
    with pytest.raises(Retry):
        await refresh(run)


async def test_where_tax_is_added_each_price_says_so(stage: Stage) -> None:
    till(stage).told = replace(PAID, plan="small")
    assert " tax" not in (await opened(stage)).text
    till(stage).can = replace(till(stage).can, taxed=True)
    assert (await opened(stage)).text.count("plus tax a month") >= 4
    sure = html.unescape((await stage.post("/admin/plan/choose", {"plan": "medium"})).text)
    assert "12.34 with tax are charged now" in sure
    assert "59.00 plus tax a month" in sure or "59 plus tax a month" in sure
