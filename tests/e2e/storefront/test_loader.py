"""The storefront's loader in a real browser: one request, nothing moves, nothing breaks, nobody else is touched."""

import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.storefront.shop import Reply, Shop, Visit, block, body, fragment, widgets

POINTS = fragment(
    "loyalty", '<h2>Your points</h2><div class="figures"><div><div class="big">320</div></div></div>'
)
CODE = fragment(
    "coupon",
    '<h2>Your code</h2><div class="code"><code>DANKE-7K2M</code><button type="button" hidden '
    'data-dankbar-copy="DANKE-7K2M" data-dankbar-copied="Copied">Copy</button></div>'
    '<a href="/discount/DANKE-7K2M?redirect=/">Use it now</a><a href="https://example.com/?redirect=/">Other</a>',
)
TALL = fragment("loyalty", '<h2>Your points</h2><p style="height:900px">Long</p>')
FORM = fragment(
    "loyalty",
    '<h2>Your points</h2><form hx-post="/apps/dankbar/widgets/loyalty/redeem" hx-target="closest section" '
    'hx-swap="outerHTML"><input type="hidden" name="reward" value="r1"><button>Redeem</button></form>',
)


def visit(page: Page, shop: Shop) -> None:
    page.goto(shop.origin)
    page.wait_for_function("!document.querySelector('[data-dankbar-state=asked]')", timeout=15_000)


def settled(page: Page) -> None:
    """Wait until the browser has painted what it was given, and looked where everything is."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"
    )


def nothing_moved_or_broke(page: Page) -> None:
    settled(page)
    assert page.evaluate("[window.shift, window.faults]") == [0, []]


def height(page: Page, selector: str = ".dankbar-block") -> float:
    box = page.locator(selector).first.bounding_box()
    return box["height"] if box else 0


def test_all_blocks_of_a_page_share_one_request(page: Page, shop: Shop) -> None:
    shop.blocks = block("loyalty") + block("coupon") + block("loyalty")
    shop.reply = widgets(loyalty=POINTS, coupon=CODE)
    visit(page, shop)
    (asked,) = shop.asked("/apps/")
    assert urlsplit(asked.path).path == "/apps/dankbar/widgets"
    assert parse_qs(urlsplit(asked.path).query) == {"names": ["loyalty,coupon"], "locale": ["en"]}
    assert len(shop.asked("dankbar.js")) == len(shop.asked("dankbar.css")) == 1
    assert page.locator("[data-dankbar=loyalty]").count() == 2
    expect(page.locator("[data-dankbar=coupon] code")).to_have_text("DANKE-7K2M")
    nothing_moved_or_broke(page)


def test_a_merchant_may_move_the_proxy_and_name_the_widget(page: Page, shop: Shop) -> None:
    shop.blocks = block("loyalty", proxy="/apps/danke", heading="Stars & <b>more</b>", locale="de")
    shop.reply = widgets(loyalty=POINTS)
    visit(page, shop)
    assert shop.asked("/apps/")[0].path == "/apps/danke/widgets?names=loyalty&locale=de"
    expect(page.locator("[data-dankbar] h2")).to_have_text("Stars & <b>more</b>")


def test_nobody_else_is_asked_and_nothing_is_kept(page: Page, shop: Shop) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shop.blocks = block("loyalty") + block("coupon") + block("page-end")
    shop.reply = widgets(loyalty=FORM, coupon=CODE)
    visit(page, shop)
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {
        urlsplit(shop.origin).netloc
    }
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert shop.asked("htmx") == []


@pytest.mark.parametrize(
    "reply",
    [
        body("Internal Server Error", 500, "text/plain"),
        body('{"code": "unavailable"}', 503),
        body('{"code": "not_found"}', 404),
        body("<!doctype html><h1>Enter the store's password</h1>", 200, "text/html"),
        body("null"),
        body("[1, 2]"),
        body('"text"'),
        body('{"loyalty": 7}'),
        body('{"loyalty": {"html": "x"}}'),
        body('{"loyalty": "just a text"}'),
        body(json.dumps({"loyalty": "<section data-dankbar='coupon'>other</section>"})),
        body('{"loyalty": "<sec'),
        widgets(loyalty=None),
        widgets(),
    ],
)
def test_nothing_to_show_leaves_the_page_in_peace(page: Page, shop: Shop, reply: Reply) -> None:
    shop.blocks, shop.reply = block("loyalty"), reply
    visit(page, shop)
    assert page.locator(".dankbar-block").inner_text() == ""
    assert height(page) == 280
    nothing_moved_or_broke(page)


def test_a_host_that_is_gone_leaves_the_page_in_peace(page: Page, shop: Shop) -> None:
    page.route("**/apps/**", lambda route: route.abort())
    shop.blocks = block("loyalty")
    visit(page, shop)
    nothing_moved_or_broke(page)


def test_without_its_style_sheet_a_widget_is_still_there(page: Page, shop: Shop) -> None:
    page.route("**/*.css", lambda route: route.abort())
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=POINTS)
    visit(page, shop)
    expect(page.locator("[data-dankbar=loyalty]")).to_contain_text("320")


def test_an_app_that_never_replies_is_let_go_after_five_seconds(page: Page, shop: Shop) -> None:
    gone = threading.Event()

    def silent(_: Visit) -> tuple[int, str, str]:
        gone.wait(20)
        return 200, "application/json", "{}"

    shop.blocks, shop.reply = block("loyalty"), silent
    visit(page, shop)
    assert page.locator(".dankbar-block").get_attribute("data-dankbar-state") == "empty"
    nothing_moved_or_broke(page)
    gone.set()


def test_an_empty_place_gives_its_room_back_where_nobody_looks(page: Page, shop: Shop) -> None:
    shop.above = '<div style="height:1500px"></div>'
    shop.blocks = block("loyalty")
    visit(page, shop)
    expect(page.locator(".dankbar-block")).to_be_hidden()
    nothing_moved_or_broke(page)


def test_a_taller_widget_waits_in_its_place_until_it_is_touched(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=TALL)
    visit(page, shop)
    nothing_moved_or_broke(page)
    assert height(page) == 280
    page.locator("[data-dankbar] h2").click()
    settled(page)
    assert height(page) > 900
    nothing_moved_or_broke(page)


def test_a_click_on_a_widget_that_is_cut_off_hits_what_it_was_meant_for(page: Page, shop: Shop) -> None:
    tall = '<h2>Your code</h2><p style="height:120px">Long</p><button type="button" data-dankbar-copy="A">Copy</button>'
    shop.blocks = block("coupon")
    shop.reply = widgets(coupon=fragment("coupon", f'{tall}<p style="height:900px">Longer</p>'))
    visit(page, shop)
    place = page.locator(".dankbar-block")
    place.hover()
    page.mouse.wheel(0, 400)
    settled(page)
    page.evaluate("scrollTo(0, 0)")
    assert place.evaluate("(place) => place.scrollTop") == 0, "a place does not scroll inside"
    page.evaluate("addEventListener('click', (event) => { window.hit = event.target.textContent; })")
    box = place.get_by_role("button").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert page.evaluate("window.hit") == "Copy"
    assert place.evaluate("(place) => place.scrollHeight - place.clientHeight") == 0, "all of it is shown"


def test_a_taller_widget_takes_its_room_at_once_where_nobody_looks(page: Page, shop: Shop) -> None:
    shop.above = '<div style="height:1500px"></div>'
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=TALL)
    visit(page, shop)
    page.wait_for_function("document.querySelector('.dankbar-block').offsetHeight > 900")
    nothing_moved_or_broke(page)


def test_a_taller_widget_takes_its_room_where_its_end_is_out_of_sight(page: Page, shop: Shop) -> None:
    shop.above = '<div style="height:400px"></div>'
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=TALL)
    visit(page, shop)
    page.wait_for_function("document.querySelector('.dankbar-block').offsetHeight > 900")
    assert page.locator(".dankbar-block").get_attribute("tabindex") is None
    nothing_moved_or_broke(page)


def test_a_taller_widget_takes_its_room_as_soon_as_its_end_is_scrolled_away(page: Page, shop: Shop) -> None:
    shop.above, shop.below = '<div style="height:1200px"></div>', '<div style="height:2000px"></div>'
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=TALL)
    page.add_init_script("addEventListener('load', () => scrollTo(0, 1100))")
    page.goto(shop.origin)
    page.wait_for_function("scrollY === 1100 && document.querySelector('[data-dankbar-state=shown]')")
    settled(page)
    if height(page) == 280:
        page.mouse.move(400, 50)
        page.mouse.wheel(0, -450)
    page.wait_for_function("document.querySelector('.dankbar-block').offsetHeight > 900")
    nothing_moved_or_broke(page)


def test_a_place_scrolled_into_view_at_that_very_moment_stays_as_it_is(page: Page, shop: Shop) -> None:
    page.add_init_script(
        """addEventListener('DOMContentLoaded', () => {
          const place = document.querySelector('.dankbar-block');
          const look = () => requestAnimationFrame(() => requestAnimationFrame(() => place.scrollIntoView()));
          new MutationObserver(() => place.dataset.dankbarState === 'shown' && look()).observe(place, {attributes: true});
        })"""
    )
    shop.above, shop.below = '<div style="height:1500px"></div>', '<div style="height:900px"></div>'
    shop.blocks, shop.reply = block("loyalty"), widgets(loyalty=TALL)
    visit(page, shop)
    nothing_moved_or_broke(page)
    assert page.evaluate("scrollY") > 1000
    assert height(page) == 280


def test_a_shorter_widget_fills_its_place(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty", height=400), widgets(loyalty=POINTS)
    visit(page, shop)
    assert height(page) == height(page, "[data-dankbar]") == 400
    nothing_moved_or_broke(page)


def test_little_is_reserved_for_a_visitor_who_is_not_signed_in(page: Page, shop: Shop) -> None:
    shop.blocks = block("loyalty", signed_in=False)
    shop.reply = widgets(
        loyalty=fragment("loyalty", "<h2>Your points</h2><p>Sign in to see your points.</p>")
    )
    visit(page, shop)
    assert height(page) == height(page, "[data-dankbar]") == 120
    nothing_moved_or_broke(page)


@pytest.mark.parametrize(("in_cart", "back"), [(0, "/?seen=a%20b"), (2, "/cart")])
def test_a_code_leads_to_the_cart_that_shows_it_or_back_to_the_page(
    page: Page, shop: Shop, in_cart: int, back: str
) -> None:
    shop.blocks, shop.reply = block("coupon", in_cart=in_cart), widgets(coupon=CODE)
    page.goto(f"{shop.origin}/?seen=a%20b")
    link, other = page.get_by_role("link", name="Use it now"), page.get_by_role("link", name="Other")
    assert parse_qs(urlsplit(link.get_attribute("href") or "").query) == {"redirect": [back]}
    assert other.get_attribute("href") == "https://example.com/?redirect=/"
    link.click()
    page.wait_for_url("**/discount/**")
    (asked,) = shop.asked("/discount/")
    assert urlsplit(asked.path).path == "/discount/DANKE-7K2M"


@pytest.mark.parametrize(("width", "height"), [(320, 330), (500, 282), (800, 218)])
def test_a_codes_place_is_as_high_as_its_width_asks_for(
    page: Page, shop: Shop, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    shop.blocks, shop.reply = block("coupon"), widgets(coupon=None)
    visit(page, shop)
    box = page.locator(".dankbar-block").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (width, height)
    nothing_moved_or_broke(page)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "No code is waiting right now. Your next order may bring one."),
        ("de", "Im Moment wartet kein Code. Die nächste Bestellung kann einen bringen."),
    ],
)
@pytest.mark.parametrize("width", [320, 800])
def test_who_ordered_and_has_no_code_reads_so_in_its_place(
    page: Page, shop: Shop, locale: str, sentence: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    shop.blocks, shop.reply = block("coupon", locale=locale), widgets(coupon=None)
    visit(page, shop)
    reserved = height(page)
    expect(page.locator(".dankbar-block")).to_have_text(sentence)
    assert height(page) == height(page, ".none") == reserved
    nothing_moved_or_broke(page)


@pytest.mark.parametrize("reply", [body("Internal Server Error", 500), body("{}"), body('{"coupon": 7}')])
def test_a_code_that_could_not_be_asked_for_is_not_said_to_be_missing(
    page: Page, shop: Shop, reply: Reply
) -> None:
    shop.blocks, shop.reply = block("coupon"), reply
    visit(page, shop)
    assert page.locator(".dankbar-block").inner_text() == ""
    nothing_moved_or_broke(page)


def test_no_place_is_kept_for_a_visitor_who_cannot_have_a_code(page: Page, shop: Shop) -> None:
    shop.blocks = block("coupon", signed_in=False) + block("page-end", signed_in=False)
    visit(page, shop)
    assert page.locator("[data-dankbar-block=coupon]").count() == 0
    (asked,) = shop.asked("/apps/")
    assert "names=loyalty&" in asked.path
    nothing_moved_or_broke(page)


def test_a_code_is_copied_and_says_so(page: Page, shop: Shop) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shop.blocks, shop.reply = block("coupon"), widgets(coupon=CODE)
    visit(page, shop)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "DANKE-7K2M"


def test_without_a_clipboard_no_button_offers_it(page: Page, shop: Shop) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    shop.blocks, shop.reply = block("coupon"), widgets(coupon=CODE)
    visit(page, shop)
    expect(page.locator("[data-dankbar-copy]")).to_be_hidden()


def redeeming(status: int = 200) -> Reply:
    """The form first, then what a redemption answers."""

    def reply(visit: Visit) -> tuple[int, str, str]:
        if visit.method == "POST":
            done = fragment("loyalty", "<h2>Your points</h2><p>Here is your code.</p>")
            return status, "text/html", done
        return widgets(loyalty=FORM)(visit)

    return reply


def test_the_first_click_redeems_though_htmx_was_not_there_yet(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty", heading="Stars"), redeeming()
    visit(page, shop)
    assert shop.asked("htmx") == []
    page.locator("[data-dankbar] button").dispatch_event("click")
    expect(page.locator("[data-dankbar]")).to_contain_text("Here is your code.")
    (posted,) = [one for one in shop.visits if one.method == "POST"]
    assert posted.body == "reward=r1"
    expect(page.locator("[data-dankbar] h2")).to_have_text("Stars")
    assert page.url == f"{shop.origin}/"
    assert page.evaluate("[history.length, history.state]") == [page.evaluate("history.length"), None]
    assert page.evaluate("window.faults") == []


def test_a_second_click_redeems_once_more_and_no_oftener(page: Page, shop: Shop) -> None:
    shop.blocks = block("loyalty")
    form_again = widgets(loyalty=FORM)
    shop.reply = lambda visit: (200, "text/html", FORM) if visit.method == "POST" else form_again(visit)
    visit(page, shop)
    for expected in (1, 2):
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.locator("[data-dankbar] button").click()
        settled(page)
        assert len([one for one in shop.visits if one.method == "POST"]) == expected


@pytest.mark.parametrize("status", [403, 409, 429, 500, 503])
def test_a_refusal_leaves_the_widget_standing(page: Page, shop: Shop, status: int) -> None:
    shop.blocks, shop.reply = block("loyalty"), redeeming(status)
    visit(page, shop)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.locator("[data-dankbar] button").click()
    settled(page)
    expect(page.locator("[data-dankbar] button")).to_have_text("Redeem")


def test_a_theme_with_an_htmx_of_its_own_stays_untouched(page: Page, shop: Shop) -> None:
    theirs = (
        '<meta name="htmx-config" content=\'{"defaultSwap":"delete"}\'><script>window.htmx = {version: "theirs"}</script>'
        '<button id="theirs" hx-get="/stolen" hx-on:click="window.stolen = 1">Theirs</button>'
    )
    shop.above, shop.blocks, shop.reply = theirs, block("loyalty"), redeeming()
    visit(page, shop)
    before = page.locator("#theirs").evaluate("node => node.outerHTML")
    page.locator("[data-dankbar] button").click()
    expect(page.locator("[data-dankbar]")).to_contain_text("Here is your code.")
    page.locator("#theirs").click()
    settled(page)
    assert page.locator("#theirs").evaluate("node => node.outerHTML") == before
    assert page.evaluate("[window.htmx.version, window.stolen ?? null]") == ["theirs", None]
    assert page.locator("meta[name=htmx-config]").count() == 1
    assert page.evaluate("document.adoptedStyleSheets.length") == 0
    assert shop.asked("stolen") == []


def test_a_theme_without_htmx_gets_none(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty"), redeeming()
    visit(page, shop)
    page.locator("[data-dankbar] button").click()
    expect(page.locator("[data-dankbar]")).to_contain_text("Here is your code.")
    assert page.evaluate("'htmx' in window") is False
    assert page.locator("meta[name=htmx-config]").count() == 0


def test_a_section_changed_in_the_theme_editor_is_filled_again(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("loyalty", design_mode=True), widgets(loyalty=POINTS)
    visit(page, shop)
    page.evaluate(
        """(html) => {
          document.querySelector('.shopify-block').outerHTML = html;
          document.dispatchEvent(new CustomEvent('shopify:section:load'));
        }""",
        shop.blocks,
    )
    expect(page.locator("[data-dankbar=loyalty]")).to_contain_text("320")
    assert len(shop.asked("/apps/")) == 2


def test_the_theme_editor_says_why_a_place_is_empty(page: Page, shop: Shop) -> None:
    shop.blocks = block("loyalty", design_mode=True) + block("coupon", design_mode=True)
    shop.reply = widgets(loyalty=None, coupon=None)
    visit(page, shop)
    for note in page.locator(".dankbar-block p").all():
        expect(note).to_contain_text("will see it")
    assert page.locator(".dankbar-block p").count() == 2


def test_without_javascript_a_link_leads_on(page: Page, shop: Shop) -> None:
    browser = page.context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    quiet = context.new_page()
    shop.blocks = block("loyalty") + block("coupon", locale="de")
    quiet.goto(shop.origin)
    links = quiet.locator(".dankbar-block a")
    assert links.all_inner_texts() == [
        "See your points in your account",
        "Nachsehen, ob ein Code für die nächste Bestellung wartet",
    ]
    assert [link.get_attribute("href") for link in links.all()] == [
        "/account",
        "/apps/dankbar/widgets/coupon?locale=de",
    ]
    context.close()


def delivery(visit: Visit) -> tuple[int, str, str]:
    """The widget's own form, with the day of the country that is asked for."""
    asked = parse_qs(urlsplit(visit.path).query)
    country = asked["country"][0]
    options = "".join(
        f'<option value="{code}"{" selected" if code == country else ""}>{code}</option>'
        for code in ("AT", "CH", "DE")
    )
    inner = f'<h2>With you: {country}</h2><form><select name="country" aria-label="Country">{options}</select></form>'
    return widgets(delivery=fragment("delivery", inner))(visit)


def test_a_delivery_is_asked_for_the_country_and_what_is_sent(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("delivery") + block("loyalty"), delivery
    visit(page, shop)
    (asked,) = shop.asked("/apps/")
    assert parse_qs(urlsplit(asked.path).query) == {
        "names": ["delivery,loyalty"],
        "locale": ["en"],
        "country": ["DE"],
        "product": ["7"],
    }
    expect(page.locator("[data-dankbar=delivery] h2")).to_have_text("With you: DE")
    assert page.evaluate("localStorage.length") == 0
    nothing_moved_or_broke(page)


def test_a_chosen_country_holds_from_then_on_and_stays_in_the_browser(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("delivery") + block("coupon"), delivery
    visit(page, shop)
    page.get_by_label("Country").focus()
    page.get_by_label("Country").select_option("CH")
    expect(page.locator("[data-dankbar=delivery] h2")).to_have_text("With you: CH")
    expect(page.get_by_label("Country")).to_be_focused()
    assert len(shop.asked("/apps/")) == 2
    assert "names=delivery&" in shop.asked("/apps/")[1].path, "nothing else is asked again"
    assert len(shop.asked("dankbar.css")) == 1
    assert page.evaluate("({...localStorage})") == {"dankbar-country": "CH"}
    assert page.context.cookies() == []
    visit(page, shop)
    expect(page.locator("[data-dankbar=delivery] h2")).to_have_text("With you: CH")
    assert "country=CH" in shop.asked("/apps/")[2].path
    assert page.evaluate("window.faults") == []


def test_where_nothing_may_be_kept_a_chosen_country_holds_for_the_page(page: Page, shop: Shop) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    shop.blocks, shop.reply = block("delivery"), delivery
    visit(page, shop)
    page.get_by_label("Country").select_option("AT")
    expect(page.locator("[data-dankbar=delivery] h2")).to_have_text("With you: AT")
    assert page.evaluate("window.faults") == []


def test_a_country_that_cannot_be_asked_for_leaves_the_one_that_is_shown(page: Page, shop: Shop) -> None:
    shop.blocks, shop.reply = block("delivery"), delivery
    visit(page, shop)
    page.route("**/apps/**", lambda route: route.abort())
    page.get_by_label("Country").select_option("AT")
    page.wait_for_selector("[data-dankbar-state=empty]")
    expect(page.get_by_label("Country")).to_have_value("DE")
    expect(page.locator("[data-dankbar=delivery] h2")).to_have_text("With you: DE")
    assert page.evaluate("window.faults") == []
