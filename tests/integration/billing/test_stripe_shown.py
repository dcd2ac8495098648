"""What is shown is what is charged, whoever else changes the plan meanwhile, and a refusal is not remembered for long."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from plugin.billing.stripe import selling
from plugin.database import Database
from plugin.errors import Conflict
from sandbox.stripe import operations
from sandbox.stripe.account import Body
from sandbox.stripe.calls import Call
from sandbox.stripe.errors import StripeRefusal
from tests.integration.billing.stage import GOOD, LARGE, LATER, MEDIUM, SMALL, Stage, plan, staged


@pytest.fixture
async def stage(db: Database) -> AsyncIterator[Stage]:
    async with staged(db) as found:
        yield found


def paid(stage: Stage) -> int:
    return sum(bill["amount_paid"] for bill in stage.account.all("invoice"))


@pytest.mark.parametrize(("first", "second", "third"), [(SMALL, MEDIUM, LARGE), (LARGE, SMALL, MEDIUM)])
async def test_what_was_shown_from_another_plan_is_not_carried_out(
    stage: Stage, first: str, second: str, third: str
) -> None:
    await stage.subscribe(first)
    old = await stage.billing.preview(stage.shop, plan(third), stage.now())
    new = await stage.billing.preview(stage.shop, plan(second), stage.now())
    await stage.billing.change(stage.shop, plan(second), new.token, stage.now())
    before, credit = paid(stage), next(stage.account.all("customer"))["balance"]
    with pytest.raises(Conflict, match="no longer valid"):
        await stage.billing.change(stage.shop, plan(third), old.token, stage.now())
    assert (paid(stage), next(stage.account.all("customer"))["balance"]) == (before, credit)
    assert (await stage.row()).plan == second


async def test_two_who_change_at_the_same_moment_get_one_change_at_its_price(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    before = paid(stage)
    shown = {
        handle: await stage.billing.preview(stage.shop, plan(handle), stage.now())
        for handle in (MEDIUM, LARGE)
    }
    price, both = selling.price, asyncio.Barrier(2)

    async def together(*what: object) -> str:
        found = await price(*what)  # type: ignore[arg-type] # as it was called
        await both.wait()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selling, "price", together)
        done = await asyncio.gather(
            *(
                stage.billing.change(stage.shop, plan(handle), one.token, stage.now())
                for handle, one in shown.items()
            ),
            return_exceptions=True,
        )
    assert [type(one) for one in done if one is not None] == [Conflict]
    assert paid(stage) - before == shown[(await stage.row()).plan].now


async def test_a_mended_card_pays_what_it_was_declined_for(stage: Stage) -> None:
    await stage.subscribe(SMALL)
    shown = await stage.billing.preview(stage.shop, plan(LARGE), stage.now())
    other = await stage.billing.preview(stage.shop, plan(MEDIUM), stage.now())
    stage.card(LATER)
    for handle, token in ((LARGE, shown.token), (LARGE, shown.token), (MEDIUM, other.token)):
        with pytest.raises(Conflict, match="declined"):
            await stage.billing.change(stage.shop, plan(handle), token, stage.now())
    stage.card(GOOD)
    before = paid(stage)
    await stage.billing.change(stage.shop, plan(LARGE), shown.token, stage.now())
    assert (paid(stage) - before, (await stage.row()).plan) == (shown.now, LARGE)


async def test_a_checkout_that_was_refused_opens_once_the_cause_is_mended(stage: Stage) -> None:
    create = next(
        one for one in operations.OPERATIONS if (one.method, one.path) == ("POST", "checkout/sessions")
    )
    works = create.do

    def refuse(call: Call) -> Body:
        raise StripeRefusal("Stripe Tax has not been activated on your account.")

    object.__setattr__(create, "do", refuse)
    try:
        with pytest.raises(Conflict):
            await stage.begin()
    finally:
        object.__setattr__(create, "do", works)
    assert await stage.pay(await stage.begin()) == 303


async def test_a_shop_renamed_after_a_lost_answer_is_the_same_customer(stage: Stage) -> None:
    made = await selling.customer(stage.billing.client, stage.shop)  # type: ignore[attr-defined] # Stripe's
    renamed = replace(stage.shop, name="Renamed")
    again = await selling.customer(stage.billing.client, renamed)  # type: ignore[attr-defined] # the same
    assert again == made
    (customer,) = stage.account.all("customer")
    assert (customer["id"], customer["name"]) == (made, "Renamed")
