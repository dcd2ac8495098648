"""What a page costs whoever visits it: nothing moves, nobody else is asked, little is loaded, nothing is remembered."""

import gzip
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Sandbox
from tests.e2e.test_road import code_shown
from tests.e2e.walk import CODE, NewWalk, Walk

REACHED = """async (distance) => {
  const there = scrollY;
  if (distance > 0 ? !there && document.documentElement.scrollHeight > innerHeight : there) return false;
  for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
  return scrollY === there;
}"""
"""The page came to rest at its end, or at its beginning again, and what that brings has been painted."""

SIZES = [{"width": 1200, "height": 900}, {"width": 360, "height": 740}]


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark", "loud"])
def test_nothing_moves_on_the_storefront(
    sandbox: Sandbox, new_walk: NewWalk, email: str, size: dict[str, int], theme: str
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, viewport=size)
    walk.go(f"/storefront?theme={theme}")
    walk.add("teekanne")
    for signed_in in (False, True):
        if signed_in:
            walk.check_out(email)
            code_shown(walk)
            walk.sign_in(email)
            walk.add("teekanne")
        for path in ("/storefront", "/storefront/products/teekanne", "/storefront/cart"):
            page = walk.go(path)
            page.wait_for_function(
                "[...document.querySelectorAll('[data-dankbar-block]')].every("
                "(one) => /shown|empty/.test(one.dataset.dankbarState))"
            )
            for distance in (4000, -4000):
                page.mouse.wheel(0, distance)
                page.wait_for_function(REACHED, arg=distance)
            assert walk.shifts() == [], path


def test_nothing_moves_in_the_admin(walk: Walk) -> None:
    for path in ("/admin", "/admin/apps/dankbar/admin/widgets/coupon"):
        walk.go(path)
        expect(walk.admin.locator("#page")).to_be_visible()
        walk.page.wait_for_load_state("networkidle")
        assert sum(shift["value"] for shift in walk.shifts(walk.app_frame())) <= 0.02


def test_a_storefront_page_loads_two_kilobytes_of_our_script_and_asks_once(walk: Walk) -> None:
    page = walk.go("/storefront")
    expect(page.locator("#dankbar-loyalty")).to_be_visible()
    page.wait_for_load_state("networkidle")
    ours = {request.url for request in walk.requests if re.search(r"/theme/assets/.*[.]js", request.url)}
    assert 0 < sum(len(gzip.compress(page.request.get(url).body(), 9)) for url in ours) <= 2048
    asked = [request.url for request in walk.requests if "/apps/dankbar/" in request.url]
    assert len(asked) == 1
    assert page.locator("head script[src*=theme]").count() == 0, "none of it blocks"


def test_a_storefront_speaks_to_the_shop_alone_and_the_app_sets_no_cookie(walk: Walk, email: str) -> None:
    walk.add("teekanne")
    walk.go("/storefront/cart")
    expect(walk.page.locator("#dankbar-loyalty")).to_be_visible()
    assert [request.url for request in walk.requests if request.url.startswith(walk.app)] == []
    walk.check_out(email)
    expect(walk.widgets.get_by_text(re.compile(CODE))).to_be_visible()
    walk.go("/admin")
    expect(walk.admin.locator("#page")).to_be_visible()
    assert [cookie["name"] for cookie in walk.context.cookies()] == ["sandbox_visit"]
    kept = "[localStorage.length, sessionStorage.length]"
    assert walk.page.evaluate(kept) == [0, 0]
    assert walk.app_frame().evaluate(kept) == [0, 0]


def test_what_the_visitor_carries_stays_in_the_shop(walk: Walk, email: str) -> None:
    """The proxy strips the shop's cookies: nothing of a visit reaches the app but what Shopify signs."""
    walk.sign_in(email)
    page = walk.go("/storefront")
    expect(page.locator("#dankbar-loyalty")).to_be_visible()
    answer = page.request.get(f"{walk.base}/apps/dankbar/widgets/loyalty?logged_in_customer_id=1")
    assert answer.status == 401, "a customer of one's own choosing is refused by the app"
    assert "set-cookie" not in answer.headers
