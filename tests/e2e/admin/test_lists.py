"""Lists of entries in Chromium: rows come and go by keyboard too, each names itself, and nothing typed is lost."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import stall
from tests.e2e.admin.office import Office
from tests.e2e.admin.test_admin import AXE, fault, fill, save, told
from tests.stall import StallSettings

PATH = "/admin/widgets/stall"


@pytest.fixture(autouse=True)
def _stall(monkeypatch: pytest.MonkeyPatch) -> None:
    stall.put_up(monkeypatch)


def offers(page: Page) -> Locator:
    return page.locator("#field-offers > .entries > [data-row]")


def add(page: Page, title: str, cost: str) -> Locator:
    """Add an offer as a merchant does, and return its row."""
    before = offers(page).count()
    page.get_by_role("button", name="Eintrag hinzufügen: Offers").click()
    expect(offers(page)).to_have_count(before + 1)
    row = offers(page).last
    row.locator("[name$='.title'] input").fill(title)
    row.locator("[name$='.cost'] input").fill(cost)
    return row


def value(row: Locator) -> Locator:
    return row.locator("[name$='.value']:not([disabled]) input")


def stored(office: Office) -> StallSettings:
    found = office.current("stall").value
    assert isinstance(found, StallSettings)
    return found


def two(office: Office, page: Page) -> None:
    """A stall with two offers, saved; the page shows them."""
    office.enter(page, PATH)
    value(add(page, "Spring", "500")).fill("12.50")
    value(add(page, "Autumn", "200")).fill("2")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")


def test_a_merchant_fills_in_an_entry_and_never_types_an_id(office: Office, page: Page) -> None:
    two(office, page)
    spring, autumn = stored(office).offers
    assert (spring.title, spring.cost, spring.value) == ("Spring", 500, 1250)
    assert spring.id.startswith("spring-")
    assert spring.id != autumn.id
    expect(offers(page).locator("summary")).to_have_text(["Spring", "Autumn"])
    expect(offers(page).locator("details[open]")).to_have_count(0)
    assert told(page, "hide") == [["hide", "settings"]]
    assert fault(page) == []


def test_the_preview_and_the_notes_follow_what_is_typed_added_and_removed(office: Office, page: Page) -> None:
    two(office, page)
    expect(page.locator("#preview")).to_contain_text("Spring, Autumn")
    offers(page).first.locator("summary").click()
    offers(page).first.locator("[name$='.cost'] input").fill("750")
    expect(page.locator("#note-offers-0-cost")).to_have_text("= 750 for Spring")
    add(page, "Winter", "9")
    expect(page.locator("#preview")).to_contain_text("Spring, Autumn, Winter")
    expect(offers(page).last.locator("[id^=note-][id$=-cost]")).to_have_text("= 9 for Winter")
    page.get_by_role("button", name="Entfernen: Spring").click()
    expect(page.locator("#preview")).not_to_contain_text("Spring")
    assert office.current("stall").number == 2


def test_adding_and_removing_is_what_the_save_bar_hears_of(office: Office, page: Page) -> None:
    two(office, page)
    page.evaluate("""() => { window.heard = []; document.addEventListener('change', ({target}) =>
        window.heard.push([target.name, target.form?.id, target.value !== target.defaultValue]), true); }""")
    page.get_by_role("button", name="Eintrag hinzufügen: Offers").click()
    expect(offers(page)).to_have_count(3)
    offers(page).first.locator("summary").click()
    page.get_by_role("button", name="Entfernen: Spring").click()
    assert page.evaluate("heard") == [["offers", "settings", True], ["offers", "settings", True]]


def test_the_keyboard_alone_adds_fills_in_and_removes(office: Office, page: Page) -> None:
    two(office, page)
    button = page.get_by_role("button", name="Eintrag hinzufügen: Offers")
    button.focus()
    page.keyboard.press("Enter")
    expect(offers(page)).to_have_count(3)
    page.wait_for_function("document.activeElement.getAttribute('name')?.endsWith('.title')")
    page.keyboard.type("Winter")
    expect(offers(page).last.locator("summary")).to_have_text("Winter")
    page.keyboard.press("Tab")
    page.keyboard.type("9")
    offers(page).first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(offers(page).first.locator("details")).to_have_attribute("open", "")
    page.get_by_role("button", name="Entfernen: Spring").focus()
    page.keyboard.press("Enter")
    expect(offers(page)).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="Entfernt: Spring")).to_have_count(1)
    assert page.evaluate("document.activeElement.textContent") == "Autumn"
    offers(page).first.locator("summary").press("Enter")
    page.get_by_role("button", name="Entfernen: Autumn").click()
    page.get_by_role("button", name="Entfernen: Neuer Eintrag").click()
    assert page.evaluate("document.activeElement.hasAttribute('data-add')")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("3")
    assert stored(office).offers == ()


def test_discarding_brings_back_what_was_removed_and_takes_away_what_was_added(
    office: Office, page: Page
) -> None:
    two(office, page)
    offers(page).first.locator("summary").click()
    page.get_by_role("button", name="Entfernen: Spring").click()
    add(page, "Winter", "9")
    page.evaluate("document.getElementById('settings').reset()")
    expect(offers(page).locator("summary")).to_have_text(["Spring", "Autumn"])
    expect(page.locator("#preview")).to_contain_text("Spring, Autumn")
    expect(page.locator("#preview")).not_to_contain_text("Winter")


def test_discarding_after_a_refusal_shows_what_is_stored(office: Office, page: Page) -> None:
    two(office, page)
    fill(page, "rate", "-1")
    save(page)
    expect(page.get_by_role("alert").filter(has_text="Rate")).to_be_visible()
    page.evaluate("document.getElementById('settings').reset()")
    expect(page.get_by_role("alert").filter(has_text="Rate")).to_have_count(0)
    expect(page.locator("#field-rate").locator("input")).to_have_value("1.5")


def test_what_is_wrong_in_a_closed_entry_is_opened_and_led_to(office: Office, page: Page) -> None:
    two(office, page)
    offers(page).last.locator("summary").click()
    offers(page).last.locator("[name$='.cost'] input").fill("0")
    offers(page).last.locator("summary").click()
    save(page)
    place = page.locator("#field-offers-1-cost")
    expect(place.get_by_text("Bitte mindestens 1 eingeben.")).to_be_visible()
    offers(page).last.locator("summary").click()
    expect(place).to_be_hidden()
    page.get_by_role("link", name="Offers, Autumn: Cost").click()
    expect(place).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "field-offers-1-cost"
    assert place.locator("input").input_value() == "0"


def test_a_choice_asks_for_what_it_needs_and_nothing_else_is_sent(office: Office, page: Page) -> None:
    two(office, page)
    row = offers(page).first
    row.locator("summary").click()
    expect(row.locator("s-money-field[name$='.value']")).to_be_visible()
    row.locator("[name$='.kind'] select").select_option("percentage")
    expect(row.locator("s-money-field[name$='.value']")).to_be_hidden()
    expect(row.locator("s-number-field[name$='.value']")).to_be_visible()
    value(row).fill("15")
    row.locator("[name$='.kind'] select").select_option("shipping")
    expect(value(row)).to_have_count(0)
    row.locator("[name$='.kind'] select").select_option("percentage")
    page.locator("#field-kind select").select_option("amount")
    page.locator("#field-value--amount input").fill("3")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("3")
    found = stored(office)
    assert (found.value, found.offers[0].kind, found.offers[0].value) == (300, "percentage", 15)
    page.locator("#field-kind select").select_option("percentage")
    page.evaluate("document.getElementById('settings').reset()")
    expect(page.locator("#field-value--amount")).to_be_visible()
    expect(page.locator("#field-value--percentage")).to_be_hidden()


def test_the_slower_tab_is_told_which_entries_it_had_changed(office: Office, page: Page) -> None:
    two(office, page)
    other = page.context.new_page()
    office.enter(other, PATH)
    fill(page, "rate", "2")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("3")
    add(other, "Winter", "9")
    save(other)
    alert = other.get_by_role("alert").filter(has_text="in einem anderen Tab")
    expect(alert).to_contain_text("Offers, Winter: Cost: 9")
    expect(offers(other).locator("summary")).to_have_text(["Spring", "Autumn"])
    add(other, "Winter", "9")
    save(other)
    expect(other.locator("input[name=version]")).to_have_value("4")


def test_dates_and_pairs_have_inputs_of_their_own(office: Office, page: Page) -> None:
    office.enter(page, PATH)
    page.get_by_role("button", name="Eintrag hinzufügen: Closed on").click()
    page.locator("#entries-closed input[type=date]").fill("2026-12-24")
    page.get_by_role("button", name="Eintrag hinzufügen: Closed on").click()
    expect(page.locator("#entries-closed [data-row]")).to_have_count(2)
    page.get_by_role("group", name="Days").get_by_label("Bis", exact=True).fill("4")
    fill(page, "tags", "red, blue")
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")
    found = stored(office)
    assert json.loads(found.model_dump_json(include={"closed", "days", "tags"})) == {
        "closed": ["2026-12-24"],
        "days": [1, 4],
        "tags": ["red", "blue"],
    }
    expect(page.locator("#entries-closed [data-row]")).to_have_count(1)


def test_an_answer_that_does_not_come_leaves_the_list_as_it_is(office: Office, page: Page) -> None:
    two(office, page)
    page.route("**/rows/offers?*", lambda route: route.abort())
    page.get_by_role("button", name="Eintrag hinzufügen: Offers").click()
    expect(page.locator("#problem")).to_be_visible()
    expect(offers(page)).to_have_count(2)


@pytest.mark.parametrize("locale", ["de", "en"])
def test_axe_finds_nothing_in_entries_open_closed_and_refused(
    office: Office, page: Page, locale: str
) -> None:
    two(office, page)
    page.goto(office.address(PATH, locale=locale))
    for refused in (False, True):
        if refused:
            offers(page).last.locator("[name$='.cost'] input").fill("0")
            save(page)
            expect(page.locator("[data-typed]")).to_have_count(1)
        else:
            offers(page).last.locator("summary").click()
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document).then(({violations}) => violations)")
        assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_one_way_only(office: Office, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    two(office, page)
    offers(page).last.locator("summary").click()
    page.get_by_role("button", name="Eintrag hinzufügen: Closed on").click()
    expect(page.locator("#entries-closed [data-row]")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
