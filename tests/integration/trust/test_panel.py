"""The data panel: every declaration of every widget that keeps something, in the reader's words, and no more than is so."""

import re
from functools import partial
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

import widgets
from plugin import schema
from plugin.shops import shop as shop_table
from tests.integration.widgets.stage import CHECKOUT, CUSTOMER, ORDER, Stage, facts
from widgets.inventory import holds
from widgets.pages import LIQUID
from widgets.processing import by_owner
from widgets.trust.authorities import BY_COUNTRY, ELSEWHERE
from widgets.trust.promises import PROMISES

VOICES = [("de", "sie"), ("de", "du"), ("en", "sie")]
PAGE = "/trust/data"


async def rows(stage: Stage, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await stage.proxy("/trust.json", None, **query)).json()["data"]
    return found


async def page(stage: Stage, **query: str) -> str:
    answer = await stage.proxy(PAGE, None, **query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(LIQUID)
    return re.sub(r"\s+", " ", unescape(answer.text))


async def test_the_rows_are_the_declarations_themselves(stage: Stage) -> None:
    shown = await rows(stage, locale="en")
    told = [
        (one.what, one.purpose, one.basis, one.retention, list(one.recipients))
        for one in widgets.everything()
    ]
    assert [tuple(row.values()) for row in shown] == told
    assert shown[0].keys() == {"what", "purpose", "basis", "retention", "recipients"}


@pytest.mark.parametrize(("locale", "tone"), VOICES)
async def test_the_block_the_thank_you_page_and_the_page_say_the_same_in_every_voice(
    stage: Stage, locale: str, tone: str
) -> None:
    await stage.change("shop", tone=tone)
    await stage.tell(facts(stage.now))
    shown = await rows(stage, locale=locale)
    thanks = (await stage.order(checkout_token=CHECKOUT, locale=locale)).json()["widgets"]["trust"]
    assert thanks["data"] == shown
    block = re.sub(r"\s+", " ", unescape((await stage.proxy("/trust", locale=locale)).text))
    whole = await page(stage, locale=locale)
    english = {one.what for one in widgets.everything()}
    for row in shown:
        assert row["what"] in block
        for text in (row["what"], row["purpose"], row["basis"], row["retention"], *row["recipients"]):
            assert text in whole
        if locale == "de":
            assert row["what"] not in english
    assert len(shown) == len(english)


async def test_a_widget_that_is_off_is_listed_while_it_holds_anything(stage: Stage) -> None:
    own = {one.what for owner, one in by_owner() if owner is not None and owner.name == "loyalty"}
    await stage.change("loyalty", enabled=False)
    assert not own & {row["what"] for row in await rows(stage, locale="en")}
    await stage.change("loyalty", enabled=True)
    await stage.tell(facts(stage.now))
    await stage.change("loyalty", enabled=False)
    assert own <= {row["what"] for row in await rows(stage, locale="en")}


async def test_what_a_widget_holds_is_looked_for_in_this_shop_alone(stage: Stage) -> None:
    await stage.tell(facts(stage.now))

    def read(conn: Connection) -> tuple[bool, bool]:
        loyalty = widgets.ALL["loyalty"]
        return holds(conn, stage.shop.id, loyalty), holds(conn, stage.shop.id + 1, loyalty)

    assert await stage.db.read(read) == (True, False)


async def test_the_page_is_for_everybody_and_stays_where_the_block_is_off(stage: Stage) -> None:
    await stage.change("trust", enabled=False)
    assert (await stage.proxy("/trust")).status_code == 204
    text = await page(stage, locale="en")
    for promise in PROMISES:
        assert promise.text in text
    assert "the address is in the legal notice" in text
    assert ELSEWHERE.url in text


async def test_it_names_the_shops_own_address_and_the_authority_of_its_country(stage: Stage) -> None:
    await stage.change("trust", email="hallo@example.com")
    for country, who in BY_COUNTRY.items():
        moved = update(shop_table).values(country=country)
        await stage.db.write(partial(Connection.execute, statement=moved))
        stage.display.cache.forget(stage.shop.handle)
        text = await page(stage, locale="en")
        assert f'href="{who.url}"' in text
        assert who.text in text
        assert 'href="mailto:hallo@example.com"' in text


async def test_looking_at_pages_writes_nothing_down(stage: Stage) -> None:
    await stage.tell(facts(stage.now))

    def everything(conn: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for table in schema.load().sorted_tables
        }

    before = await stage.db.read(everything)
    for customer in (None, CUSTOMER):
        for name, widget in widgets.ALL.items():
            await stage.proxy(f"/{name}", customer, surface="storefront")
            await stage.proxy(f"/{name}.json", customer)
            for one in widget.pages:
                await stage.proxy(f"/{name}/{one.path}", customer)
                await stage.proxy(f"/{name}/{one.path}.json", customer)
        await stage.proxy("", customer, names=",".join(widgets.ALL))
        await stage.order(ORDER, customer, checkout_token=CHECKOUT)
    await stage.account(CUSTOMER)
    assert await stage.db.read(everything) == before
