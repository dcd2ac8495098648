"""The day of delivery as shoppers see it: before an order, where it can be named and where it cannot."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.walk import NewWalk, Walk


def day(walk: Walk) -> Locator:
    """The widget on a page of the shop, once it is there."""
    found = walk.page.locator("#dankbar-delivery")
    expect(found).to_be_visible()
    return found


@pytest.mark.parametrize("theme", ["light", "dark", "loud"])
def test_a_visitor_chooses_where_it_goes_and_keeps_the_choice_to_the_browser(walk: Walk, theme: str) -> None:
    page = walk.go(f"/storefront/products/teekanne?theme={theme}")
    expect(day(walk).locator("h2")).to_contain_text("Bei Ihnen: ")
    expect(day(walk)).to_contain_text("Mit DHL, wenn Sie ")
    assert "%" not in day(walk).inner_text(), "nothing is learned yet"
    assert walk.shut_out() == []
    assert walk.shifts() == []

    code = page.get_by_label("PLZ")
    code.fill("20095")
    with page.expect_response(lambda answer: "zip=20095" in answer.url):
        code.press("Enter")
    expect(page.get_by_label("PLZ")).to_have_value("20095")
    expect(page.get_by_label("PLZ")).to_be_focused()
    assert walk.shut_out() == []

    german = day(walk).locator("h2").inner_text()
    page.get_by_label("Lieferung nach").select_option(label="Schweiz")
    expect(day(walk).locator("h2")).not_to_have_text(german)
    expect(day(walk)).to_contain_text("unserer Zeit")
    day(walk).get_by_text("Warum dieser Tag?").click()
    expect(day(walk).get_by_text("DHL braucht höchstens 5 Tage.")).to_be_visible()
    assert walk.shut_out() == []

    walk.add("teekanne")
    expect(page.get_by_label("Lieferung nach")).to_have_value("CH")
    assert [cookie["name"] for cookie in walk.context.cookies()] == ["sandbox_visit"]
    expect(page.get_by_label("PLZ")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).sort()") == ["dankbar-country", "dankbar-zip"]


def test_where_no_day_can_be_named_an_english_visitor_is_told_so(sandbox: Sandbox, new_walk: NewWalk) -> None:
    walk = new_walk(sandbox.base, sandbox.app, "en", viewport={"width": 320, "height": 640})
    walk.page.add_init_script("localStorage.setItem('dankbar-country', 'JP')")
    walk.go("/storefront/products/teekanne")
    expect(day(walk).locator("h2")).to_have_text("We name no day for this destination yet.")
    expect(day(walk)).to_contain_text("You will hear it from us as soon as your parcel is on its way.")
    expect(walk.page.get_by_label("Deliver to")).to_have_value("JP")
    assert walk.page.evaluate("document.documentElement.scrollWidth") == 320
    assert walk.shut_out() == []


def test_what_needs_no_parcel_has_no_day(walk: Walk) -> None:
    walk.go("/storefront/products/geschenkgutschein")
    expect(walk.page.locator("h1")).to_be_visible()
    expect(walk.page.locator("[data-dankbar-block=delivery]")).to_have_count(0)


def test_without_javascript_a_link_and_a_form_lead_to_the_day(sandbox: Sandbox, new_walk: NewWalk) -> None:
    walk = new_walk(sandbox.base, sandbox.app, java_script_enabled=False)
    walk.go("/storefront/products/teekanne")
    walk.page.get_by_role("link", name="Nachsehen, wann es ankommt").click()
    expect(day(walk).locator("h2")).to_contain_text("Bei Ihnen: ")
    german = day(walk).locator("h2").inner_text()
    walk.page.get_by_label("Lieferung nach").select_option("CH")
    walk.page.get_by_role("button", name="Anzeigen").click()
    expect(walk.page.get_by_label("Lieferung nach")).to_have_value("CH")
    assert day(walk).locator("h2").inner_text() != german


def test_no_cache_may_keep_an_answer(walk: Walk) -> None:
    for path in (
        "/widgets?names=delivery&country=DE",
        "/widgets/delivery?country=DE",
        "/widgets/delivery.json",
    ):
        answer = walk.context.request.get(f"{walk.base}/apps/dankbar{path}")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "private, no-store"


def told_after(walk: Walk, deed: str, sentence: str) -> None:
    """Do something at the merchant's desk and read the order's page until it says so."""
    walk.page.get_by_role("button", name=walk.say(deed), exact=True).click()
    expect(walk.page.get_by_text(walk.say("desk.done"))).to_be_visible()
    for _ in range(20):
        try:
            expect(walk.widgets.get_by_text(sentence)).to_be_visible(timeout=1500)
        except AssertionError:
            walk.page.reload()
        else:
            return
    raise AssertionError(f"The page never said: {sentence}")


def test_an_order_is_promised_a_day_handed_over_scanned_and_delivered(walk: Walk, email: str) -> None:
    order = walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text("Bei Ihnen: ")).to_be_visible()
    expect(walk.widgets.get_by_text("Mit DHL. Wir übergeben es bis ")).to_be_visible()
    expect(walk.widgets.get_by_text("Übergeben", exact=True)).to_be_visible()
    assert walk.shut_out() == []
    walk.go(f"/storefront/orders/{order}")
    expect(walk.widgets.get_by_text("Bei Ihnen: ")).to_be_visible()
    told_after(walk, "desk.fulfil", "DHL hat es übernommen.")
    link = walk.widgets.locator("s-link", has_text="Sendung verfolgen")
    assert (link.get_attribute("href") or "").startswith("https://www.dhl.de/")
    told_after(walk, "desk.scan", "DHL hat es übernommen.")
    told_after(walk, "desk.deliver", "Ihr Paket ist da.")
    expect(walk.widgets.get_by_text("Sendung verfolgen")).to_have_count(0)
    assert walk.shut_out() == []


def test_in_a_country_without_a_lane_the_order_says_that_the_day_follows(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, "en")
    walk.add("teekanne")
    walk.go("/storefront/checkout")
    walk.page.get_by_label(walk.say("checkout.country")).select_option("NL")
    walk.page.get_by_label(walk.say("checkout.email")).fill(email)
    walk.page.get_by_role("button", name=walk.say("checkout.pay")).click()
    later = "We will tell you the day here, as soon as your parcel is on its way."
    expect(walk.widgets.get_by_text(later)).to_be_visible()
