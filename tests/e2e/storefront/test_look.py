"""The widgets' look in themes that differ: readable, reachable, within their frame, and the theme's own colours."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from plugin.core.orders import OrderState
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shops import Shop as AShop
from tests.e2e.storefront.shop import PLAIN, Shop, block, fragment, widgets
from widgets import ALL, Context, Surface
from widgets.base import OrderRef
from widgets.coupon.card import Stamps
from widgets.coupon.view import CouponView
from widgets.delivery.quote import quote
from widgets.delivery.settings import DeliverySettings
from widgets.fragment import fragment as widget_fragment

AXE = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"

SERIF = """
body{margin:0;background:#faf7f2;color:#3a332b;font:17px/1.7 Georgia,serif}
h2{font-size:2rem;font-weight:400;letter-spacing:.02em;margin:2em 0 1em;font-style:italic}
p{margin:0 0 1.5em}
button{background:#3a332b;color:#faf7f2;border:0;text-transform:uppercase;letter-spacing:.2em;padding:20px 40px}
ul{padding-left:2em;list-style:square}
"""
DARK = """
:root{--color-button:233,236,239}
body{margin:0;background:#101214;color:#e9ecef;font:15px/1.6 Helvetica,Arial,sans-serif}
h2{font-size:28px;text-transform:uppercase}
button{background:#fff;color:#000;width:100%;padding:14px}
"""
LOUD = """
:root{--color-primary-button-background:#ff0078}
body{margin:0;background:#ffe600;color:#111;font:800 16px/1.3 Impact,sans-serif}
h2{font-size:56px;line-height:.9;text-transform:uppercase;color:#f07}
button{background:#f07;color:#fff;border:4px solid #111;border-radius:99px;box-shadow:6px 6px 0 #111}
"""
THEMES = {"serif": SERIF, "dark": DARK, "loud": LOUD, "plain": PLAIN}

SHOP_OF_ITS_OWN = Context(
    shop=AShop(
        1,
        "a",
        "a.myshopify.com",
        "A",
        True,
        False,
        "a.example",
        "DE",
        datetime(2026, 1, 1, tzinfo=UTC),
        False,
        b"",
    ),
    settings=ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01"),
    language=language("de", "du", folder=ALL["coupon"].locales),
    surface=Surface.STOREFRONT,
    now=datetime(2026, 11, 21, tzinfo=UTC),
)
OF_ORDER = replace(SHOP_OF_ITS_OWN, order=OrderRef(1, 1, OrderState(), None))
READY = CouponView(
    state="ready",
    title="Dein Code wartet.",
    text="10 % auf deine nächste Bestellung.",
    value_text="10 %",
    code="DANKE-7K2M-9QXP-H4TW",
    apply_url="/discount/DANKE-7K2M-9QXP-H4TW?redirect=/",
    note="Gültig bis 21. Dezember 2026, ab 30 €.",
    apply_text="Jetzt einlösen",
    copy_text="Kopieren",
    copied_text="Kopiert",
)
COUPON = widget_fragment(ALL["coupon"], SHOP_OF_ITS_OWN, READY)
STATES = {
    "ready": replace(READY, title="Danke, dass du bei uns bestellt hast."),
    "pending": replace(READY, state="pending", code=None, apply_url=None),
    "redeemed": replace(READY, state="redeemed", code=None, apply_url=None, note=None),
    "void": replace(READY, state="void", code=None, apply_url=None, note=None),
}
LOYALTY = fragment(
    "loyalty",
    '<h2>Deine Punkte</h2><div class="figures"><div><div class="big">12.320</div><p class="muted">einlösbar, '
    'entspricht 123,20 €</p></div><div><div class="big">+49</div><p class="muted">ab 5. Dezember</p></div>'
    '<div><div class="big">0</div><p class="muted">auszugleichen</p></div></div>'
    '<div class="track" role="progressbar" aria-valuenow="64" aria-label="Punkte"><i style="width:64%"></i></div>'
    '<ul><li><span class="grow">2 € Rabatt<br><span class="muted">200 Punkte</span></span><button>Einlösen</button>'
    '</li><li><span class="grow">Bestellung<br><span class="muted">21. Nov.</span></span><span>+49</span></li></ul>'
    '<p class="note">Ihr Paket kommt später.</p>'
    "<details><summary>Was mit Ihren Daten geschieht</summary><dl><div><dt>Bestellnummer</dt><dd>Vertrag</dd></div>"
    '</dl></details><div class="seals"><a href="/seal">Trusted Shops, prüfen</a></div>',
)


LANES = [
    {"countries": [country], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sat"}
    for country in ("DE", "AT")
]
ASKING = replace(
    SHOP_OF_ITS_OWN,
    language=language("de", "sie", folder=ALL["delivery"].locales),
    now=datetime(2026, 11, 23, 9, tzinfo=UTC),
    prefix="/apps/dankbar",
)
DELIVERY = widget_fragment(
    ALL["delivery"], ASKING, quote(ASKING, DeliverySettings.model_validate({"lanes": LANES}))
)


def look(
    page: Page, shop: Shop, theme: str, width: int, coupon: str | None = COUPON, **settings: Any
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    shop.theme = theme
    shop.blocks = block("coupon", **settings) + block("loyalty", **settings)
    shop.reply = widgets(coupon=coupon, loyalty=LOYALTY)
    page.goto(shop.origin)
    page.wait_for_selector("[data-dankbar=loyalty]")


def style(page: Page, selector: str, name: str) -> str:
    found = page.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name)
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("theme", THEMES)
def test_everybody_can_read_and_use_it_in_any_theme(page: Page, shop: Shop, theme: str, width: int) -> None:
    look(page, shop, THEMES[theme], width)
    nobody_is_shut_out(page)


@pytest.mark.parametrize("theme", ["serif", "dark", "loud"])
@pytest.mark.parametrize("state", STATES)
def test_a_coupon_is_readable_in_every_state(page: Page, shop: Shop, theme: str, state: str) -> None:
    shown = widget_fragment(ALL["coupon"], OF_ORDER, STATES[state])
    look(page, shop, THEMES[theme], 320, coupon=shown)
    assert page.locator("[data-dankbar=coupon]").get_by_text(STATES[state].title).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    nobody_is_shut_out(page)


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("theme", THEMES)
def test_who_has_no_code_can_read_so_in_any_theme(page: Page, shop: Shop, theme: str, width: int) -> None:
    look(page, shop, THEMES[theme], width, coupon=None)
    assert page.get_by_text("No code is waiting right now.").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    nobody_is_shut_out(page)


def nobody_is_shut_out(page: Page) -> None:
    """Let axe look at the widgets."""
    page.add_script_tag(content=AXE.read_text("utf-8"))
    found = page.evaluate(
        """() => axe.run('.dankbar-block', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})
          .then(({violations, passes}) => [
            violations.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html, node.any.map((x) => x.message)])),
            passes.map((rule) => rule.id),
          ])"""
    )
    assert found[0] == []
    assert "color-contrast" in found[1]


@pytest.mark.parametrize("accent", ["#ffff00", "#000000", "#2f5d50", "#808080", "#0000ff", "#ffffff"])
@pytest.mark.parametrize("theme", ["plain", "dark"])
def test_what_stands_on_any_accent_is_readable(page: Page, shop: Shop, theme: str, accent: str) -> None:
    look(page, shop, THEMES[theme], 400, accent=accent)
    assert contrast(style(page, "a.button", "color"), style(page, "a.button", "backgroundColor")) >= 4.5
    assert style(page, "a.button", "backgroundColor") == rgb(accent)


@pytest.mark.parametrize("paper", ["#ffffff", "#1b1a17", "#8a1538", "#ffe600"])
def test_a_paper_chosen_alone_brings_a_readable_ink(page: Page, shop: Shop, paper: str) -> None:
    look(page, shop, PLAIN, 400, paper=paper)
    assert contrast(style(page, ".dankbar h2", "color"), rgb(paper)) >= 7
    assert style(page, ".dankbar", "backgroundColor") == rgb(paper)


@pytest.mark.parametrize(
    ("theme", "ink", "accent"),
    [
        ("serif", "rgb(58, 51, 43)", None),
        ("dark", "rgb(233, 236, 239)", "rgb(233, 236, 239)"),
        ("loud", "rgb(17, 17, 17)", "rgb(255, 0, 120)"),
    ],
)
def test_colours_left_open_are_the_themes(
    page: Page, shop: Shop, theme: str, ink: str, accent: str | None
) -> None:
    look(page, shop, THEMES[theme], 400)
    assert style(page, ".dankbar h2", "color") == style(page, ".dankbar", "color") == ink
    assert style(page, ".dankbar", "backgroundColor") == "rgba(0, 0, 0, 0)"
    if accent:
        assert style(page, "a.button", "backgroundColor") == accent


def test_a_merchants_choice_comes_before_the_themes(page: Page, shop: Shop) -> None:
    look(page, shop, DARK, 400, accent="#8fc7b3", ink="#f2efe8", paper="#1b1a17")
    assert style(page, "a.button", "backgroundColor") == rgb("#8fc7b3")
    assert style(page, ".dankbar", "backgroundColor") == rgb("#1b1a17")
    assert style(page, ".dankbar", "color") == rgb("#f2efe8")


def test_corners_are_the_merchants(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty", radius=0), widgets(loyalty=LOYALTY)
    page.goto(shop.origin)
    page.wait_for_selector("[data-dankbar=loyalty]")
    assert style(page, ".dankbar", "borderRadius") == style(page, "li button", "borderRadius") == "0px"


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_leaves_its_frame_and_fingers_find_it(page: Page, shop: Shop, theme: str, width: int) -> None:
    look(page, shop, THEMES[theme], width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (
        page.evaluate(
            """[...document.querySelectorAll('.dankbar')].flatMap((frame) => [...frame.querySelectorAll('*')]
          .filter((node) => node.getBoundingClientRect().right > frame.getBoundingClientRect().right + .5)
          .map((node) => node.outerHTML))"""
        )
        == []
    )
    small = "[...document.querySelectorAll('.dankbar :is(button,a,summary)')].filter((n) => n.offsetHeight < 44).length"
    assert page.evaluate(small) == 0


@pytest.mark.parametrize("theme", ["serif", "dark", "loud"])
def test_a_themes_headings_and_buttons_do_not_shout_inside(page: Page, shop: Shop, theme: str) -> None:
    look(page, shop, THEMES[theme], 800)
    size = float(style(page, ".dankbar", "fontSize").removesuffix("px"))
    assert style(page, ".dankbar h2", "fontSize") == f"{size * 1.0625:g}px"
    assert (
        style(page, ".dankbar h2", "textTransform")
        == style(page, ".dankbar button", "textTransform")
        == "none"
    )
    assert style(page, ".dankbar button", "boxShadow") == "none"
    button = page.locator("li button").bounding_box()
    assert button
    assert button["width"] < 160


def test_nothing_of_ours_reaches_the_theme(page: Page, shop: Shop) -> None:
    shop.above = (
        '<h2 id="theirs">Shop</h2><button id="button" class="plain">Buy</button><code id="code">x</code>'
    )
    look(page, shop, LOUD, 800)
    with_ours = [
        style(page, name, "font") + style(page, name, "color") for name in ("#theirs", "#button", "#code")
    ]
    shop.blocks = ""
    page.goto(shop.origin)
    assert with_ours == [
        style(page, name, "font") + style(page, name, "color") for name in ("#theirs", "#button", "#code")
    ]


def test_the_keyboard_sees_where_it_is(page: Page, shop: Shop) -> None:
    look(page, shop, LOUD, 800)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.dankbar') !== null")
    assert style(page, ":focus-visible", "outlineWidth") == "3px"
    assert style(page, ":focus-visible", "outlineStyle") == "solid"


def test_who_wants_no_motion_gets_none(page: Page, shop: Shop) -> None:
    page.emulate_media(reduced_motion="reduce")
    look(page, shop, PLAIN, 800)
    assert style(page, "li button", "transitionDuration") == "0s"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("width", "height"), [(320, 330), (460, 282), (640, 218)])
def test_a_usual_code_fits_the_room_reserved_for_it(
    page: Page, shop: Shop, theme: str, width: int, height: int
) -> None:
    look(page, shop, THEMES[theme], width)
    place = page.locator("[data-dankbar-block=coupon]")
    assert place.evaluate("node => [node.scrollHeight, node.clientHeight]") == [height, height]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [320, 460, 640])
def test_a_day_of_delivery_fits_the_room_reserved_for_it_and_is_open_to_everybody(
    page: Page, shop: Shop, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    shop.theme, shop.blocks = THEMES[theme], block("delivery", locale="de")
    shop.reply = widgets(delivery=DELIVERY)
    page.goto(shop.origin)
    page.wait_for_selector("[data-dankbar=delivery]")
    place = page.locator("[data-dankbar-block=delivery]")
    assert place.evaluate("node => node.scrollHeight - node.clientHeight") == 0
    frame, room = page.locator("[data-dankbar=delivery]").bounding_box(), place.bounding_box()
    assert frame
    assert room
    assert frame["height"] < room["height"], "what is left stays outside the frame"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    nobody_is_shut_out(page)
    place.get_by_text("Warum dieser Tag?").click()
    assert place.get_by_text("DHL braucht höchstens 2 Tage.").is_visible()
    assert place.evaluate("node => node.scrollHeight - node.clientHeight") == 0
    small = "[...document.querySelectorAll('.dankbar :is(select,summary)')].filter((n) => n.offsetHeight < 44).length"
    assert page.evaluate(small) == 0
    nobody_is_shut_out(page)


def rgb(colour: str) -> str:
    """Return #rrggbb as a browser computes it."""
    return "rgb({}, {}, {})".format(*(int(colour[at : at + 2], 16) for at in (1, 3, 5)))


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two computed colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(computed: str) -> float:
    """Return the relative luminance of ``rgb()``, ``color(xyz-d65 ..)`` and ``oklch()`` as Chromium computes them."""
    kind, numbers = (
        computed.partition("(")[0],
        [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", computed)],
    )
    if kind == "oklch":
        return numbers[0] ** 3  # near grey, where lightness is the cube root of luminance
    if "xyz" in computed:
        return numbers[-2]
    channels = [value / 255 for value in numbers[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("every", [5, 10, 100])
@pytest.mark.parametrize("width", [320, 390, 500, 700, 1200])
@pytest.mark.parametrize("theme", THEMES)
def test_a_code_with_a_stamp_card_fits_into_the_place_that_is_kept(
    page: Page, shop: Shop, theme: str, width: int, every: int
) -> None:
    label = f"{every - 2} von {every} Stempeln"
    stamps = Stamps(every - 2, every, "Noch 2 Bestellungen, dann ist er 20 % wert.", label, every <= 20)
    look(
        page,
        shop,
        THEMES[theme],
        width,
        widget_fragment(ALL["coupon"], SHOP_OF_ITS_OWN, replace(READY, stamps=stamps)),
    )
    place = page.locator("[data-dankbar-block=coupon]")
    assert place.get_by_text(label).is_visible()
    assert place.evaluate("(place) => place.scrollHeight - place.clientHeight") == 0, "nothing is cut"
    assert place.get_attribute("tabindex") is None, "nothing fades"
    assert page.evaluate("window.shift") == 0
