"""Redeeming over HTTP: paid once, never beyond the balance, and a refusal changes nothing (contract 4, semantics D 26)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from plugin import settings
from plugin.core import accounts
from plugin.core.redemptions import redemption
from plugin.database import Database, open_database
from plugin.errors import Conflict
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.tasks import task
from tests.integration.loyalty.till import Till
from widgets.base import Context, Surface
from widgets.loyalty.redeem import Outcome, redeem
from widgets.loyalty.settings import LoyaltySettings


async def test_a_reward_is_paid_and_its_code_follows(till: Till) -> None:
    customer = await till.rich(250)
    answer = await till.redeem(customer, request_id="one")
    assert answer.status_code == 200
    assert answer.json() == {
        "request_id": "one",
        "state": "pending",
        "cost": 100,
        "available": 150,
        "code": None,
    }
    assert answer.headers["content-type"] == "application/json"
    await till.work()
    again = (await till.redeem(customer, request_id="one")).json()
    assert again["code"] in till.codes()
    assert again == {
        "request_id": "one",
        "state": "ready",
        "cost": 100,
        "available": 150,
        "code": again["code"],
    }
    assert await till.kinds() == [("redemption", -100)]
    assert await till.breaches() == ()


async def test_the_same_request_is_the_same_redemption_with_the_figures_of_now(till: Till) -> None:
    customer = await till.rich(250)
    first = (await till.redeem(customer, request_id="same")).json()
    await till.redeem(customer, "ship")
    again = (await till.redeem(customer, request_id="same")).json()
    assert (first["available"], again["available"]) == (150, 90)
    assert await till.kinds() == [("redemption", -100), ("redemption", -60)]
    other = await till.redeem(customer, "ship", request_id="same")
    assert (other.status_code, other.json()["error"]) == (409, "request_used")
    stranger = await till.rich(250)
    assert (await till.redeem(stranger, "ship", request_id="same")).status_code == 200


async def test_a_request_is_answered_though_its_reward_has_left_the_list(till: Till) -> None:
    customer = await till.rich(250)
    await till.redeem(customer, request_id="kept")
    await till.stage.change("loyalty", rewards="[]")
    assert (await till.redeem(customer, request_id="kept")).json()["state"] == "pending"
    assert (await till.redeem(customer)).status_code == 404


async def test_a_request_whose_code_ended_unused_is_pending_without_it_until_the_points_are_back(
    till: Till,
) -> None:
    customer = await till.rich(250)
    assert (await till.redeem(customer, request_id="unused")).status_code == 200
    assert (await till.redeem(customer, request_id="used")).status_code == 200
    await till.work()
    used = (await till.redeem(customer, request_id="used")).json()["code"]
    await till.stage.tell(till.order_with(customer, used))

    async def told(request_id: str) -> tuple[str, str | None]:
        answer = (await till.redeem(customer, request_id=request_id)).json()
        return answer["state"], answer["code"]

    over = update(redemption).values(ends_at=till.now)
    await till.db.write(lambda conn: conn.execute(over))
    assert (await told("unused"), await told("used")) == (("pending", None), ("ready", used))
    await till.tick()
    assert await till.states() == ["expired", "spent"]
    assert (await told("unused"), await told("used")) == (("pending", None), ("ready", used))
    await till.work()
    assert (await told("unused"), await till.available(customer)) == (("reversed", None), 150)


async def test_switched_off_points_can_still_be_redeemed(till: Till) -> None:
    customer = await till.rich(250)
    await till.stage.change("loyalty", enabled="false")
    assert (await till.redeem(customer)).status_code == 200


async def test_a_refused_redemption_says_why_and_changes_nothing(till: Till) -> None:
    customer = await till.rich(120)
    poor = till.customer()
    refusals = [
        (await till.redeem(customer, "tenth"), 409, "not_enough"),
        (await till.redeem(poor), 409, "not_enough"),
        (await till.redeem(customer, "past"), 409, "not_offered"),
        (await till.redeem(customer, "nothing"), 404, "not_found"),
        (await till.redeem(customer, "five' OR 1=1"), 404, "not_found"),
        (await till.redeem(customer, ""), 422, "invalid"),
        (await till.redeem(customer, request_id="x" * 65), 422, "invalid"),
        (await till.redeem(customer, request_id="ümlaut"), 422, "invalid"),
        (await till.redeem(customer, request_id="line\nbreak"), 422, "invalid"),
        (await till.redeem(customer, action_token="wrong"), 403, "forbidden"),
        (await till.redeem(None), 403, "forbidden"),
    ]
    for answer, status, code in refusals:
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert answer.json()["detail"].endswith(".")
    unproved = await till.stage.client.post("/proxy/widgets/loyalty/redeem", data={"reward": "five"})
    assert unproved.status_code == 401
    assert await till.kinds() == []
    assert await till.db.read(lambda conn: conn.execute(select(redemption.c.id)).all()) == []
    names = select(task.c.name).where(task.c.name == "loyalty.mint")
    assert await till.db.read(lambda conn: conn.execute(names).all()) == []


@pytest.mark.parametrize("request_id", ["a", "!", "x" * 64, "a request of mine ~"])
async def test_a_request_may_be_named_by_any_64_printable_characters(till: Till, request_id: str) -> None:
    customer = await till.rich()
    assert (await till.redeem(customer, request_id=request_id)).json()["request_id"] == request_id


async def test_points_on_their_way_buy_nothing(till: Till) -> None:
    await till.stage.change("loyalty", pending_days="14")
    customer = till.customer()
    till.ahead = timedelta(seconds=5)  # under the rule that holds from now on
    await till.give(customer, 500)
    assert (await till.redeem(customer)).status_code == 409


def acting(till: Till, customer_id: int, conn: Connection, request_id: str) -> Outcome:
    """Redeem in this transaction, as the action's endpoint does."""
    ctx = Context(
        shop=till.shop,
        settings=settings.current(conn, till.shop.id, ShopSettings),
        language=language("en", "sie"),
        surface=Surface.STOREFRONT,
        now=datetime.now(UTC),
        customer_id=customer_id,
    )
    own = settings.current(conn, till.shop.id, LoyaltySettings)
    return redeem(conn, ctx, own, {"reward": "five", "request_id": request_id})


async def at_once(till: Till, homes: list[Database], customers: list[int], many: int) -> list[Any]:
    """Redeem many times at once, each customer in turn, over several processes' connections."""

    async def one(number: int) -> Any:
        try:
            return await homes[number % len(homes)].write(
                lambda conn: acting(till, customers[number % len(customers)], conn, f"tab {number}")
            )
        except Conflict as refused:
            return refused.code

    return await asyncio.gather(*(one(number) for number in range(many)))


@pytest.mark.parametrize("months", ["0", "12"])
async def test_redeem_race_200_at_once_of_a_balance_for_3_give_exactly_3(
    till: Till, database_url: str, months: str
) -> None:
    await till.stage.change("loyalty", expiry_months=months)
    till.ahead = timedelta(seconds=1)
    customer = await till.rich(399)
    till.ahead = timedelta(seconds=2)
    await asyncio.sleep(1.1)
    homes = [till.db, *[await open_database(database_url) for _ in range(3 * (till.db.dialect != "sqlite"))]]
    found = await at_once(till, homes, [customer.id], 200)
    assert found.count("not_enough") == 197
    codes = await till.db.read(lambda conn: conn.execute(select(redemption.c.code)).scalars().all())
    assert len(set(codes)) == 3
    assert await till.available(customer) == 99
    assert await till.breaches() == ()
    for home in homes[1:]:
        await home.close()


async def test_redeem_race_two_tabs_of_merged_customers_share_one_balance(till: Till) -> None:
    one, other = await till.rich(60), await till.rich(60)
    await till.db.write(lambda conn: accounts.merge(conn, till.shop.id, one.id, other.id))
    found = await at_once(till, [till.db], [one.id, other.id], 20)
    assert found.count("not_enough") == 19
    assert await till.available(one) == await till.available(other) == 20
    assert await till.breaches() == ()


async def test_a_reward_of_another_shop_is_unknown_here(till: Till, database_url: str) -> None:
    customer = await till.rich()
    await till.stage.change(
        "loyalty", rewards='[{"id": "own", "title": "X", "cost": 1, "kind": "free_shipping"}]'
    )
    assert (await till.redeem(customer, "five")).status_code == 404
    assert (await till.redeem(customer, "own")).status_code == 200
