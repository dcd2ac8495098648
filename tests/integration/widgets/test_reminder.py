"""The coupon that waits, asked for over HTTP: on the storefront through the app proxy, and on the account page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from plugin.database import Database
from tests.integration.coupon.stage import mint
from tests.integration.widgets.stage import CUSTOMER, ORDER, Stage, config, facts, open_stage

STRANGER = CUSTOMER + 1


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    """A shop with two codes to give, in which somebody has bought once."""
    made = await open_stage(db, config(database_url), datetime.now(UTC).replace(microsecond=0))
    await db.write(lambda conn: mint(conn, made.shop.id, 2, made.now))
    await made.tell(facts(made.now))
    yield made
    await made.close()


async def test_the_storefront_shows_a_customer_their_own_code_as_text_and_link(stage: Stage) -> None:
    view = (await stage.proxy("/coupon.json", CUSTOMER, locale="de")).json()
    assert (view["state"], view["value_text"]) == ("ready", "10\xa0%")
    code = view["code"]
    assert view["apply_url"] == f"/discount/{code}?redirect=/"
    assert view["expires_on"] > stage.now.date().isoformat()
    html = (await stage.proxy("/coupon", CUSTOMER, locale="de")).text
    assert f"<code>{code}</code>" in html
    assert f'href="/discount/{code}?redirect=/"' in html
    assert view["note"] in html
    both = (await stage.proxy("", CUSTOMER, names="coupon,loyalty", locale="de")).json()
    assert both["coupon"] == html


async def test_visitors_and_strangers_are_shown_nothing(stage: Stage) -> None:
    for customer in (None, STRANGER):
        for path in ("/coupon", "/coupon.json"):
            answer = await stage.proxy(path, customer)
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await stage.proxy("", customer, names="coupon")).json() == {"coupon": None}


async def test_the_account_shows_the_same_code_with_a_link_into_the_shop(stage: Stage) -> None:
    in_shop = (await stage.proxy("/coupon.json", CUSTOMER, locale="de")).json()
    in_account = (await stage.account(CUSTOMER, locale="de")).json()["widgets"]["coupon"]
    assert in_account["code"] == in_shop["code"]
    assert in_account["apply_url"] == f"https://example.myshopify.com{in_shop['apply_url']}"
    assert "coupon" not in (await stage.account(STRANGER)).json()["widgets"]


async def test_used_it_makes_way_for_the_next_on_both(stage: Stage) -> None:
    code = (await stage.proxy("/coupon.json", CUSTOMER)).json()["code"]
    await stage.tell(facts(stage.now, ORDER + 1, codes=(code,)))
    following = (await stage.proxy("/coupon.json", CUSTOMER)).json()["code"]
    assert following != code
    assert (await stage.account(CUSTOMER)).json()["widgets"]["coupon"]["code"] == following
    await stage.tell(facts(stage.now, ORDER + 2, codes=(following,), customer_id=STRANGER))
    assert (await stage.proxy("/coupon", CUSTOMER)).status_code == 204


async def test_two_customers_see_two_codes(stage: Stage) -> None:
    await stage.tell(facts(stage.now, ORDER + 1, customer_id=STRANGER))
    mine = (await stage.account(CUSTOMER)).json()["widgets"]["coupon"]["code"]
    theirs = (await stage.account(STRANGER)).json()["widgets"]["coupon"]["code"]
    assert mine != theirs
