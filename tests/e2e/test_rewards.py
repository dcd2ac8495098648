"""A signed-in shopper redeems points in the shop, uses the code, and has the points back when the order is undone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.walk import CODE, NewWalk, Walk

FIVER = "5 € Rabatt"


@pytest.fixture(autouse=True)
def at_once(sandbox: Sandbox) -> Iterator[None]:
    """Points can be spent at once."""
    sandbox.set("loyalty", pending_days=0)
    yield
    sandbox.set("loyalty", pending_days=14)


def points(walk: Walk) -> Locator:
    """The points on the shop's first page, as they are now."""
    walk.go("/storefront")
    found = walk.page.locator("#dankbar-loyalty")
    expect(found).to_be_visible()
    return found


def with_points(walk: Walk, email: str) -> Locator:
    """Sign in, buy for 158 points (two tea pots and more), and see them in the shop."""
    walk.sign_in(email)
    walk.add("teekanne")
    walk.add("teekanne")
    walk.buy("obstschale", None)
    expect(walk.widgets.get_by_text(re.compile("Diese Bestellung bringt Ihnen 166 Punkte"))).to_be_visible()
    found = points(walk)
    expect(found.locator(".figures .big").first).to_have_text("166")
    return found


def redeem(found: Locator, title: str = FIVER) -> str:
    """Press the reward's button and wait for the code."""
    found.get_by_role("button", name=re.compile(f"Einlösen: {re.escape(title)}")).click()
    code = found.locator(".bought code")
    expect(code).to_be_visible()
    return code.inner_text()


def test_points_become_a_code_a_discount_and_points_again(walk: Walk, email: str) -> None:
    page = walk.page
    walk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    found = with_points(walk, email)
    expect(found).to_contain_text("Das gibt es für Ihre Punkte")
    found.get_by_role("button", name=re.compile(f"Einlösen: {FIVER}")).click()
    expect(found.get_by_role("status")).to_have_text("Geschafft. Hier ist, was Sie eingelöst haben.")
    expect(found.locator(".bought code")).to_be_visible()
    code = found.locator(".bought code").inner_text()
    assert re.fullmatch(CODE, code)
    expect(found.locator(".figures .big").first).to_have_text("66")
    assert page.evaluate("document.activeElement !== document.body"), "the keyboard goes on from here"

    found.get_by_role("button", name="Kopieren").click()
    assert page.evaluate("navigator.clipboard.readText()") == code
    found.get_by_role("link", name="Jetzt einlösen").click()
    walk.add("schneidebrett")
    expect(page.locator(".amounts")).to_contain_text(f"Rabattcode {code}")
    expect(page.locator(".amounts")).to_contain_text("− 5,00 €")
    order = walk.check_out(None)
    expect(walk.widgets.get_by_text(re.compile("Diese Bestellung bringt Ihnen 37 Punkte"))).to_be_visible()
    expect(points(walk)).to_contain_text("Eingelöst. Danke, dass Sie wieder da waren.")

    walk.go(f"/storefront/orders/{order}")
    page.get_by_role("button", name=walk.say("desk.refund_all"), exact=True).click()
    expect(page.get_by_text(walk.say("desk.done"))).to_be_visible()
    for _ in range(20):
        found = points(walk)
        if "Ihre Punkte sind wieder da" in found.inner_text():
            break
        page.wait_for_timeout(300)
    expect(found).to_contain_text("Die Bestellung wurde rückgängig gemacht: Ihre Punkte sind wieder da.")
    expect(found.locator(".figures .big").first).to_have_text("166")
    assert walk.errors == []


def test_the_account_page_has_the_code_and_leads_to_the_shop(walk: Walk, email: str) -> None:
    code = redeem(with_points(walk, email))
    walk.go("/storefront/account")
    expect(walk.widgets.get_by_text(code)).to_be_visible()
    expect(walk.widgets.get_by_role("link", name="Im Shop einlösen").first).to_be_visible()


def test_the_second_of_two_tabs_is_told_so_in_words(walk: Walk, email: str) -> None:
    found = with_points(walk, email)
    tab = walk.context.new_page()
    tab.goto(f"{walk.base}/storefront")
    other = tab.locator("#dankbar-loyalty")
    expect(other).to_be_visible()
    redeem(found)
    other.get_by_role("button", name=re.compile("Einlösen: 5 € Rabatt")).click()
    expect(other.get_by_role("status")).to_have_text("Das kostet 100 Punkte, einlösbar sind 66.")
    expect(other.locator(".figures .big").first).to_have_text("66")
    expect(other.get_by_role("button", name=re.compile("Einlösen: 5 € Rabatt"))).to_have_count(0)


def test_the_keyboard_redeems_and_nobody_is_shut_out(sandbox: Sandbox, new_walk: NewWalk, email: str) -> None:
    walk = new_walk(sandbox.base, sandbox.app)
    walk.page.set_viewport_size({"width": 320, "height": 700})
    found = with_points(walk, email)
    button = found.get_by_role("button", name=re.compile("Einlösen: Kostenloser Versand"))
    button.focus()
    walk.page.keyboard.press("Enter")
    expect(found.locator(".bought code")).to_be_visible()
    assert walk.shut_out() == []
    wide = walk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "nothing stands out of a narrow window"


def test_while_shopify_is_down_the_code_waits_and_comes_by_itself(
    walk: Walk, sandbox: Sandbox, email: str
) -> None:
    found = with_points(walk, email)
    sandbox.switch(api="down")
    found.get_by_role("button", name=re.compile("Einlösen: 5 € Rabatt")).click()
    expect(found).to_contain_text("Ihr Code entsteht gerade. Das dauert einen Moment.")
    sandbox.switch(api="ok")
    expect(found.locator(".bought code")).to_be_visible(timeout=90_000)
