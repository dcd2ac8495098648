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
    assert page.evaluate("Object.keys(localStorage)") == ["dankbar-country"]


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
