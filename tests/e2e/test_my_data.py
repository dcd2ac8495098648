"""The data panel and my data as people use them: on every surface, without JavaScript, with nobody else asked."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Sandbox
from tests.e2e.test_for_everybody import is_wide, nobody_shut_out
from tests.e2e.walk import CODE, NewWalk, Walk

PAGES = "/apps/dankbar/widgets/trust"


def about_data(walk: Walk, email: str) -> Iterator[str]:
    """Walk through every page that speaks of data; yields the name of each when all of it is there."""
    page = walk.page
    walk.go("/storefront")
    block = page.locator("#dankbar-trust")
    expect(block.locator("summary")).to_be_visible()
    yield "block"
    block.locator("summary").click()
    expect(block.locator("dd").last).to_be_visible()
    yield "block, open"
    walk.go(f"{PAGES}/data?locale={walk.locale}")
    expect(page.locator("#dankbar-trust-data .kept").first).to_be_visible()
    yield "panel"
    walk.go(f"{PAGES}/my-data?locale={walk.locale}")
    expect(page.locator("#dankbar-trust-my-data")).to_be_visible()
    yield "my data, signed out"
    walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    walk.widgets.locator("s-summary").click()
    expect(walk.widgets.locator("s-details s-text").last).to_be_visible()
    yield "thank-you"
    walk.sign_in(email)
    walk.go(f"{PAGES}/my-data?locale={walk.locale}")
    expect(page.locator(".leaving button")).to_be_visible()
    yield "my data"
    page.locator(".record summary").first.click()
    expect(page.locator(".record dd").first).to_be_visible()
    yield "my data, open"


def test_no_widget_on_any_surface_asks_anybody_but_the_shop_and_the_app(walk: Walk, email: str) -> None:
    visited = list(about_data(walk, email))
    assert len(visited) == 7
    order = walk.buy("notizbuch", None)
    walk.go(f"/storefront/orders/{order}")
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    for path in ("/storefront/account", "/storefront/products/teekanne", "/storefront/cart", "/storefront"):
        walk.go(path)
        walk.page.wait_for_load_state("networkidle")
    for path in ("loyalty/statement", "trust/data", "trust/my-data"):
        walk.go(f"/apps/dankbar/widgets/{path}")
    assert walk.strangers() == []
    assert any("/ext/orders/" in request.url for request in walk.requests)
    assert any("/apps/dankbar/widgets?" in request.url for request in walk.requests)


@pytest.mark.parametrize("theme", ["light", "dark", "loud"])
def test_what_speaks_of_data_shuts_nobody_out(walk: Walk, email: str, theme: str) -> None:
    walk.go(f"/storefront?theme={theme}")
    nobody_shut_out(walk, about_data(walk, email))


def test_what_speaks_of_data_shuts_nobody_out_in_english_or_on_a_small_phone(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    small = {"width": 320, "height": 640}
    walk = new_walk(sandbox.base, sandbox.app, "en", viewport=small, has_touch=True)
    found = [(name, walk.shut_out(), is_wide(walk)) for name in about_data(walk, email)]
    assert [one for one in found if one[1] or one[2]] == []


def test_a_shopper_takes_their_data_along_and_has_it_erased_without_javascript(
    walk: Walk, sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    order = walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    plain = new_walk(sandbox.base, sandbox.app, java_script_enabled=False)
    plain.sign_in(email)
    page = plain.go(f"{PAGES}/my-data?locale=de")
    expect(page.locator("#dankbar-trust-my-data")).to_contain_text(order)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Als Datei herunterladen").click()
    record = json.loads(taken.value.path().read_text("utf-8"))
    assert order in json.dumps(record)
    button = page.get_by_role("button", name="Meine Daten löschen")
    button.click()
    assert page.get_by_role("checkbox").evaluate("(box) => !box.checkValidity()")
    page.get_by_role("checkbox").check()
    button.click()
    expect(page.locator("#dankbar-trust-my-data")).to_contain_text("gelöscht")
    expect(page.locator(".leaving")).to_have_count(0)
    for _ in range(100):
        plain.go(f"{PAGES}/my-data?locale=de")
        if page.get_by_text("Ihre Daten sind gelöscht.").count():
            break
        page.wait_for_timeout(100)
    expect(page.get_by_text("Ihre Daten sind gelöscht.")).to_be_visible()
    assert order not in page.content()
    walk.go(f"/storefront/orders/{order}/thank-you?again")
    expect(walk.widgets.locator("s-paragraph").first).to_be_visible()
    assert not walk.widgets.get_by_text(re.compile(CODE)).count()


def test_what_shopify_asks_for_somebody_reaches_the_merchant_and_the_erasure_is_done(
    walk: Walk, email: str
) -> None:
    order = walk.buy("teekanne", email)
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    walk.go(f"/storefront/orders/{order}")
    walk.page.get_by_role("button", name=walk.say("desk.ask_data")).click()
    expect(walk.page.get_by_text(walk.say("desk.done"))).to_be_visible()
    for _ in range(100):
        walk.go("/admin/apps/dankbar/admin/privacy")
        expect(walk.admin.locator("#asked")).to_be_visible()
        if walk.admin.locator("#asked li", has_text=order).count():
            break
    expect(walk.admin.locator("#asked li", has_text=order)).to_contain_text("fällig am")
    walk.go(f"/storefront/orders/{order}")
    walk.page.get_by_role("button", name=walk.say("desk.redact")).click()
    for _ in range(100):
        walk.go("/admin/apps/dankbar/admin/privacy")
        expect(walk.admin.locator("#asked")).to_be_visible()
        if not walk.admin.locator("#asked li", has_text=order).count():
            break
    expect(walk.admin.locator("#asked")).not_to_contain_text(order)
    expect(walk.admin.locator("#asked")).to_contain_text("Jemand, der inzwischen gelöscht wurde")


def test_the_merchants_page_about_data_shuts_nobody_out(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    for locale, colours in (("de", "light"), ("en", "dark")):
        walk = new_walk(sandbox.base, sandbox.app, locale, color_scheme=colours)
        walk.go("/admin/apps/dankbar/admin/privacy")
        expect(walk.admin.locator("#asked")).to_be_visible()
        assert walk.shut_out() == []
