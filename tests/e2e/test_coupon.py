"""A coupon from the thank-you page into the next cart, its stamp card, and codes while Shopify is down; in both languages."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Sandbox
from tests.e2e.test_reminder import reminder
from tests.e2e.test_road import code_shown
from tests.e2e.walk import CODE, NewWalk, Walk


@dataclass(frozen=True)
class Said:
    """What a shopper reads, in one language."""

    offer: str
    to_shop: str
    waits: str
    use: str
    saved: str
    used: str
    stamps: str
    more: tuple[str, str]
    full: str
    better: str


SAID = {
    "de": Said(
        offer="10 % auf Ihre nächste Bestellung",
        to_shop="Im Shop einlösen",
        waits="Ihr Code wartet.",
        use="Jetzt einlösen",
        saved="− 6,40 €",
        used="Ihr Gutschein ist eingelöst.",
        stamps="{} von 3 Stempeln",
        more=(
            "Noch 2 Bestellungen, dann gibt es 20 % auf die nächste.",
            "Noch 1 Bestellung, dann gibt es 20 % auf die nächste.",
        ),
        full="Diese Karte ist voll",
        better="20 % auf Ihre nächste Bestellung",
    ),
    "en": Said(
        offer="10% off your next order",
        to_shop="Use it in the shop",
        waits="Your code is waiting.",
        use="Use it now",
        saved="− €6.40",
        used="Your coupon has been used.",
        stamps="{} of 3 stamps",
        more=(
            "2 more orders, and the coupon is for 20%.",
            "1 more order, and the coupon is for 20%.",
        ),
        full="This card is full",
        better="20% off your next order",
    ),
}
both = pytest.mark.parametrize("locale", SAID)


def told(place: Locator | Walk, text: str) -> Locator:
    """What says so, with any kind of space."""
    pattern = re.compile(re.escape(text).replace("\\ ", r"\s"))
    return (place.widgets if isinstance(place, Walk) else place).get_by_text(pattern)


@both
def test_a_code_leads_from_the_thank_you_page_into_the_next_cart_and_is_told_as_used(
    sandbox: Sandbox, new_walk: NewWalk, email: str, locale: str
) -> None:
    walk, said = new_walk(sandbox.base, sandbox.app, locale), SAID[locale]
    first = walk.buy("wollschal", email)
    code = code_shown(walk)
    expect(told(walk, said.offer)).to_be_visible()
    walk.go(f"/storefront/orders/{first}")
    assert code_shown(walk) == code
    expect(walk.widgets.get_by_role("link", name=said.to_shop)).to_be_visible()

    walk.sign_in(email)
    walk.add("teekanne")
    walk.go("/storefront/cart")
    expect(told(reminder(walk), said.waits)).to_be_visible()
    assert walk.shifts() == []
    reminder(walk).get_by_role("link", name=said.use).click()
    expect(walk.page).to_have_url(re.compile("/storefront/cart$"))
    expect(told(walk.page.locator(".amounts"), said.saved)).to_be_visible()
    expect(reminder(walk)).to_have_count(0)

    walk.check_out(None)
    assert code_shown(walk) != code
    walk.go(f"/storefront/orders/{first}")
    expect(told(walk, said.used)).to_be_visible()
    assert walk.shut_out() == []


@pytest.fixture
def card_of_three(sandbox: Sandbox) -> Iterator[None]:
    """Every third order brings the better coupon, while the test runs."""
    sandbox.set("coupon", stamp_every=3)
    yield
    sandbox.set("coupon", stamp_every=0)


@both
@pytest.mark.usefixtures("card_of_three")
def test_a_stamp_card_fills_order_by_order_and_the_third_brings_the_better_coupon(
    sandbox: Sandbox, new_walk: NewWalk, email: str, locale: str
) -> None:
    walk, said = new_walk(sandbox.base, sandbox.app, locale), SAID[locale]
    walk.sign_in(email)
    for number, more in enumerate(said.more, 1):
        walk.buy("notizbuch", None)
        code_shown(walk)
        expect(told(walk, said.offer)).to_be_visible()
        expect(told(walk, said.stamps.format(number))).to_be_visible()
        expect(told(walk, more)).to_be_visible()
        assert walk.shut_out() == []
    third = walk.buy("notizbuch", None)
    code = code_shown(walk)
    expect(told(walk, said.better)).to_be_visible()
    expect(told(walk, said.stamps.format(3))).to_be_visible()
    expect(told(walk, said.full)).to_be_visible()

    walk.go(f"/storefront/orders/{third}")
    assert code_shown(walk) == code
    expect(told(walk, said.stamps.format(3))).to_be_visible()
    walk.go("/storefront")
    expect(told(reminder(walk), said.stamps.format(3))).to_be_visible()
    assert reminder(walk).evaluate("(place) => place.scrollHeight <= place.clientHeight"), "nothing is cut"
    assert walk.shifts() == []
    assert walk.shut_out() == []

    walk.add("teekanne")
    walk.go(f"/discount/{code}?redirect=/cart")
    expect(walk.page.locator(".amounts")).to_contain_text(re.compile(r"12[.,]80"))


def test_a_phone_of_320_pixels_shows_the_code_and_its_card_whole(
    sandbox: Sandbox, new_walk: NewWalk, email: str, card_of_three: None
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, viewport={"width": 320, "height": 700}, has_touch=True)
    walk.sign_in(email)
    walk.buy("notizbuch", None)
    code_shown(walk)
    expect(told(walk, "1 von 3 Stempeln")).to_be_visible()
    walk.go("/storefront/cart")
    place = reminder(walk)
    expect(told(place, "1 von 3 Stempeln")).to_be_visible()
    assert place.evaluate("(place) => [place.tabIndex, place.scrollHeight <= place.clientHeight]") == [
        -1,
        True,
    ]
    assert walk.page.evaluate("document.documentElement.scrollWidth") == 320
    assert walk.shifts() == []


def test_while_shopifys_admin_is_down_every_shopper_has_a_code_at_once(
    sandbox: Sandbox, new_walk: NewWalk, email: str
) -> None:
    deadline = time.monotonic() + 60
    while sandbox.ready_codes() < 20:
        assert time.monotonic() < deadline, "the pool was never filled"
        time.sleep(0.2)
    sandbox.switch(api="down")
    codes = []
    for number, locale in enumerate(("de", "en", "de", "en", "de")):
        walk = new_walk(sandbox.base, sandbox.app, locale)
        order = walk.buy("olivenseife", f"{number}-{email}")
        codes.append(code_shown(walk))
        expect(told(walk, SAID[locale].offer)).to_be_visible()
        walk.go(f"/storefront/orders/{order}")
        assert code_shown(walk) == codes[-1]
        walk.sign_in(f"{number}-{email}")
        walk.go("/storefront")
        expect(reminder(walk).locator("code")).to_have_text(codes[-1])
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(CODE, code) for code in codes)
    address = f"{sandbox.base}/example/admin/api/2026-10/graphql.json"
    asked = httpx.post(address, json={"query": "{shop{id}}"}, headers={"X-Shopify-Access-Token": "x"})
    assert asked.status_code == 503, "Shopify was down to the end"
