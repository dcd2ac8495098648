"""The admin in Chromium: pages are swapped, tokens renewed, forms previewed and saved, and nothing moves."""

import re

import pytest
from playwright.sync_api import Page, expect

import widgets
from tests.e2e.admin.office import ROOT, Office

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
PATHS = ["/", "/admin/shop", "/admin/ledger", *(f"/admin/widgets/{name}" for name in widgets.ALL)]

PLACED = """[
  {handle: 'thank-you', type: 'ui_extension', activations: [{target: 'purchase.thank-you.block.render'}]},
  {handle: 'storefront', type: 'theme_app_extension', activations: [
    {handle: 'loyalty', status: 'active', activations: [{target: 'template--1', themeId: 'gid://shopify/OnlineStoreTheme/1'}]},
    {handle: 'coupon', status: 'available', activations: []},
  ]},
]"""


def told(page: Page, name: str) -> list[list[str]]:
    """What App Bridge was asked for, by that name."""
    found: list[list[str]] = page.evaluate(f"told.filter(([name]) => name === '{name}')")
    return found


def fault(page: Page) -> list[str]:
    found: list[str] = page.evaluate("faults")
    return found


def fill(page: Page, name: str, text: str) -> None:
    page.locator(f"#field-{name}").locator("input").fill(text)


def save(page: Page) -> None:
    """As the save bar does."""
    page.evaluate("document.getElementById('settings').requestSubmit()")


def test_links_swap_the_page_with_a_fresh_token_and_the_way_back_works(office: Office, page: Page) -> None:
    office.enter(page)
    page.evaluate("window.stays = true")
    before = office.minted
    page.get_by_role("link", name="Punkte", exact=True).click()
    expect(page.locator("s-page")).to_have_attribute("heading", "Punkte")
    assert page.evaluate("window.stays")
    assert page.title() == "Punkte"
    assert office.minted == before + 1
    assert re.search(r"/admin/widgets/loyalty\?shop=example.myshopify.com&host=YWRtaW4&locale=de", page.url)
    assert page.evaluate("document.activeElement.id") == "page"
    page.go_back()
    expect(page.locator("s-page")).to_have_attribute("heading", "Dankbar")
    assert page.evaluate("window.stays")
    assert page.locator("s-app-nav").count() == 1
    assert fault(page) == []


def test_the_admins_own_navigation_swaps_the_page_too(office: Office, page: Page) -> None:
    office.enter(page)
    page.evaluate("window.stays = true")
    page.evaluate(
        """document.querySelector('s-app-nav s-link[href*="/admin/shop"]').dispatchEvent(
             new CustomEvent('shopify:navigate', {bubbles: true, cancelable: true}))"""
    )
    expect(page.locator("s-page")).to_have_attribute("heading", "Shop")
    assert page.evaluate("window.stays")


def test_who_has_unsaved_work_and_stays_stays(office: Office, page: Page) -> None:
    office.enter(page, "/admin/shop")
    page.evaluate("() => { shopify.saveBar.leaveConfirmation = () => Promise.reject(new Error('stay')); }")
    page.get_by_role("link", name="Übersicht").click()
    page.wait_for_timeout(300)
    expect(page.locator("s-page")).to_have_attribute("heading", "Shop")
    assert fault(page) == []


def test_typing_moves_the_preview_and_stores_nothing(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    fill(page, "points_per_unit", "3")
    expect(page.locator("#says-points_per_unit")).to_contain_text("149 Punkte")
    expect(page.locator("#preview")).to_contain_text("bringt dir 149 Punkte")
    expect(page.locator("#preview")).to_contain_text("149 points")
    assert office.current("loyalty").number == 1
    page.evaluate("document.getElementById('settings').reset()")
    expect(page.locator("#says-points_per_unit")).to_contain_text("49 Punkte")
    expect(page.locator("#preview")).not_to_contain_text("149")
    fill(page, "pending_days", "-4")
    expect(page.locator("#preview-note")).to_have_text("Die Vorschau folgt, sobald alle Werte passen.")
    expect(page.locator("#preview")).to_contain_text("49 Punkte")
    assert fault(page) == []


def test_saving_says_so_and_hides_the_bar(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    fill(page, "pending_days", "3")
    page.locator("#field-enabled").locator("input").click()
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")
    current = office.current("loyalty")
    assert (current.number, getattr(current.value, "enabled", None)) == (2, False)
    assert told(page, "toast") == [["toast", "Gespeichert."]]
    assert told(page, "hide") == [["hide", "settings"]]
    assert page.locator("#field-pending_days").locator("input").input_value() == "3"
    assert page.locator("#field-enabled").locator("input").is_checked() is False
    assert fault(page) == []


def test_what_is_refused_stays_typed_with_the_reason_beside_it(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    fill(page, "pending_days", "4000")
    fill(page, "expiry_months", "6")
    save(page)
    alert = page.get_by_role("alert").filter(has_text="Tage, bis Punkte einlösbar sind")
    expect(alert).to_be_visible()
    expect(page.locator("#field-pending_days").get_by_text("Bitte höchstens 365 eingeben.")).to_be_visible()
    assert page.evaluate("document.activeElement.hasAttribute('data-focus')")
    assert page.locator("#field-pending_days").locator("input").input_value() == "4000"
    assert page.locator("#field-expiry_months").locator("input").input_value() == "6"
    assert told(page, "hide") == []
    assert told(page, "toast") == []
    fill(page, "pending_days", "40")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")
    expect(alert).to_have_count(0)


def test_the_slower_tab_is_told(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    other = page.context.new_page()
    office.enter(other, "/admin/widgets/loyalty")
    fill(page, "pending_days", "3")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")
    fill(other, "pending_days", "21")
    save(other)
    expect(other.get_by_role("alert").filter(has_text="in einem anderen Tab")).to_contain_text("21")
    expect(other.locator("#field-pending_days").locator("input")).to_have_value("3")
    expect(other.locator("#says-pending_days")).to_contain_text("Einlösbar ab")
    fill(other, "pending_days", "21")
    save(other)
    expect(other.locator("input[name=version]")).to_have_value("3")


def test_a_token_that_ran_out_is_renewed_once_and_nobody_notices(office: Office, page: Page) -> None:
    office.enter(page)
    before = office.minted
    office.stale = 1
    page.get_by_role("link", name="Punkte", exact=True).click()
    expect(page.locator("s-page")).to_have_attribute("heading", "Punkte")
    assert office.minted == before + 2
    expect(page.locator("#problem")).to_be_hidden()


def test_what_cannot_be_reached_is_said_and_the_page_stays(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    fill(page, "pending_days", "3")
    office.stale = 99
    save(page)
    expect(page.locator("#problem")).to_be_visible()
    expect(page.locator("#problem")).to_contain_text("Das hat nicht geklappt.")
    assert page.locator("#field-pending_days").locator("input").input_value() == "3"
    office.stale = 0
    page.route("**/admin/widgets/loyalty?*", lambda route: route.abort())
    save(page)
    expect(page.locator("#problem-text")).to_have_text(
        "Die App war nicht zu erreichen. Bitte versuchen Sie es gleich noch einmal."
    )
    page.unroute("**/admin/widgets/loyalty?*")
    save(page)
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("input[name=version]")).to_have_value("2")


def test_where_blocks_stand_is_what_app_bridge_says(office: Office, page: Page) -> None:
    office.enter(page, placed=PLACED)
    states = "document.querySelectorAll('[data-placement]')"
    page.wait_for_function(f"[...{states}].every((row) => row.dataset.state !== 'asking')")
    found = page.evaluate(
        f"Object.fromEntries([...{states}].map((row) => [row.dataset.block || row.dataset.target, row.dataset.state]))"
    )
    assert found["purchase.thank-you.block.render"] == "placed"
    assert found["customer-account.profile.block.render"] == "missing"
    assert found["loyalty"] == "placed"
    assert found.get("coupon", "missing") == "missing"
    assert page.locator("[data-step=placed]").get_attribute("data-state") == "open"


def test_without_an_answer_from_app_bridge_it_is_unknown_where_blocks_stand(
    office: Office, page: Page
) -> None:
    office.enter(page, placed="undefined")
    expect(page.locator("[data-placement][data-state=unknown]").first).to_be_visible()
    assert fault(page) == []


def test_the_next_steps_go_and_come_back(office: Office, page: Page) -> None:
    office.enter(page)
    page.get_by_role("button", name="Schritte ausblenden").click()
    expect(page.locator("[data-step]")).to_have_count(0)
    page.get_by_role("button", name="Nächste Schritte zeigen").click()
    expect(page.locator("[data-step]")).to_have_count(3)


def test_the_ledger_is_looked_up_and_checked_in_place(office: Office, page: Page) -> None:
    office.enter(page, "/admin/ledger")
    page.locator("s-search-field").locator("input").fill("7012345678901")
    page.get_by_role("button", name="Zeigen").click()
    expect(page.locator("s-search-field")).to_contain_text("weder ein Kundenkonto")
    page.get_by_role("button", name="Jetzt prüfen").click()
    expect(page.locator("#proof")).to_contain_text("0 Abweichungen")


def test_a_download_renews_its_token_and_says_what_did_not_work(office: Office, page: Page) -> None:
    office.enter(page, "/admin/ledger")
    office.stale = 1
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Alle Buchungen herunterladen").click()
    assert waiting.value.path().read_bytes().startswith(b"\xef\xbb\xbf")
    page.route("**/admin/ledger/export?*", lambda route: route.abort())
    page.get_by_role("button", name="Alle Buchungen herunterladen").click()
    expect(page.locator("#problem")).to_be_visible()
    assert fault(page) == []


def test_the_page_of_points_leads_to_the_very_setting_of_the_stamp_card(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    page.get_by_role("link", name="Gutschein: ", exact=False).click()
    expect(page.locator("s-page")).to_have_attribute("heading", "Gutschein")
    expect(page.locator("#field-stamp_every")).to_be_in_viewport()
    page.wait_for_function("document.activeElement.id === 'field-stamp_every'")
    assert fault(page) == []


def test_a_preview_can_be_read_and_not_be_used(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/coupon" if "coupon" in widgets.ALL else "/admin/widgets/loyalty")
    page.evaluate(
        """document.querySelector('#preview .dankbar').insertAdjacentHTML('beforeend',
             '<a id="away" href="/away">x</a><form action="/away"><button id="send">x</button></form>')"""
    )
    page.locator("#away").click()
    page.locator("#send").click()
    assert "/away" not in page.url


@pytest.mark.parametrize("path", PATHS)
def test_nothing_moves_nothing_throws_and_nobody_else_is_asked(office: Office, page: Page, path: str) -> None:
    office.enter(page, path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("shift") <= 0.02
    assert fault(page) == []
    assert office.elsewhere == []


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_scrolls_one_way_only(office: Office, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    office.enter(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("locale", ["de", "en"])
def test_axe_finds_nothing(office: Office, page: Page, locale: str) -> None:
    office.enter(page, "/", locale=locale)
    for path in PATHS:
        page.goto(office.address(path, locale=locale))
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document).then(({violations}) => violations)")
        assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == [], path


def test_the_keyboard_reaches_every_field(office: Office, page: Page) -> None:
    office.enter(page, "/admin/widgets/loyalty")
    fields = [f"field-{name}" for name in widgets.SECTIONS["loyalty"].model_fields]
    reached: list[str] = []
    while len(reached) < 4 * len(fields) and fields[-1] not in reached:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(({id, parentElement}) => id || parentElement?.id)(document.activeElement)")
        )
    assert [id for id in dict.fromkeys(reached) if id in fields] == fields


def test_a_permission_that_a_setting_needs_is_asked_for_where_it_is_missing(
    office: Office, page: Page
) -> None:
    office.enter(page, "/admin/widgets/coupon")
    page.locator("#field-in_mails").locator("input").check()
    save(page)
    expect(page.locator("#field-in_mails").locator("input")).to_be_checked()
    page.reload()
    banner = page.locator("s-banner", has_text="Berechtigung")
    expect(banner).to_be_visible()
    banner.get_by_role("button").click()
    expect(banner).to_be_hidden()
    assert told(page, "scopes") == [["scopes", "write_orders"]]
    assert fault(page) == []
