"""Staff at the desk: somebody's points are found by an order's name, corrected by hand, and explained to the shopper."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Sandbox
from tests.e2e.walk import NewWalk, Walk


def bought(walk: Walk, email: str) -> str:
    """Buy as somebody signed in, and return the order's name; its points have arrived."""
    walk.sign_in(email)
    order = walk.buy("teekanne", None)
    expect(walk.widgets.get_by_text("+64").or_(walk.widgets.get_by_text("64 Punkte")).first).to_be_visible()
    walk.go(f"/storefront/orders/{order}")
    name = re.search(r"#\d+", walk.page.locator("h1").inner_text())
    assert name is not None
    return name[0]


def look_up(walk: Walk, asked: str) -> None:
    walk.go("/admin/apps/dankbar/admin/ledger")
    walk.admin.locator("#look-up s-search-field input").fill(asked)
    walk.admin.locator("#look-up s-search-field input").press("Enter")


def fill_in(walk: Walk, points: str, reason: str) -> None:
    walk.admin.locator("#adjust-points input").fill(points)
    walk.admin.locator("#adjust-reason textarea").fill(reason)


def test_points_are_given_by_hand_and_the_shopper_reads_why(walk: Walk, email: str) -> None:
    name = bought(walk, email)
    look_up(walk, name)
    expect(walk.admin.locator("#statement").get_by_text("64 unterwegs")).to_be_visible()
    fill_in(walk, "50", "Entschuldigung für die späte Lieferung")
    walk.admin.locator("#adjust-told").get_by_role("checkbox").check()
    walk.admin.get_by_role("button", name="Weiter").click()
    asking = walk.admin.get_by_role("group", name="Bitte bestätigen")
    expect(asking).to_contain_text("aus 0 einlösbaren werden 50")
    expect(asking).to_be_focused()
    assert walk.shut_out() == []
    walk.admin.get_by_role("button", name="Ändern").click()
    walk.admin.locator("#adjust-points input").fill("30")
    walk.admin.get_by_role("button", name="Weiter").click()
    walk.admin.get_by_role("button", name="Buchen").click()
    statement = walk.admin.locator("#statement")
    expect(statement.get_by_text("„Entschuldigung für die späte Lieferung“, von Ihnen")).to_be_visible()
    expect(statement.get_by_text("(im Kundenkonto lesbar)")).to_be_visible()
    expect(walk.page.locator("#toasts")).to_contain_text("Gebucht.")
    assert walk.shut_out() == []
    walk.go("/storefront")
    expect(
        walk.page.get_by_text("Von uns berichtigt: Entschuldigung für die späte Lieferung")
    ).to_be_visible()


def test_the_entries_are_downloaded_with_the_token_that_a_link_would_lack(walk: Walk, email: str) -> None:
    look_up(walk, bought(walk, email))
    with walk.page.expect_download() as waiting:
        walk.admin.get_by_role("button", name="Diese Buchungen herunterladen").click()
    download = waiting.value
    assert re.fullmatch(r"example-\d{4}-\d{2}-\d{2}\.csv", download.suggested_filename)
    lines = download.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("Buchung;Konto;Kundennummer;Bestellung;Art;Punkte;")
    assert [line.split(";")[4:6] for line in lines[1:]] == [["accrual", "64"]]
    with walk.page.expect_download() as waiting:
        walk.admin.get_by_role("button", name="Alle Buchungen herunterladen").click()
    assert len(waiting.value.path().read_text("utf-8-sig").splitlines()) >= len(lines)


def test_more_than_there_is_cannot_be_taken(walk: Walk, email: str) -> None:
    look_up(walk, bought(walk, email))
    fill_in(walk, "-1", "Zu viel gegeben")
    walk.admin.get_by_role("button", name="Weiter").click()
    wrong = walk.admin.locator("#adjust-points [part=error]")
    expect(wrong).to_have_text("Einlösbar sind nur 0 Punkte; mehr lässt sich nicht abziehen.")
    expect(walk.admin.locator("#adjust-reason textarea")).to_have_value("Zu viel gegeben")
    assert walk.shut_out() == []


def test_nobody_is_shut_out_of_a_statement_in_english(
    sandbox: Sandbox, new_walk: NewWalk, walk: Walk, email: str
) -> None:
    name = bought(walk, email)
    english = new_walk(sandbox.base, sandbox.app, "en")
    look_up(english, name)
    fill_in(english, "5", "A late parcel")
    assert english.shut_out() == []
    english.admin.get_by_role("button", name="Continue").click()
    expect(english.admin.get_by_role("group", name="Please confirm")).to_be_focused()
    assert english.shut_out() == []


def test_while_shopify_is_down_a_name_is_answered_in_a_sentence(
    walk: Walk, sandbox: Sandbox, email: str
) -> None:
    name = bought(walk, email)
    sandbox.switch(api="down")
    look_up(walk, name)
    expect(walk.admin.get_by_text("Shopify antwortet gerade nicht")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_a_statement_without_scrolling_sideways(
    sandbox: Sandbox, new_walk: NewWalk, email: str, width: int
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, viewport={"width": width, "height": 700}, has_touch=True)
    look_up(walk, bought(walk, email))
    expect(walk.admin.locator("#adjust")).to_be_visible()
    points = walk.admin.locator("s-table-cell", has_text="+64").first
    box = points.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width, "the figures are in sight, too"
    assert walk.shut_out() == []
    frame = walk.app_frame()
    assert frame.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
