"""What comes back of a reward when its order is undone, told by webhooks and by the Admin API alike (semantics B 17)."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

import widgets
from plugin.core.ledger import earning
from plugin.core.order_book import order as order_row
from plugin.core.orders import Arrival, OrderFacts, Snapshot
from plugin.pseudonyms import Pseudonyms
from plugin.shopify import fetch_order
from sandbox.state import Customer, Order
from tests.integration.loyalty.till import Till
from webhooks import payloads

HOWS = ("webhook", "api")


async def facts_of(till: Till, order: Order, how: str) -> OrderFacts:
    """The order as it is now, as a webhook's body says it or as the Admin API does."""
    if how == "webhook":
        return payloads.order(json.dumps(order.body).encode())[0]
    found = await fetch_order(till.gateway, till.shop, order.id)
    assert found is not None
    assert found.arrival.snapshot is not None
    return found.arrival.snapshot.facts


async def tell(till: Till, *snapshots: Snapshot) -> None:
    arrivals = [Arrival(till.shop.id, one.facts.id, one) for one in snapshots]
    pseudonyms = Pseudonyms(till.stage.display.keyring, [till.shop])
    for one in arrivals:
        await till.db.write(lambda conn, one=one: widgets.apply(conn, [one], till.now, pseudonyms))  # type: ignore[misc]


async def told(till: Till, order: Order, how: str) -> None:
    facts = await facts_of(till, order, how)
    await tell(till, Snapshot(facts, till.now if how == "api" else None))


async def spendable(till: Till, customer: Customer, order: Order) -> int:
    """Points to spend but for those of the order itself."""
    own = select(earning.c.points).join(order_row, order_row.c.id == earning.c.order_ref)
    own = own.where(order_row.c.order_id == order.id)
    earned = await till.db.read(lambda conn: int(conn.execute(own).scalar_one()))
    return await till.available(customer) - earned


def buy(till: Till, customer: Customer, *prices: str, code: str) -> Order:
    return till.sim.place_order(prices, shop=till.shop.handle, customer=customer, codes=[code])


def pieces(order: Order, *numbers: int) -> dict[int, int]:
    lines = order.body["line_items"]
    return {lines[number]["id"]: 1 for number in numbers}


@pytest.mark.parametrize("reward", ["five", "tenth", "ship"])
async def test_webhook_and_api_say_the_same_of_an_order_with_a_reward(till: Till, reward: str) -> None:
    customer = await till.rich()
    order = buy(till, customer, "30.00", "20.00", code=(await till.bought(customer, reward)).lower())
    till.sim.refund(order, pieces(order, 1))
    one, other = [await facts_of(till, order, how) for how in HOWS]
    assert one.codes == other.codes
    assert one.applications == other.applications
    assert [line.allocations for line in one.lines] == [line.allocations for line in other.lines]


@pytest.mark.parametrize("how", HOWS)
async def test_of_a_fixed_amount_the_part_that_fell_on_what_was_given_back_returns(
    till: Till, how: str
) -> None:
    customer = await till.rich(100)
    code = await till.bought(customer)
    order = buy(till, customer, "30.00", "20.00", code=code)
    await told(till, order, how)
    assert await spendable(till, customer, order) == 0
    till.sim.refund(order, pieces(order, 1))
    await told(till, order, how)
    assert await spendable(till, customer, order) == 40
    till.sim.refund(order, pieces(order, 0))
    await told(till, order, how)
    assert await spendable(till, customer, order) == 100
    assert await till.breaches() == ()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("reward", "cost"), [("tenth", 150), ("ship", 60)])
async def test_any_other_reward_returns_only_when_everything_is_refunded(
    till: Till, how: str, reward: str, cost: int
) -> None:
    customer = await till.rich(cost)
    order = buy(till, customer, "30.00", "20.00", code=await till.bought(customer, reward))
    till.sim.refund(order, pieces(order, 1))
    await told(till, order, how)
    assert await spendable(till, customer, order) == 0
    till.sim.refund(order, pieces(order, 0))
    await told(till, order, how)
    assert await spendable(till, customer, order) == cost
    assert await till.breaches() == ()


@pytest.mark.parametrize("how", HOWS)
async def test_a_cancelled_order_gives_all_of_it_back_and_its_code_is_swept(till: Till, how: str) -> None:
    customer = await till.rich(100)
    code = await till.bought(customer)
    order = buy(till, customer, "30.00", code=code)
    till.sim.cancel(order)
    await told(till, order, how)
    assert await spendable(till, customer, order) == 100
    till.ahead += timedelta(hours=2)
    await till.tick()
    await till.work()
    assert code not in till.codes()
    assert await till.breaches() == ()


async def test_whatever_the_order_of_telling_the_same_points_come_back(till: Till) -> None:
    """All orders of four snapshots, each told twice; what was posted meanwhile is undone by what is posted later."""
    customer = await till.rich(100)
    order = buy(till, customer, "30.00", "20.00", "10.00", code=await till.bought(customer))
    lives = [Snapshot(await facts_of(till, order, "webhook"))]
    for number in (2, 1):
        till.sim.refund(order, pieces(order, number), at=till.now + timedelta(minutes=10 - number))
        lives.append(Snapshot(await facts_of(till, order, "webhook")))
    lives.append(Snapshot(await facts_of(till, order, "api"), till.now))
    seen = set()
    for told_in in permutations(lives):
        await tell(till, *told_in, *told_in[:2])
        seen.add(await spendable(till, customer, order))
    assert seen == {50}
    assert await till.breaches() == ()


async def test_clamp_hides_debt_a_reward_spent_before_its_points_were_refunded_is_made_up_for(
    till: Till,
) -> None:
    """F.2 10: what was spent shows as debt, is lessened by what comes back, and the rest by the next points."""
    customer = till.customer()
    earned = till.sim.place_order(["100.00"], shop=till.shop.handle, customer=customer)
    await told(till, earned, "webhook")
    code = await till.bought(customer)
    used = buy(till, customer, "30.00", "20.00", code=code)
    await told(till, used, "webhook")
    till.sim.cancel(earned)
    await told(till, earned, "webhook")
    debt = [await till.standing(customer)]
    till.sim.refund(used, pieces(used, 1))
    await told(till, used, "webhook")
    debt.append(await till.standing(customer))
    # 45 points of the second order against 100 spent; then 27 of it and 40 given back
    assert debt == [(0, 55), (0, 33)]
    assert await till.breaches() == ()


async def test_expiry_and_refund_a_reward_returned_after_its_points_expired_lives_on(till: Till) -> None:
    """F.2 8: points that were spent before they ended come back with thirty days to spend them."""
    await till.stage.change("loyalty", expiry_months="1")
    till.ahead = timedelta(seconds=2)
    customer = await till.rich(100)
    request = await till.buy_at(customer, till.now)
    till.ahead = timedelta(days=40)
    await till.tick()
    assert await till.available(customer) == 0
    order = till.order_with(customer, request, cancelled_at=till.now)
    await till.stage.tell(order)
    assert await till.available(customer) == 100
    for days, left in ((69, 100), (71, 0)):
        till.ahead = timedelta(days=days)
        await till.tick()
        assert await till.available(customer) == left
    assert await till.breaches() == ()
