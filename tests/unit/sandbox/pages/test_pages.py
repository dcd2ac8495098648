"""The pages themselves, asked without a browser: carts, codes, orders, tokens, files."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from sandbox.discounts import CodeRefused
from sandbox.pages import PAGES
from sandbox.seed import furnish
from sandbox.server import create_sandbox
from sandbox.simulator import Simulator
from sandbox.state import Discount, RedeemCode

SECRET = "a secret of thirty-two bytes, yes"


@pytest.fixture
def simulator() -> Simulator:
    made = Simulator(client_id="client", client_secret=SECRET, app_url=None)
    made.state.origin = "http://testserver"
    furnish(made, "example")
    return made


@pytest.fixture
def browser(simulator: Simulator) -> Iterator[TestClient]:
    app = create_sandbox(simulator, pages=PAGES)
    with TestClient(app, headers={"Accept-Language": "de"}) as client:
        yield client


def promise(simulator: Simulator, code: str, **changes: Any) -> None:
    """Put a discount into the shop as the app's input would have made it."""
    shop, now = simulator.shop("example"), simulator.state.now()
    given = {
        "customerGets": {"items": {"all": True}, "value": {"percentage": 0.1}},
        "context": {"all": "ALL"},
        "usageLimit": 1,
        **changes,
    }
    number = simulator.state.ids.next()
    shop.discounts[number] = Discount(
        number, "basic", given, now, now, now, None, codes={code.casefold(): RedeemCode(1, code)}
    )


def add(browser: TestClient, handle: str, quantity: int = 1) -> str:
    form = {"product": handle, "quantity": str(quantity)}
    return browser.post("/storefront/cart/add", data=form).text


def buy(browser: TestClient, **form: str) -> str:
    answer = browser.post("/storefront/checkout", data={"email": "neu@example.com", **form})
    assert answer.status_code == 200, answer.text
    return str(answer.url)


def test_the_cart_adds_up_and_forgets_what_is_taken_out(browser: TestClient) -> None:
    page = add(browser, "teekanne", 2)
    assert "128,00\xa0€" in page
    assert "132,90\xa0€" in page
    page = browser.post("/storefront/cart/change", data={"product": "teekanne", "quantity": "0"}).text
    assert "Noch leer" in page


@pytest.mark.parametrize("quantity", ["-3", "x", "0", "99999999999"])
def test_a_quantity_nobody_can_mean_harms_nothing(browser: TestClient, quantity: str) -> None:
    form = {"product": "teekanne", "quantity": quantity}
    assert browser.post("/storefront/cart/add", data=form).status_code == 200
    assert browser.get("/storefront/cart").text.count('value="20"') == (quantity == "99999999999")


def test_a_discount_link_puts_the_code_into_the_cart_and_leads_where_it_says(
    browser: TestClient, simulator: Simulator
) -> None:
    promise(simulator, "DANKE")
    add(browser, "teekanne")
    answer = browser.get("/discount/DANKE?redirect=/cart", follow_redirects=False)
    assert answer.headers["location"] == "/storefront/cart"
    page = browser.get("/storefront/cart").text
    assert re.search(r"Rabattcode <span[^>]*>DANKE<", page)
    assert "− 6,40\xa0€" in page
    assert "62,50\xa0€" in page


@pytest.mark.parametrize("away", ["//evil.example/x", "https://evil.example", "/\\evil.example"])
def test_a_discount_link_leads_nowhere_else(browser: TestClient, away: str) -> None:
    answer = browser.get("/discount/X", params={"redirect": away}, follow_redirects=False)
    assert answer.headers["location"] == "/storefront"


def test_a_code_that_does_not_apply_says_why_and_takes_nothing_off(
    browser: TestClient, simulator: Simulator
) -> None:
    minimum = {"subtotal": {"greaterThanOrEqualToSubtotal": "100.00"}}
    promise(simulator, "GROSS", minimumRequirement=minimum)
    add(browser, "teekanne")
    page = browser.post("/storefront/cart/code", data={"code": "GROSS"}).text
    assert "Dieser Code gilt ab 100,00\xa0€." in page
    assert "68,90\xa0€" in page
    assert "Diesen Code gibt es nicht." in browser.post("/storefront/cart/code", data={"code": "NIE"}).text


def test_an_order_uses_its_code_up(browser: TestClient, simulator: Simulator) -> None:
    promise(simulator, "DANKE")
    add(browser, "teekanne")
    browser.get("/discount/DANKE")
    buy(browser)
    shop = simulator.shop("example")
    order = max(shop.orders.values(), key=lambda one: int(one.body["order_number"]))
    assert order.body["total_discounts"] == "6.40"
    assert order.body["customer"]["email"] == "neu@example.com"
    cart = simulator.cart(("64.00",))
    with pytest.raises(CodeRefused, match="as often"):
        simulator.quote(cart, ["DANKE"])


def test_a_checkout_without_an_address_is_asked_again(browser: TestClient, simulator: Simulator) -> None:
    add(browser, "teekanne")
    before = len(simulator.shop("example").orders)
    answer = browser.post("/storefront/checkout", data={"email": "nobody"})
    assert answer.status_code == 422
    assert "Bitte eine E-Mail-Adresse angeben." in answer.text
    assert len(simulator.shop("example").orders) == before


def test_the_thank_you_page_is_seen_once_and_the_order_page_for_ever(browser: TestClient) -> None:
    add(browser, "teekanne")
    address = buy(browser)
    assert address.endswith("/thank-you")
    assert browser.get(address, follow_redirects=False).status_code == 303
    assert browser.get(address).url == address.removesuffix("/thank-you")
    assert browser.get(f"{address}?again", follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    "deed", ["pay", "refund", "refund_all", "cancel", "fulfil", "deliver", "ask_data", "redact", "nothing"]
)
def test_the_merchants_desk_does_it_or_says_that_shopify_would_not(browser: TestClient, deed: str) -> None:
    add(browser, "teekanne")
    number = buy(browser).split("/")[-2]
    for _ in range(2):
        answer = browser.post(f"/sandbox/orders/{number}/{deed}")
        assert answer.status_code == 200
        told = "Getan." in answer.text or "Shopify hätte das abgelehnt" in answer.text
        assert told is (deed != "nothing")


def test_what_was_done_is_told_by_the_page_though_a_frame_of_the_page_before_comes_first(
    browser: TestClient,
) -> None:
    add(browser, "teekanne")
    number = buy(browser).split("/")[-2]
    done = browser.post(f"/sandbox/orders/{number}/refund", follow_redirects=False)
    target = "customer-account.order-status.block.render"
    assert browser.get(f"/sandbox/extensions/{target}?order={number}").status_code == 200
    assert "Getan." in browser.get(done.headers["location"]).text


def test_a_refund_of_everything_leaves_nothing(browser: TestClient, simulator: Simulator) -> None:
    add(browser, "teekanne", 2)
    number = buy(browser).split("/")[-2]
    browser.post(f"/sandbox/orders/{number}/refund_all")
    body = simulator.shop("example").orders[int(number)].body
    assert body["financial_status"] == "refunded"
    assert body["current_total_price"] == "0.00"


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], audience="client")
    return found


def test_tokens_are_minted_for_whoever_is_there(browser: TestClient, simulator: Simulator) -> None:
    guest = claims(browser.post("/sandbox/tokens/shopper").json()["token"])
    assert "sub" not in guest
    assert guest["dest"] == "example.myshopify.com"
    anna = simulator.customer("anna@example.com")
    browser.post("/storefront/sign-in", data={"customer": str(anna.id)})
    assert claims(browser.post("/sandbox/tokens/shopper").json()["token"])["sub"] == anna.gid
    staff = claims(browser.post("/sandbox/tokens/admin").json()["token"])
    assert staff["iss"] == "https://example.myshopify.com/admin"
    assert staff["exp"] - staff["iat"] == 60


@pytest.mark.parametrize("path", ["/sandbox/tokens/shopper", "/sandbox/tokens/admin"])
def test_a_token_is_not_to_be_had_by_a_link(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/sandbox/static/..%2f..%2fsandbox%2fstate.py",
        "/sandbox/static/../state.py",
        "/sandbox/theme/assets/..%2fshopify.extension.toml",
        "/sandbox/bundles/..%2f..%2fplugin/app.py",
        "/shopifycloud/other.js",
    ],
)
def test_files_are_served_from_their_folders_only(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_scripts_of_the_cdn_are_whole_and_readable_from_anywhere(browser: TestClient) -> None:
    for name in ("app-bridge.js", "polaris-1.js", "polaris.js"):
        answer = browser.get(f"/shopifycloud/{name}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.text.startswith("(() => {")
        assert answer.text.rstrip().endswith("})();")


def test_app_bridge_is_told_which_blocks_and_pages_there_are(browser: TestClient) -> None:
    found = browser.get("/sandbox/app-extensions").json()
    theme = next(one for one in found if one["type"] == "theme_app_extension")
    active = {one["handle"] for one in theme["activations"] if one["status"] == "active"}
    assert "loyalty" in active
    assert all(bool(one["activations"]) is (one["handle"] in active) for one in theme["activations"])
    pages = {
        one["target"] for entry in found if entry["type"] == "ui_extension" for one in entry["activations"]
    }
    assert "purchase.thank-you.block.render" in pages
    browser.post(
        "/admin/themes/current/editor", data={"place": ["coupon/cart", "coupon/nowhere", "evil/cart"]}
    )
    theme = browser.get("/sandbox/app-extensions").json()[0]
    assert {
        one["handle"]: [place["target"] for place in one["activations"]] for one in theme["activations"]
    } == {
        "coupon": ["cart"],
        "delivery": [],
        "loyalty": [],
        "page-end": [],
        "trust": [],
    }


def test_switches_of_the_first_page_hold_for_the_shop(browser: TestClient, simulator: Simulator) -> None:
    form = {"do": "turn", "delay": "1,5", "duplicate": "1", "reorder": "", "drop": "0", "api": "down"}
    assert "Umgeschaltet." in browser.post("/sandbox/days", data=form).text
    switches = simulator.shop("example").switches
    assert (switches.delay, switches.duplicate, switches.reorder, switches.api) == (1.5, 1.0, 0.0, "down")
    assert "drop takes a share" in browser.post("/sandbox/days", data={**form, "drop": "7"}).text
    browser.post("/sandbox/days", data={"do": "reset"})
    assert simulator.shop("example").switches.api == "ok"


def test_theme_and_language_stay_chosen(browser: TestClient) -> None:
    assert 'data-theme="loud"' in browser.get("/storefront?theme=loud&locale=en").text
    page = browser.get("/storefront").text
    assert 'data-theme="loud"' in page
    assert "All pieces" in page
    assert 'data-theme="loud"' in browser.get("/storefront?theme=no-such&locale=xx").text


def test_a_shop_is_given_a_past_whose_parcels_are_told_as_they_travelled(
    browser: TestClient, simulator: Simulator
) -> None:
    before = len(simulator.shop("example").orders)
    assert "300 Bestellungen sind gemeldet" in browser.post("/sandbox/past").text
    orders = list(simulator.shop("example").orders.values())[before:]
    assert len(orders) == 300
    now = simulator.state.now()
    told = [scan for order in orders for scans in order.events.values() for scan in scans]
    assert {scan["status"] for scan in told} == {"in_transit", "delivered"}
    assert all(datetime.fromisoformat(scan["happened_at"]) <= now for scan in told)
    delivered = sum(scan["status"] == "delivered" for scan in told)
    assert 240 < delivered < 299, "some are lost, and some still on their way"
    topics = Counter(delivery.topic for delivery in simulator.deliveries)
    assert topics["fulfillments/create"] > 280
    assert topics["fulfillment_events/create"] == len(told) + 2, "with those of the shop as it was"
    assert all(delivery.headers["X-Shopify-Hmac-Sha256"] for delivery in simulator.deliveries)


def test_the_merchant_hands_over_and_the_carrier_scans_and_delivers(
    browser: TestClient, simulator: Simulator
) -> None:
    add(browser, "teekanne")
    address = buy(browser).removesuffix("/thank-you")
    order = simulator.shop("example").orders[int(address.rsplit("/", 1)[1])]

    def do(deed: str) -> str:
        return browser.post(f"/sandbox/orders/{order.id}/{deed}").text

    assert "hat kein Paket" not in do("fulfil")
    assert "Getan." in do("scan")
    assert "Shopify hätte das abgelehnt" in do("scan")
    assert "Getan." in do("deliver")
    (scans,) = order.events.values()
    assert [scan["status"] for scan in scans] == ["in_transit", "delivered"]


def test_shopifys_page_of_an_order_is_the_one_with_the_merchants_buttons(
    browser: TestClient, simulator: Simulator
) -> None:
    number = next(iter(simulator.shop("example").orders))
    answer = browser.get(f"/admin/orders/{number}")
    assert answer.url.path == f"/storefront/orders/{number}"
    assert "Paketdienst scannt" in answer.text


def test_whoever_comes_back_to_the_admin_by_shopifys_own_address_finds_the_app(browser: TestClient) -> None:
    answer = browser.get("/store/example/apps/client/admin/plan?plan_handle=small", follow_redirects=False)
    assert answer.headers["location"] == "/admin/apps/dankbar/admin/plan?plan_handle=small"
