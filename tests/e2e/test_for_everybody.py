"""Nobody is shut out: axe on every page and fragment, a phone of 320 px, the keyboard alone, no motion."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.desk import choose, open_section
from tests.e2e.walk import CODE, NewWalk, Walk

SECTIONS = ("coupon", "delivery", "loyalty", "trust", "shop")


def shopping(walk: Walk, email: str) -> Iterator[str]:
    """Walk through every page a shopper sees; yields the name of each when all of it is there."""
    page = walk.page
    blocks = page.locator("[data-dankbar-block=loyalty][data-dankbar-state]:not([data-dankbar-state=asked])")
    for path in ("/", "/storefront/account"):
        walk.go(path)
        yield path
    walk.add("teekanne")
    for path in (
        "/storefront",
        "/storefront/cart",
        "/storefront/products/nichts",
        "/storefront/products/teekanne",
    ):
        walk.go(path)
        if path in {"/storefront", "/storefront/cart"}:
            expect(blocks).to_have_count(1)
        yield path
    walk.go("/storefront/checkout")
    yield "/storefront/checkout"
    order = walk.check_out(email)
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    yield "thank-you"
    walk.go(f"/storefront/orders/{order}")
    expect(walk.widgets.get_by_text(re.compile(CODE)).first).to_be_visible()
    yield "order"
    walk.sign_in(email)
    expect(walk.widgets.get_by_text("+64").first).to_be_visible()
    yield "account"
    walk.go("/storefront")
    expect(page.locator("#dankbar-loyalty .figures")).to_be_visible()
    yield "/storefront, signed in"


def at_the_desk(walk: Walk) -> Iterator[str]:
    """Walk through every page a merchant sees."""
    for path in ("/admin/orders", "/admin/themes/current/editor"):
        walk.go(path)
        yield path
    walk.go("/admin")
    expect(walk.admin.locator("[data-placement][data-state=placed]").first).to_be_visible()
    yield "/admin"
    for section in SECTIONS:
        open_section(walk, section)
        yield section
    walk.go("/admin/apps/dankbar/admin/ledger")
    expect(walk.admin.locator("#look-up")).to_be_visible()
    yield "ledger"


def nobody_shut_out(walk: Walk, way: Iterator[str]) -> None:
    """Look at every page on the way; all that is found is told at once."""
    found = [f"{name}: {line}" for name in way for line in walk.shut_out()]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark", "loud"])
def test_nothing_on_a_shoppers_way_shuts_anybody_out(walk: Walk, email: str, theme: str) -> None:
    walk.go(f"/storefront?theme={theme}")
    nobody_shut_out(walk, shopping(walk, email))


def test_nothing_shuts_anybody_out_in_english(sandbox: Sandbox, new_walk: NewWalk, email: str) -> None:
    walk = new_walk(sandbox.base, sandbox.app, "en")
    nobody_shut_out(walk, shopping(walk, email))
    nobody_shut_out(walk, at_the_desk(walk))


def test_nothing_shuts_anybody_out_who_is_addressed_as_a_friend(
    walk: Walk, sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    choose(walk, "shop", "tone", "du")
    try:
        shopper = new_walk(sandbox.base, sandbox.app)
        nobody_shut_out(shopper, shopping(shopper, email))
        expect(shopper.page.get_by_role("heading", name="Deine Punkte", exact=True)).to_be_visible()
    finally:
        choose(walk, "shop", "tone", "sie")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_in_the_admin_shuts_anybody_out(sandbox: Sandbox, new_walk: NewWalk, colours: str) -> None:
    walk = new_walk(sandbox.base, sandbox.app, color_scheme=colours)
    nobody_shut_out(walk, at_the_desk(walk))


def test_a_phone_of_320_pixels_never_scrolls_sideways(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, viewport={"width": 320, "height": 640}, has_touch=True)
    assert [name for name in shopping(walk, email) if is_wide(walk)] == []
    assert [name for name in at_the_desk(walk) if is_wide(walk)] == []


def is_wide(walk: Walk) -> bool:
    """Say whether the page, or a frame in it, is wider than its window."""
    measure = "document.scrollingElement.scrollWidth > innerWidth"
    return any(frame.evaluate(measure) for frame in walk.page.frames)


def press_until(page: Page, key: str, found: str, most: int = 60) -> None:
    """Press a key until the focus, in whatever frame or shadow, is on what is called so."""
    for _ in range(most):
        page.keyboard.press(key)
        if any(found in frame.evaluate(FOCUSED) for frame in page.frames):
            return
    raise AssertionError(f"The focus never came to {found}.")


FOCUSED = """() => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!document.hasFocus() || !one || one === document.body) return '';
  const slotted = one.querySelector?.('slot')?.assignedNodes().map((node) => node.textContent).join('') ?? '';
  return [one.getAttribute('aria-label'), one.labels?.[0]?.textContent, one.textContent, slotted, one.name].join('|');
}"""


def test_the_keyboard_alone_buys_copies_the_code_and_uses_it(walk: Walk, email: str) -> None:
    page = walk.page
    walk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    walk.go("/storefront/products/notizbuch")
    page.keyboard.press("Tab")
    assert "Zum Inhalt" in page.evaluate(FOCUSED)
    press_until(page, "Tab", "In den Warenkorb")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart")
    press_until(page, "Tab", "Zur Kasse")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout")
    press_until(page, "Tab", "email")
    page.keyboard.type(email)
    press_until(page, "Tab", "Jetzt kaufen")
    page.keyboard.press("Enter")
    page.wait_for_url("**/thank-you")
    expect(walk.widgets.get_by_role("button", name="Kopieren")).to_be_visible()
    press_until(page, "Tab", "Kopieren")
    page.keyboard.press("Enter")
    expect(walk.widgets.get_by_role("button", name="Kopiert")).to_be_visible()
    press_until(page, "Tab", "Im Shop einlösen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=re.compile(CODE))).to_be_visible()


def test_the_keyboard_alone_changes_a_setting(walk: Walk) -> None:
    page = walk.page
    open_section(walk, "loyalty")
    walk.admin.locator("#page").focus()
    press_until(page, "Tab", "Tage, bis Punkte einlösbar sind")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#save-bar")).to_be_visible()
    press_until(page, "Shift+Tab", walk.say("admin.discard"))
    page.keyboard.press("Enter")
    expect(page.locator("#save-bar")).to_be_hidden()
    expect(walk.admin.locator("s-number-field[name=pending_days] input")).to_have_value("14")


def test_points_taller_than_their_place_are_reached_by_the_keyboard(walk: Walk, email: str) -> None:
    walk.sign_in(email)
    for handle in ("notizbuch", "olivenseife", "wollschal", "teekanne"):
        walk.buy(handle, None)
    expect(walk.widgets.get_by_text("Diese Bestellung bringt Ihnen 64 Punkte.")).to_be_visible()
    page = walk.go("/storefront")
    place = page.locator("[data-dankbar-block=loyalty]")
    expect(place).to_have_attribute("tabindex", "0")
    assert walk.shut_out() == []
    page.get_by_role("link", name=walk.say("shop.browse")).focus()
    page.keyboard.press("Tab")
    expect(place).not_to_have_attribute("tabindex", "0")
    expect(place.get_by_text("+64")).to_be_visible()
    assert place.evaluate("(place) => place.scrollHeight - place.clientHeight") == 0, "all of it is shown"


def test_whoever_wants_no_motion_sees_none(sandbox: Sandbox, new_walk: NewWalk, email: str) -> None:
    sandbox.switch(delay=4)
    walk = new_walk(sandbox.base, sandbox.app, reduced_motion="reduce")
    walk.buy("wollschal", email)
    expect(walk.widgets.get_by_label("Das Dankeschön wird geladen")).to_be_visible()
    for path in (None, "/storefront", "/admin"):
        if path is not None:
            walk.go(path)
        running = [frame.evaluate("document.getAnimations().length") for frame in walk.page.frames]
        assert running == [0] * len(running)
