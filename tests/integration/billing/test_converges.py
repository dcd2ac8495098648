"""Whatever happens at Shopify, and however late, lost or out of order its answers are, the row ends where Shopify is."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.billing.shopify import ShopifyBilling
from plugin.billing.subscriptions import State
from plugin.database import open_database
from plugin.errors import Unavailable
from sandbox import charges
from sandbox.pricing import OFFERS, TEST
from sandbox.state import Refused
from tests.integration.billing.pocket import Pocket, pocket
from tests.integration.conftest import MakeUrl

SKEWS = (timedelta(0), timedelta(minutes=4), timedelta(minutes=-4))
LONGEST = max(SKEWS) - min(SKEWS)


@dataclass(frozen=True)
class Step:
    """One thing that happens: to the subscription, to time, to a question or to its answer."""

    kind: str
    value: str = ""
    number: int = 0


STEPS = st.one_of(
    st.sampled_from(sorted(OFFERS)).map(lambda handle: Step("approve", handle)),
    st.sampled_from(["cancel", "freeze", "unfreeze", "reinstall", "finish"]).map(
        lambda deed: Step("deed", deed)
    ),
    st.integers(0, 40).map(lambda days: Step("days", number=days)),
    st.integers(0, len(SKEWS) - 1).map(lambda process: Step("ask", number=process)),
    st.integers(0, 9).map(lambda which: Step("let through", number=which)),
    st.integers(0, 9).map(lambda which: Step("lose", number=which)),
)


def deed(place: Pocket, name: str) -> None:
    shopify = place.shopify
    try:
        if name == "cancel":
            shopify.cancel_plan()
        elif name == "finish":
            shopify.finish_period()
        elif name == "reinstall":
            shopify.uninstall()
            shopify.install()
        else:
            shopify.freeze_plan(frozen=name == "freeze")
    except Refused:
        """There is no subscription to do it to."""


async def ask(place: Pocket, billing: ShopifyBilling) -> None:
    try:
        await billing.refresh(place.shop, place.clock.now)
    except Unavailable:
        """The answer was lost, or the API rests."""


async def breathe() -> None:
    """Let everything that can go on go on."""
    for _ in range(12):
        await asyncio.sleep(0.0002)


async def play(url: str, steps: Sequence[Step]) -> None:
    db = await open_database(url)
    place = await pocket(db)
    place.shopify.shop().pricing.test_offered = True
    place.wire.holding = True
    processes = [place.process(skew) for skew in SKEWS]
    asking: list[asyncio.Task[None]] = []
    try:
        for step in steps:
            if step.kind == "approve":
                with suppress(Refused):
                    place.shopify.approve_plan(step.value)
            elif step.kind == "deed":
                deed(place, step.value)
            elif step.kind == "days":
                place.clock.now += timedelta(days=step.number)
            elif step.kind == "ask":
                asking.append(asyncio.create_task(ask(place, processes[step.number])))
            else:
                place.wire.settle(step.number, passes=step.kind == "let through")
            await breathe()
        place.wire.holding = False
        while not (all(one.done() for one in place.wire.held) and all(one.done() for one in asking)):
            place.wire.settle(-1, passes=True)
            await breathe()
        place.clock.now += LONGEST + timedelta(minutes=1)
        await processes[-1].refresh(place.shop, place.clock.now)
        await expect_the_truth(place)
    finally:
        await place.http.aclose()
        await db.close()


async def expect_the_truth(place: Pocket) -> None:
    row, outside = await place.row(), place.shopify.shop()
    assert row is not None
    assert row.checked_at is not None
    charges.pass_time(place.shopify.state, outside, row.checked_at)
    contract = outside.pricing.contract
    if contract is None:
        assert row.state in {State.NONE, State.CANCELLED}
        assert (row.plan, row.pending_plan, row.test) == ("free", None, False)
        return
    assert (row.plan, row.test) == (contract.handle.removesuffix("-test"), contract.handle == TEST)
    if contract.frozen:
        assert row.state is State.FROZEN
        return
    assert (row.period_end, row.trial_end) == tuple(
        moment and moment.replace(microsecond=0) for moment in (contract.cycle_end, contract.trial_ends_at)
    )
    assert row.pending_plan == (contract.pending and contract.pending.removesuffix("-test"))
    assert (row.state is State.CANCELLED) == contract.cancel_at_end
    if not contract.cancel_at_end:
        assert row.state is (State.TRIALING if contract.trial_ends_at else State.ACTIVE)


@given(steps=st.lists(STEPS, max_size=14))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_row_ends_where_shopify_is(new_database: MakeUrl, steps: list[Step]) -> None:
    asyncio.run(play(new_database(), steps))


def test_an_answer_that_was_overtaken_changes_nothing(new_database: MakeUrl) -> None:
    """One process asks before an approval and hears after another that asked behind it."""
    story = [
        Step("ask", number=0),
        Step("approve", "large"),
        Step("ask", number=1),
        Step("let through", number=1),
        Step("let through", number=0),
    ]
    asyncio.run(play(new_database(), story))
