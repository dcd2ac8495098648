"""The app down, slow or talking nonsense; an order nobody ever hears of; no JavaScript; a theme with its own htmx."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.e2e.apps import app_that, failing, garbage, interactive, nobody, shop_before, slow
from tests.e2e.conftest import Sandbox
from tests.e2e.walk import NewWalk, Walk

FAILED = "Dieser Teil ließ sich gerade nicht laden."

App = Callable[[], AbstractContextManager[str]]
BAD_APPS: dict[str, App] = {
    "down": nobody,
    "slow": partial(app_that, slow),
    "failing": partial(app_that, failing),
    "garbage": partial(app_that, garbage),
}


@pytest.mark.parametrize("app", BAD_APPS.values(), ids=BAD_APPS)
def test_the_shop_stays_itself_and_nothing_moves_while_the_app_is(app: App, new_walk: NewWalk) -> None:
    with app() as origin, shop_before(origin) as simulator:
        walk = new_walk(simulator.origin, origin)
        walk.add("teekanne")
        page = walk.go("/storefront")
        block = page.locator("[data-dankbar-block=loyalty]")
        expect(block).to_have_attribute("data-dankbar-state", "empty")
        assert block.locator(":scope > :not(noscript)").count() == 0
        assert walk.shifts() == []
        expect(page).to_have_title(re.compile("Muster & Söhne"))
        walk.go("/storefront/checkout")
        expect(walk.page.get_by_role("button", name="Jetzt kaufen")).to_be_enabled()


@pytest.mark.parametrize("app", BAD_APPS.values(), ids=BAD_APPS)
def test_thank_you_order_and_account_pages_say_one_quiet_sentence_while_the_app_is(
    app: App, new_walk: NewWalk
) -> None:
    with app() as origin, shop_before(origin) as simulator:
        order = max(simulator.shop("example").orders)
        customer = min(simulator.shop("example").customers)
        walk = new_walk(simulator.origin, origin)
        walk.context.request.post(f"{walk.base}/storefront/sign-in", form={"customer": str(customer)})
        pages = [walk.page, walk.context.new_page(), walk.context.new_page()]
        for path in (
            f"/storefront/orders/{order}/thank-you",
            f"/storefront/orders/{order}",
            "/storefront/account",
        ):
            page = pages.pop(0)
            walk.watch(page)
            page.goto(walk.base + path)
            pages.append(page)
        for page in pages:
            widgets = page.frame_locator("iframe[data-extension]")
            expect(widgets.get_by_text(FAILED)).to_be_visible()
            expect(widgets.locator("s-box")).to_have_count(0)
            expect(page.locator("h1")).to_be_visible()
        assert walk.shut_out() == []


def test_an_order_nobody_ever_hears_of_ends_in_a_promise(walk: Walk, sandbox: Sandbox, email: str) -> None:
    sandbox.switch(drop=1)
    walk.buy("einkaufstasche", email)
    expect(walk.widgets.get_by_label("Das Dankeschön wird geladen")).to_be_visible()
    expect(walk.widgets.get_by_text("Es steht dann auf der Bestellseite.")).to_be_visible(timeout=60_000)


def test_without_javascript_the_shop_sells_and_says_where_the_points_are(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, java_script_enabled=False)
    walk.add("wollschal")
    link = walk.page.get_by_role("link", name="Punkte im Kundenkonto ansehen")
    expect(link).to_be_visible()
    order = walk.check_out(email)
    assert int(order) > 0
    walk.go("/storefront/cart")
    link.click()
    expect(walk.page).to_have_url(f"{sandbox.base}/storefront/account")


def test_a_themes_own_htmx_attributes_stay_the_themes(new_walk: NewWalk) -> None:
    with app_that(interactive) as origin, shop_before(origin) as simulator:
        walk = new_walk(simulator.origin, origin)
        page = walk.go("/storefront?theme=loud")
        expect(page.locator(".own[hx-get]")).to_have_count(1)
        assert not any("htmx" in request.url for request in walk.requests), (
            "nothing to be loaded before it is used"
        )
        page.get_by_role("button", name="Weiter").click()
        expect(page.get_by_role("heading", name="Zweiter Stand")).to_be_visible()
        page.locator(".own[hx-get]").dispatch_event("mouseenter")
        page.wait_for_timeout(300)
        asked = [request.url for request in walk.requests]
        assert any("htmx.min.js" in url for url in asked)
        assert not any("own-news" in url for url in asked)
        assert page.evaluate("window.htmx") is None


def test_a_shop_of_quotes_tags_and_emoji_is_written_as_it_is_called(new_walk: NewWalk) -> None:
    name = """O'Leary & "Töchter" <script>alert(1)</script> 🧺"""
    with nobody() as origin, shop_before(origin, name=name) as simulator:
        order = max(simulator.shop("example").orders)
        walk = new_walk(simulator.origin, origin)
        for path in (
            "/",
            "/storefront",
            "/storefront/account",
            f"/storefront/orders/{order}",
            "/admin/orders",
        ):
            page = walk.go(path)
            expect(page.get_by_text(name).first).to_be_visible()
            assert page.locator("script", has_text="alert(1)").count() == 0
