"""The merchant reads what coupons brought, by month: found from home, taken as a file, whole on a telephone."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.test_road import code_shown
from tests.e2e.walk import NewWalk, Walk

LINES = {
    "de": (
        "Monat;Kampagne;Ausgegeben;Eingelöst;Umsatz nach Rabatt (EUR);Kosten (EUR)",
        ";",
        "Üblicher Gutschein",
    ),
    "en": ("Month,Campaign,Given,Used,Revenue after discount (EUR),Cost (EUR)", ",", "Ordinary coupon"),
}
WORDS = {
    "de": ("Gutschein in Zahlen", "Monat für Monat", "Tabelle herunterladen"),
    "en": ("Coupon in figures", "Month by month", "Download the table"),
}


def figures(walk: Walk) -> Locator:
    """Go to the page from home, and return its table."""
    title, heading, _ = WORDS[walk.locale]
    walk.go("/admin")
    walk.admin.get_by_role("link", name=title).click()
    expect(walk.admin.get_by_role("heading", name=title)).to_be_visible()
    return walk.admin.get_by_role("region", name=heading)


def this_month(walk: Walk, table: Locator) -> list[str]:
    """Download the table; return the newest row of the ordinary coupon."""
    titles, separator, ordinary = LINES[walk.locale]
    with walk.page.expect_download() as waiting:
        table.get_by_role("button", name=WORDS[walk.locale][2]).click()
    assert re.fullmatch(r"example-coupon-months-\d{4}-\d\d-\d\d\.csv", waiting.value.suggested_filename)
    lines = waiting.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == titles
    rows = [line.split(separator) for line in lines[1:]]
    return next(row for row in rows if row[1] == ordinary)


@pytest.mark.parametrize("locale", ["de", "en"])
def test_what_a_code_brought_and_cost_is_read_and_taken_along(
    sandbox: Sandbox, new_walk: NewWalk, email: str, locale: str
) -> None:
    shopper = new_walk(sandbox.base, sandbox.app)
    shopper.buy("wollschal", email)
    code = code_shown(shopper)
    merchant = new_walk(sandbox.base, sandbox.app, locale)
    before = this_month(merchant, figures(merchant))
    shopper.add("teekanne")
    shopper.go(f"/discount/{code}?redirect=/cart")
    shopper.check_out(email)
    code_shown(shopper)
    table = figures(merchant)
    after = this_month(merchant, table)
    grown = [_cents(now) - _cents(then) for then, now in zip(before[2:], after[2:], strict=True)]
    assert grown == [100, 100, 5760, 640]  # one given, one used: 64.00 less 6.40
    expect(table).to_contain_text(after[2])
    assert merchant.shut_out() == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_the_figures_without_scrolling_sideways(
    sandbox: Sandbox, new_walk: NewWalk, email: str, width: int
) -> None:
    shopper = new_walk(sandbox.base, sandbox.app)
    shopper.buy("notizbuch", email)
    code_shown(shopper)
    walk = new_walk(sandbox.base, sandbox.app, viewport={"width": width, "height": 700}, has_touch=True)
    walk.go("/admin/apps/dankbar/admin/widgets/coupon/reports")
    expect(walk.admin.locator("s-table-cell").first).to_be_visible()
    for figure in walk.admin.locator("s-table-cell, .numbers dd").all():
        box = figure.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
    assert walk.app_frame().evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert walk.shut_out() == []


def _cents(text: str) -> int:
    return round(float(text.replace(",", ".")) * 100)
