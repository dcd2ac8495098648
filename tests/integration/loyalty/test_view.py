"""What a shopper sees of rewards: what they can buy, why not yet, the codes they have, and when points end (B 12)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from plugin import settings
from plugin.core import standing
from plugin.core.redemptions import READY, redemption
from plugin.language import language
from plugin.settings import ShopSettings
from tests.integration.loyalty.till import Till
from widgets.base import Context, Surface
from widgets.loyalty import offers


async def seen(till: Till, customer: Any, locale: str = "en") -> dict[str, Any]:
    found: dict[str, Any] = (await till.stage.proxy("/loyalty.json", customer.id, locale=locale)).json()
    return found


async def drawn(till: Till, customer: Any, locale: str = "en") -> str:
    return re.sub(r"\s+", " ", (await till.stage.proxy("/loyalty", customer.id, locale=locale)).text)


async def test_rewards_of_today_are_offered_with_what_they_cost_and_what_is_missing(till: Till) -> None:
    customer = await till.rich(120)
    rewards = (await seen(till, customer))["rewards"]
    assert [(one["id"], one["cost"], one["affordable"]) for one in rewards] == [
        ("five", 100, True),
        ("tenth", 150, False),
        ("ship", 60, True),
    ]
    assert [one["note"] for one in rewards] == [None, "30 points to go.", "From an order of €20."]
    assert (
        "rewards" not in (await till.stage.proxy("/loyalty.json")).json()
        or not (await till.stage.proxy("/loyalty.json")).json()["rewards"]
    )


async def test_only_what_can_be_afforded_has_a_form_and_each_form_a_request_of_its_own(till: Till) -> None:
    customer = await till.rich(120)
    pages = [await drawn(till, customer) for _ in range(2)]
    ids = [re.findall(r'name="request_id" value="([^"]+)"', page) for page in pages]
    assert [len(mine) for mine in ids] == [2, 2]
    assert len({*ids[0], *ids[1]}) == 4
    assert re.findall(r'name="reward" value="([^"]+)"', pages[0]) == ["five", "ship"]
    assert 'hx-post="/apps/dankbar/widgets/loyalty/redeem?locale=en"' in pages[0]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "This costs 150 points, and you have 120 to spend."),
        ("de", "Das kostet 150 Punkte, einlösbar sind 120."),
    ],
)
async def test_a_refusal_is_said_in_words_within_the_widget_of_now(
    till: Till, locale: str, said: str
) -> None:
    customer = await till.rich(120)
    form = {"reward": "tenth", "request_id": "one", "action_token": till.token(customer.id)}
    url = till.stage.proxy_url("/loyalty/redeem", customer.id, {"locale": locale})
    answer = await till.stage.client.post(url, data=form, headers={"accept": "text/html"})
    assert answer.status_code == 409
    assert answer.text.startswith('<section id="dankbar-loyalty"')
    assert said in answer.text
    assert 'role="status"' in answer.text


async def test_the_second_of_two_tabs_is_told_what_is_left(till: Till) -> None:
    customer = await till.rich(120)
    await till.redeem(customer, "five")
    answer = await till.redeem(customer, "five", accept="text/html")
    assert answer.status_code == 409
    assert "you have 20 to spend" in answer.text or "einlösbar sind 20" in answer.text


async def test_an_old_page_is_told_so_and_can_go_on(till: Till) -> None:
    customer = await till.rich(120)
    answer = await till.redeem(customer, accept="text/html", action_token="old")
    assert answer.status_code == 403
    assert "Please try once more." in answer.text or "noch einmal" in answer.text
    assert till.token(customer.id) in answer.text


async def test_a_code_that_is_being_made_is_looked_for_until_it_can_be_used(till: Till) -> None:
    customer = await till.rich(250)
    first = await till.redeem(customer, accept="text/html")
    assert 'hx-trigger="every 2s"' in first.text
    (code,) = (await seen(till, customer))["codes"]
    assert (code["state"], code["code"]) == ("pending", None)
    await till.work()
    (code,) = (await seen(till, customer))["codes"]
    assert (code["state"], code["title"], code["value_text"]) == ("ready", "5 €", "€5")
    assert code["apply_url"] == f"/discount/{code['code']}?redirect=/"
    page = await drawn(till, customer)
    assert "hx-trigger" not in page
    assert f'data-dankbar-copy="{code["code"]}"' in page


async def test_every_end_of_a_code_is_told_with_its_reason(till: Till) -> None:
    customer = await till.rich(900)
    used, undone, half = [await till.bought(customer) for _ in range(3)]
    await till.redeem(customer)
    del till.sim.state.shops[till.shop.handle].customers[customer.id]
    await till.work()
    await till.stage.tell(till.order_with(customer, used))
    await till.stage.tell(till.order_with(customer, undone, cancelled_at=till.now))
    assert half
    states = {one["state"]: one["text"] for one in (await seen(till, customer))["codes"]}
    assert states.keys() == {"ready", "used", "returned", "reversed"}
    assert states["returned"] == "The order was undone: your points are back."
    assert states["reversed"] == "The code could not be made: your points are back."


async def test_every_code_that_can_be_used_is_shown_and_only_some_of_the_others(till: Till) -> None:
    customer = await till.rich(2_000)
    usable = [await till.buy_at(customer, till.now) for _ in range(offers.MOST_CODES + 2)]
    for _ in range(offers.MOST_CODES + 1):
        code = await till.buy_at(customer, till.now)
        await till.stage.tell(till.order_with(customer, code))
    ready = update(redemption).values(state=READY, value="500")
    await till.db.write(lambda conn: conn.execute(ready))
    codes = (await seen(till, customer))["codes"]
    assert [one["code"] for one in codes[: len(usable)]] == usable[::-1]
    assert [one["state"] for one in codes[len(usable) :]] == ["used"] * offers.MOST_CODES


async def test_points_that_end_say_when_the_soonest_first(till: Till) -> None:
    await till.stage.change("loyalty", expiry_months="12")
    till.ahead = timedelta(seconds=2)
    customer = await till.rich(120)
    found = await till.db.read(lambda conn: till_view(till, conn, customer))
    assert [one["points"] for one in found] == [120]
    assert re.fullmatch(r"120 points expire on \d+ \w+ \d{4}\.", found[0]["text"])


def till_view(till: Till, conn: Connection, customer: Any) -> list[dict[str, Any]]:
    """The dates as the view would tell them a moment later."""
    ctx = Context(
        shop=till.shop,
        settings=settings.current(conn, till.shop.id, ShopSettings),
        language=language("en", "sie"),
        surface=Surface.STOREFRONT,
        now=till.now,
    )
    mine = standing.standing(conn, till.shop.id, customer.id, till.now)
    assert mine is not None
    return [{"points": one.points, "text": one.text} for one in offers.endings(ctx, mine.lots)]


async def test_on_account_pages_rewards_lead_to_the_shop_and_codes_to_its_own_address(till: Till) -> None:
    customer = await till.rich(250)
    code = await till.bought(customer)
    found = await till.extension("/account", customer.id, locale="de")
    assert found["redeem_url"] == f"https://{till.shop.host}/"
    assert {one["request_id"] for one in found["rewards"]} == {None}, "no form is sent from there"
    assert (await till.redeem(customer, action_token=found["action_token"])).status_code == 200
    assert found["codes"][0]["apply_url"] == f"https://{till.shop.host}/discount/{code}?redirect=/"


async def test_an_orders_page_shows_rewards_and_codes_to_its_own_customer_alone(till: Till) -> None:
    customer = await till.rich(250)
    await till.bought(customer)
    order = till.order_with(customer, "NOTHING")
    await till.stage.tell(order, token="c" * 32)
    own = await till.extension(f"/orders/{order.id}", customer.id)
    assert own["rewards"]
    assert own["codes"]
    assert own["redeem_url"] == f"https://{till.shop.host}/"
    assert (await till.redeem(customer, action_token=own["action_token"])).status_code == 200
    anybody = await till.extension(f"/orders/{order.id}", checkout_token="c" * 32)
    assert not anybody["rewards"]
    assert not anybody["codes"]
    assert anybody["available"] is anybody["action_token"] is None
    stranger = await till.extension(f"/orders/{order.id}", till.customer().id, checkout_token="c" * 32)
    assert stranger["available"] is stranger["action_token"] is None
