"""A coupon's card opens by the link that its own pages give, for a day, and by nothing else."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from plugin.shops import shop_key
from tests.integration.coupon.stage import mint
from tests.integration.widgets.stage import CHECKOUT, CUSTOMER, Stage, facts
from widgets.coupon.printing import _proof

CARD = "/coupon/card"


@pytest.fixture
async def stocked(stage: Stage) -> Stage:
    """A shop with codes to give and one paid order."""
    await stage.db.write(lambda conn: mint(conn, stage.shop.id, 5, stage.now))
    await stage.tell(facts(stage.now))
    return stage


async def link(stage: Stage, locale: str = "de") -> dict[str, str]:
    """The query of the link on the order's page."""
    view = (await stage.order(checkout_token=CHECKOUT, locale=locale)).json()["widgets"]["coupon"]
    assert view["print_text"] == {"de": "Als Karte drucken", "en": "Print as a card"}[locale]
    address = urlsplit(view["print_url"])
    assert (address.scheme, address.path) == ("https", "/apps/dankbar/widgets/coupon/card")
    query = dict(parse_qsl(address.query))
    assert query["code"] == view["code"]
    return query


async def test_the_card_shows_code_value_terms_and_a_picture_of_the_way_to_the_shop(stocked: Stage) -> None:
    query = await link(stocked)
    answer = await stocked.proxy(CARD, None, **query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert query["code"] in answer.text
    assert "10\xa0% Rabatt" in answer.text
    assert re.search(r"Einmal gültig bis \d+\. \w+ 20\d\d\.", answer.text)
    assert answer.text.count('<svg class="qr"') + answer.text.count('class="qr"') >= 1
    assert "<script" not in answer.text
    await stocked.change("shop", tone="du")
    assert "10\xa0% Rabatt" in (await stocked.proxy(CARD, None, **query)).text
    english = await stocked.proxy(CARD, None, **await link(stocked, "en"))
    assert "10% off" in english.text
    assert "Valid once until" in english.text


async def test_the_account_leads_there_too_and_the_shops_other_pages_do_not(stocked: Stage) -> None:
    mine = (await stocked.account(CUSTOMER)).json()["widgets"]["coupon"]
    answer = await stocked.proxy(CARD, None, **dict(parse_qsl(urlsplit(mine["print_url"]).query)))
    assert mine["code"] in answer.text
    reminder = (await stocked.proxy("/coupon.json", CUSTOMER)).json()
    assert reminder["print_url"] is None


@pytest.mark.parametrize("part", ["code", "until", "proof"])
@pytest.mark.parametrize("value", ["", "DANKE-AAAA-BBBB-CCCC", "99999999999", "٣"])
async def test_no_other_code_time_or_proof_opens_a_card(stocked: Stage, part: str, value: str) -> None:
    query = await link(stocked)
    assert (await stocked.proxy(CARD, CUSTOMER, **{**query, part: value})).status_code == 404
    assert (
        await stocked.proxy(CARD, CUSTOMER, **{k: v for k, v in query.items() if k != part})
    ).status_code == 404


async def test_a_link_works_for_a_day_and_a_code_that_was_used_or_taken_back_has_no_card(
    stocked: Stage,
) -> None:
    query = await link(stocked)
    until = datetime.fromtimestamp(int(query["until"]), UTC)
    assert timedelta(days=1) < until - datetime.now(UTC) <= timedelta(days=1, hours=1)
    past = int(until.timestamp()) - 3 * 24 * 3600
    key = shop_key(stocked.display.keyring, stocked.shop)
    old = {**query, "until": str(past), "proof": _proof(key, query["code"], past)}
    for locale, tone, sentence in (
        ("de", "sie", "Bitte öffnen Sie die Karte noch einmal auf der Seite Ihrer Bestellung."),
        ("de", "du", "Bitte öffne die Karte noch einmal auf der Seite deiner Bestellung."),
        ("en", "du", "Please open the card once more from your order's page."),
    ):
        await stocked.change("shop", tone=tone)
        ended = await stocked.proxy(CARD, None, **{**old, "locale": locale})
        assert (ended.status_code, sentence in ended.json()["detail"]) == (404, True)
    await stocked.tell(facts(stocked.now, 7_000, customer_id=None, codes=(query["code"],)))
    assert (await stocked.proxy(CARD, None, **query)).status_code == 404
