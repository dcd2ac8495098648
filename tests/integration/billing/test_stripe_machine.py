"""Whatever happens at Stripe and however its news arrives, what is written down in the end is what is true there."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.billing.subscriptions import State
from plugin.database import open_database
from plugin.errors import Conflict
from sandbox.stripe import subscriptions as at_stripe
from sandbox.stripe.account import Body
from tests.integration.billing.stage import GOOD, LARGE, LATER, MEDIUM, SMALL, Stage, plan, staged

DEEDS = (
    "subscribe",
    "second tab",
    "card fails",
    "card pays",
    "days",
    "month",
    "cancel",
    "resume",
    "cancel in the portal",
    "change",
    "cancel at Stripe",
    "pay",
    "some news",
    "all news",
)
HOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def do(stage: Stage, deed: str, handle: str, pick: Sequence[int]) -> None:
    """Let one thing happen; what is not possible now is refused and changes nothing."""
    try:
        await _do(stage, deed, handle, pick)
    except Conflict:
        return


async def _do(stage: Stage, deed: str, handle: str, pick: Sequence[int]) -> None:
    account = stage.account
    if deed == "subscribe":
        await stage.pay(await stage.begin(handle))
    elif deed == "second tab":
        page = await stage.begin(handle)
        session = account.objects[page.rpartition("/")[2]]
        twin = account.put({**session, "id": account.id("cs_test")})
        await stage.pay(page)
        await stage.pay(f"{account.origin}/stripe/checkout/{twin['id']}")
    elif deed in {"card fails", "card pays"}:
        stage.card(LATER if deed == "card fails" else GOOD)
    elif deed in {"days", "month"}:
        told = len(stage.news)
        stage.days(31 if deed == "month" else 4)
        if len(stage.news) == told:
            # All dates of the account grew older and nothing happened, which no news tells of.
            await stage.refresh()
    elif deed in {"cancel", "resume"}:
        await (stage.billing.cancel if deed == "cancel" else stage.billing.resume)(stage.shop, stage.now())
    elif deed == "cancel in the portal":
        for sub in living(stage):
            at_stripe.end_on(account, sub, sub["items"]["data"][0]["current_period_end"])
    elif deed == "change":
        shown = await stage.billing.preview(stage.shop, plan(handle), stage.now())
        await stage.billing.change(stage.shop, plan(handle), shown.token, stage.now())
    elif deed == "cancel at Stripe":
        for sub in living(stage):
            at_stripe.end(account, sub, account.now(), "cancellation_requested")
    elif deed == "pay":
        for bill in list(account.all("invoice", status="open")):
            at_stripe.pay(account, bill, account.now())
    elif deed == "all news":
        await stage.hear(stage.news)
    elif stage.news:
        await stage.hear([stage.news[number % len(stage.news)] for number in pick])


def living(stage: Stage) -> list[Body]:
    found = [sub for sub in stage.account.all("subscription") if sub["status"] != "canceled"]
    return sorted(found, key=lambda sub: (sub["created"], sub["id"]))


async def expect_truth(stage: Stage) -> None:
    """What is written down is what the account's own books say, by rules written anew."""
    row = await stage.row()
    live = living(stage)
    assert len(live) <= 1, "two subscriptions are charged"
    subs = list(stage.account.all("subscription"))
    if not subs:
        assert row.state is State.NONE
        return
    if not live:
        last = max(subs, key=lambda sub: (sub["ended_at"], sub["created"], sub["id"]))
        assert row.state is State.CANCELLED
        assert row.cancel_at == datetime.fromtimestamp(last["ended_at"], UTC)
        return
    (sub,) = live
    item = sub["items"]["data"][0]
    assert (row.outside_id, row.amount) == (sub["id"], item["price"]["unit_amount"])
    assert row.plan == item["price"]["metadata"]["dankbar_plan"]
    assert row.period_end == datetime.fromtimestamp(item["current_period_end"], UTC)
    owing = sub["status"] in {"past_due", "unpaid"}
    leaving = State.CANCELLED if sub["cancel_at"] else State.ACTIVE
    assert row.state is (State.PAST_DUE if owing else leaving)
    for bill in stage.account.all("invoice", status="paid"):
        its = bill["parent"]["subscription_details"]["subscription"]
        twice = its != sub["id"] and stage.account.get("subscription", its)["ended_at"] is not None
        assert twice or bill["post_payment_credit_notes_amount"] == 0


STEPS = st.tuples(
    st.sampled_from(DEEDS),
    st.sampled_from((SMALL, MEDIUM, LARGE)),
    st.lists(st.integers(0, 200), min_size=1, max_size=5),
)


@HOW
@given(steps=st.lists(STEPS, max_size=9), last=st.randoms(use_true_random=False), lost=st.booleans())
def test_any_order_duplication_and_loss_of_news_ends_in_what_is_true_at_stripe(
    sqlite_template: Path, steps: Sequence[tuple[str, str, list[int]]], last: object, lost: bool
) -> None:
    """News in any order and twice; where all of it is lost, the daily check finds the same."""

    async def live() -> None:
        with TemporaryDirectory() as folder:
            copy(sqlite_template, Path(folder) / "one.db")
            db = await open_database(f"sqlite:///{folder}/one.db")
            try:
                async with staged(db) as stage:
                    for deed, handle, pick in steps:
                        await do(stage, deed, handle, pick)
                    news = [*stage.news, *stage.news[::3]]
                    last.shuffle(news)  # type: ignore[attr-defined] # hypothesis's own generator
                    if lost or not news:
                        await stage.refresh()
                    else:
                        await stage.hear(news)
                        await stage.hear(stage.news)
                    await expect_truth(stage)
            finally:
                await db.close()

    asyncio.run(live())


@pytest.mark.parametrize("deed", DEEDS)
async def test_each_deed_alone_ends_in_what_is_true(sqlite_template: Path, tmp_path: Path, deed: str) -> None:
    copy(sqlite_template, tmp_path / "one.db")
    db = await open_database(f"sqlite:///{tmp_path}/one.db")
    async with staged(db) as stage:
        for each in ("subscribe", "card fails", "month", deed, "all news"):
            await do(stage, each, SMALL, [0])
        await stage.refresh()
        await expect_truth(stage)
    await db.close()
