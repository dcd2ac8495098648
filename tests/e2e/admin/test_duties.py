"""The page about personal data in Chromium: a request is handed out and noted, and nobody is shut out of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection

import widgets
from plugin.core import access_log, data_requests, removals
from plugin.core.access_log import Look
from plugin.core.orders import Arrival, Snapshot
from plugin.core.removals import Removed
from plugin.crypto import Keyring
from plugin.pseudonyms import Pseudonyms
from plugin.shops import find_shop
from tests.e2e.admin.office import Office
from tests.e2e.admin.test_admin import AXE, fault
from tests.integration.widgets.stage import CUSTOMER, ORDER, facts

PATH = "/admin/privacy"


@pytest.fixture
def busy(office: Office) -> Office:
    """A shop with an open request, one that is late, one of somebody unknown, looks and removals."""
    now = datetime.now(UTC)

    def work(conn: Connection) -> None:
        shop = find_shop(conn, "example")
        assert shop is not None
        arrival = Arrival(shop.id, ORDER, Snapshot(facts(now)))
        widgets.apply(conn, [arrival], now, Pseudonyms(Keyring(office.config.secret_keys), [shop]))
        for number, customer, days in ((1, CUSTOMER, 3), (2, CUSTOMER, 40), (3, None, 24)):
            at, unknown = now - timedelta(days=days), () if customer else (ORDER + 7,)
            data_requests.record(conn, shop.id, number, customer, (), at, unknown)
        access_log.note(conn, shop.id, 42, Look.STATEMENT, now, customer_id=CUSTOMER)
        access_log.note(conn, shop.id, 7, Look.LEDGER, now - timedelta(days=2))
        removals.note(conn, Removed.WEBHOOKS, {shop.id: 120}, now)
        removals.note(conn, Removed.PEOPLE, {shop.id: 1}, now - timedelta(days=1))

    office.write(work)
    return office


def test_a_request_is_handed_out_and_noted_as_done(busy: Office, page: Page) -> None:
    busy.enter(page)
    expect(page.get_by_text("bis zum").first).to_be_visible()
    page.get_by_role("link", name="Anfragen nach Daten").first.click()
    rows = page.locator("#asked li")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("überfällig seit")
    with page.expect_download() as taken:
        rows.nth(0).locator("s-button", has_text="JSON").click()
    assert json.loads(taken.value.path().read_text("utf-8"))["customers"] == [str(CUSTOMER)]
    with page.expect_download() as taken:
        rows.nth(0).locator("s-button", has_text="Zum Lesen").click()
    assert taken.value.suggested_filename.endswith(".html")
    rows.nth(0).locator("s-button", has_text="Als erledigt vermerken").click()
    expect(page.get_by_role("status")).to_contain_text("Als erledigt vermerkt.")
    expect(rows.nth(2)).to_contain_text("erledigt am")
    assert fault(page) == []
    assert busy.elsewhere == []


@pytest.mark.parametrize(("locale", "width"), [("de", 1200), ("en", 320)])
def test_nobody_is_shut_out_and_nothing_is_wider_than_the_page(
    busy: Office, page: Page, locale: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    busy.enter(page, PATH, locale=locale)
    expect(page.locator("#asked li")).to_have_count(3)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
