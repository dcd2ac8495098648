"""The coupon's card as Chromium prints it: one page of A6, in both languages, whatever the shop is called."""

import re
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shops import Shop
from tests.e2e.conftest import Sandbox
from tests.e2e.test_road import code_shown
from tests.e2e.walk import ROOT, NewWalk, Walk
from widgets import ALL
from widgets.base import Context, Surface
from widgets.coupon.printing import CARD, CardView, picture
from widgets.fragment import document

POINT = 72 / 25.4
A6: ViewportSize = {"width": 397, "height": 559}
"""The card's page in the pixels of a browser."""

READ = """async ({jsqr, picture}) => {
  new Function(jsqr).call(window);
  const image = Object.assign(new Image(), {src: picture});
  await image.decode();
  const {width, height} = image;
  const canvas = Object.assign(document.createElement('canvas'), {width, height}).getContext('2d');
  canvas.drawImage(image, 0, 0);
  return window.jsQR(canvas.getImageData(0, 0, width, height).data, width, height)?.data ?? null;
}"""


def sheet(locale: str, shop: str, terms: str) -> str:
    """The card as the app answers it."""
    code = "DANKESCHOEN-ABCD-EFGH-JKLM"
    address = f"https://a-shop-with-a-rather-long-name.myshopify.com/discount/{code}?redirect=/"
    view = CardView(shop, "1.234,50\xa0€ Rabatt", code, terms, picture(address))
    ctx = Context(
        shop=Shop.__new__(Shop),
        settings=ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01"),
        language=language(locale, "sie", folder=ALL["coupon"].locales),
        surface=Surface.STOREFRONT,
        now=datetime.now(UTC),
    )
    return document(ALL["coupon"], CARD, ctx, view)


def pages(printed: bytes) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))


def read(browser: Browser, picture: bytes) -> str | None:
    """What a telephone's camera would read of a picture; None where it finds no code."""
    jsqr = (ROOT / "node_modules" / "jsqr" / "dist" / "jsQR.js").read_text("utf-8")
    with closing(browser.new_page()) as page:
        given = {"jsqr": jsqr, "picture": f"data:image/png;base64,{b64encode(picture).decode()}"}
        found: str | None = page.evaluate(READ, given)
        return found


@pytest.mark.parametrize("locale", ["de", "en"])
@pytest.mark.parametrize(
    ("shop", "terms"),
    [
        ("Kerzen", "Einmal gültig bis 29. Dezember 2026."),
        (
            "Die sehr kleine Manufaktur für handgezogene Kerzen und andere schöne Dinge",
            "Einmal gültig bis 29. Dezember 2026 ab 12.345,50\xa0€ Bestellwert für ausgewählte Artikel.",
        ),
    ],
)
def test_a_card_is_one_page_of_a6(browser: Browser, locale: str, shop: str, terms: str) -> None:
    with closing(browser.new_page()) as page:
        page.set_content(sheet(locale, shop, terms))
        printed = page.pdf(prefer_css_page_size=True, print_background=True)
        assert pages(printed) == 1
        box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", printed)
        assert box is not None
        assert [float(one) for one in box.groups()] == pytest.approx([105 * POINT, 148 * POINT], abs=1)
        page.emulate_media(media="print")
        page.set_viewport_size(A6)
        card = page.locator(".card")
        assert card.evaluate(
            "one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth"
        )
        assert page.locator(".screen").is_hidden()
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_thank_you_page_leads_to_the_card_and_nobody_else_gets_there(walk: Walk, email: str) -> None:
    walk.buy("keramikbecher", email)
    code = code_shown(walk)
    walk.widgets.get_by_role("link", name="Als Karte drucken").click()
    expect(walk.page.locator(".card .code")).to_have_text(code)
    expect(walk.page.locator(".card svg")).to_be_visible()
    assert walk.shut_out() == []
    answer = walk.page.goto(walk.page.url.replace(code, "DANKE-AAAA-BBBB-CCCC"))
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize(("locale", "link"), [("de", "Als Karte drucken"), ("en", "Print as a card")])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_printed_card_is_one_page_and_a_telephone_reads_the_way_to_the_shop(
    browser: Browser, sandbox: Sandbox, new_walk: NewWalk, email: str, locale: str, link: str, colours: str
) -> None:
    walk = new_walk(sandbox.base, sandbox.app, locale, color_scheme=colours, device_scale_factor=2)
    walk.buy("keramikbecher", email)
    code = code_shown(walk)
    walk.widgets.get_by_role("link", name=link).click()
    page = walk.page
    expect(page.locator(".card .code")).to_have_text(code)
    assert pages(page.pdf(prefer_css_page_size=True)) == 1
    way = f"https://example.myshopify.com/discount/{code}?redirect=/"
    assert read(browser, page.screenshot()) == way, "from a screen"
    page.emulate_media(media="print")
    page.set_viewport_size(A6)
    assert read(browser, page.screenshot()) == way, "from paper"
    page.locator(".card svg").evaluate("(one) => one.remove()")
    assert read(browser, page.screenshot()) is None, "nothing else on the card says so"
