"""The admin in its frame: navigation, save bar, errors at their field, two tabs, tokens that grow old, blocks."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from sandbox import tokens
from tests.e2e.conftest import Sandbox
from tests.e2e.desk import open_section, save
from tests.e2e.walk import NewWalk, Walk


def test_the_apps_links_stand_in_the_admins_navigation(walk: Walk) -> None:
    page = walk.page
    walk.go("/admin")
    page.locator("#app-nav").get_by_role("link", name="Punkte", exact=True).click()
    expect(walk.admin.get_by_role("heading", name="Punkte", level=1)).to_be_visible()
    expect(page).to_have_url(f"{walk.base}/admin/apps/dankbar/admin/widgets/loyalty")
    expect(page.locator("#app-nav [aria-current]")).to_have_text("Punkte")
    page.reload()
    expect(walk.admin.get_by_role("heading", name="Punkte", level=1)).to_be_visible()


def test_a_wrong_value_is_told_at_its_field_and_the_bar_stays(walk: Walk) -> None:
    open_section(walk, "loyalty")
    field = walk.admin.locator("s-number-field[name=pending_days]")
    field.locator("input").fill("-3")
    walk.page.get_by_role("button", name="Speichern").click()
    expect(field.locator("[part=error]")).not_to_be_empty()
    expect(walk.page.locator("#save-bar")).to_be_visible()
    expect(walk.admin.get_by_role("alert").first).to_be_visible()
    assert walk.shut_out() == []
    field.locator("input").fill("21")
    save(walk)
    open_section(walk, "loyalty")
    expect(field.locator("input")).to_have_value("21")
    field.locator("input").fill("14")
    save(walk)


def test_a_fixed_amount_is_typed_as_money_and_is_what_the_coupon_says(
    walk: Walk, sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    share = walk.admin.locator("s-number-field[name=value] input")
    amount = walk.admin.locator("s-money-field[name=value] input")
    kind = walk.admin.locator("s-select[name=kind] select")
    least = walk.admin.locator("s-money-field[name=minimum_subtotal] input")
    open_section(walk, "coupon")
    expect(amount).to_be_hidden()
    kind.select_option("amount")
    expect(share).to_be_hidden()
    amount.fill("4.50")
    least.fill("20.00")
    expect(walk.admin.locator("#preview")).to_contain_text("4,50 € auf Ihre nächste Bestellung")
    assert walk.shut_out() == []
    save(walk)
    try:
        shopper = new_walk(sandbox.base, sandbox.app)
        shopper.buy("wollschal", email)
        expect(shopper.widgets.get_by_text("4,50 € auf Ihre nächste Bestellung")).to_be_visible()
    finally:
        open_section(walk, "coupon")
        kind.select_option("percentage")
        share.fill("10")
        least.fill("0")
        save(walk)


def test_what_is_not_saved_is_not_lost_without_asking(walk: Walk) -> None:
    open_section(walk, "coupon")
    value = walk.admin.locator("s-number-field[name=valid_days] input")
    value.fill("45")
    expect(walk.page.locator("#save-bar")).to_be_visible()
    walk.page.locator("#app-nav").get_by_role("link", name="Punkte", exact=True).click()
    walk.page.get_by_role("dialog").get_by_role("button", name="Bleiben").click()
    expect(value).to_have_value("45")
    walk.page.get_by_role("button", name="Verwerfen").click()
    expect(value).to_have_value("30")
    expect(walk.page.locator("#save-bar")).to_be_hidden()


def test_a_second_tab_that_is_behind_is_told_and_loses_nothing_silently(
    sandbox: Sandbox, new_walk: NewWalk
) -> None:
    first, second = new_walk(sandbox.base, sandbox.app), new_walk(sandbox.base, sandbox.app)
    field = "s-number-field[name=valid_days] input"
    open_section(first, "coupon")
    open_section(second, "coupon")
    first.admin.locator(field).fill("60")
    save(first)
    second.admin.locator(field).fill("90")
    second.page.get_by_role("button", name="Speichern").click()
    expect(second.admin.get_by_role("alert").first).to_contain_text("90")
    expect(second.admin.locator(field)).to_have_value("60")
    first.admin.locator(field).fill("30")
    save(first)


def test_a_reward_is_added_and_taken_away_again_by_hand(walk: Walk) -> None:
    open_section(walk, "loyalty")
    rows = walk.admin.locator("#entries-rewards > [data-row]")
    before = rows.count()
    walk.admin.get_by_role("button", name="Eintrag hinzufügen: Prämien").click()
    expect(walk.page.locator("#save-bar")).to_be_visible()
    expect(rows).to_have_count(before + 1)
    row = rows.nth(before)
    row.locator("[name$='.title'] input").fill("5 € für Treue")
    row.locator("[name$='.cost'] input").fill("0")
    row.locator("[name$='.value']:not([disabled]) input").fill("5")
    walk.page.get_by_role("button", name="Speichern").click()
    expect(row.locator("[name$='.cost'] [part=error]")).to_have_text("Bitte mindestens 1 eingeben.")
    assert walk.shut_out() == []
    row.locator("[name$='.cost'] input").fill("200")
    save(walk)
    open_section(walk, "loyalty")
    expect(row.locator("summary")).to_have_text("5 € für Treue")
    row.locator("summary").click()
    row.get_by_role("button", name="Entfernen: 5 € für Treue").click()
    expect(walk.page.locator("#save-bar")).to_be_visible()
    walk.page.get_by_role("button", name="Verwerfen").click()
    expect(rows).to_have_count(before + 1)
    expect(walk.page.locator("#save-bar")).to_be_hidden()
    row.locator("summary").click()
    row.get_by_role("button", name="Entfernen: 5 € für Treue").click()
    save(walk)
    expect(rows).to_have_count(before)


def test_a_token_grown_old_during_a_long_visit_is_renewed_unnoticed(walk: Walk, sandbox: Sandbox) -> None:
    open_section(walk, "loyalty")
    given = 0

    def once_too_old(route: Route) -> None:
        nonlocal given
        given += 1
        if given > 1:
            route.continue_()
            return
        keys = dict(line.split("=", 1) for line in (sandbox.data / "sandbox.env").read_text().splitlines())
        old = tokens.admin_token(
            keys["SHOPIFY_API_SECRET"],
            client_id=keys["SHOPIFY_API_KEY"],
            shop_domain="example.myshopify.com",
            user_id=1,
            now=datetime.now(UTC) - timedelta(hours=1),
        )
        route.fulfill(json={"token": old})

    walk.page.route("**/sandbox/tokens/admin", once_too_old)
    walk.page.locator("#app-nav").get_by_role("link", name="Gutschein", exact=True).click()
    expect(walk.admin.get_by_role("heading", name="Gutschein", level=1)).to_be_visible()
    assert given == 2


def test_a_document_without_a_token_brings_itself_one(walk: Walk) -> None:
    walk.go("/admin")
    frame = walk.page.locator("iframe#app")
    url = urlsplit(frame.get_attribute("src") or "")
    kept = "&".join(f"{key}={parse_qs(url.query)[key][0]}" for key in ("shop", "host", "embedded", "locale"))
    frame.evaluate("(node, src) => (node.src = src)", f"{walk.app}/admin/ledger?{kept}")
    expect(walk.admin.locator("#look-up")).to_be_visible()


def test_a_block_taken_away_is_missed_and_put_back_by_the_apps_own_link(walk: Walk) -> None:
    page = walk.page
    row = walk.admin.locator("[data-placement][data-block=loyalty]")
    place_points(walk)
    walk.go("/storefront")
    expect(page.locator("[data-dankbar-block=loyalty]")).to_have_count(0)
    try:
        walk.go("/admin")
        expect(row).to_have_attribute("data-state", "missing")
        row.get_by_role("link").click()
        expect(page).to_have_url(re.compile(r"/admin/themes/current/editor\?"))
        expect(page.get_by_text("Die App möchte den Baustein „Punkte“ hinzufügen.")).to_be_visible()
        expect(page.get_by_role("group", name="Punkte").get_by_label("Startseite")).to_be_checked()
    finally:
        place_points(walk, "Startseite", "Warenkorb")
    walk.go("/admin")
    expect(row).to_have_attribute("data-state", "placed")


def place_points(walk: Walk, *places: str) -> None:
    """Have the points stand on these pages of the shop and no others."""
    walk.go("/admin/themes/current/editor")
    for box in walk.page.get_by_role("group", name="Punkte").get_by_role("checkbox").all():
        box.set_checked(box.evaluate("(box) => box.parentElement.textContent.trim()") in places)
    walk.page.get_by_role("button", name="Speichern").click()
    expect(walk.page.get_by_text(walk.say("editor.saved"))).to_be_visible()


def test_the_editor_shows_the_thank_you_page_with_a_sample(walk: Walk) -> None:
    walk.go("/admin/themes/current/editor?preview")
    expect(walk.widgets.get_by_text("DANKE-7K2M-9QXP")).to_be_visible()
    assert not any("/ext/" in request.url for request in walk.requests)
