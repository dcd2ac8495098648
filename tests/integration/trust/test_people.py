"""Who packs the parcels, on the storefront and the thank-you page, as the merchant has just written it."""

import json

from tests.integration.widgets.stage import CHECKOUT, Stage, facts

PEOPLE = json.dumps([{"name": "Marta <b>", "about": "packt seit 2019 & gern"}])


async def test_the_storefront_shows_who_packs_and_how_to_reach_them(stage: Stage) -> None:
    await stage.change(
        "trust", people=PEOPLE, hours="9-16 Uhr", email="hallo@example.com", phone="089 123456"
    )
    html = (await stage.proxy("/trust", locale="de")).text
    for said in ("Wer Ihr Paket packt", "Marta &lt;b&gt;", "packt seit 2019 &amp; gern", "9-16 Uhr"):
        assert said in html
    assert '<a href="mailto:hallo@example.com">hallo@example.com</a>' in html
    assert '<a href="tel:089123456">089 123456</a>' in html


async def test_the_thank_you_page_says_the_same_to_a_guest(stage: Stage) -> None:
    await stage.change("trust", people=PEOPLE, email="hallo@example.com")
    await stage.change("shop", tone="du")
    await stage.tell(facts(stage.now))
    view = (await stage.order(checkout_token=CHECKOUT, locale="de")).json()["widgets"]["trust"]
    assert view["text"] == "Du hast bei example bestellt."
    assert view["people"]["title"] == "Wer dein Paket packt"
    assert view["people"]["names"] == [{"name": "Marta <b>", "about": "packt seit 2019 & gern"}]
    assert view["people"]["ways"] == [{"text": "hallo@example.com", "url": "mailto:hallo@example.com"}]


async def test_it_has_no_place_among_an_accounts_figures(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    assert "trust" not in (await stage.account(facts(stage.now).customer_id)).json()["widgets"]


async def test_switched_off_it_is_gone(stage: Stage) -> None:
    await stage.change("trust", people=PEOPLE, enabled="false")
    await stage.tell(facts(stage.now))
    assert (await stage.proxy("/trust")).status_code == 204
    assert "trust" not in (await stage.order(checkout_token=CHECKOUT)).json()["widgets"]
