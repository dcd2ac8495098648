"""The shipped blocks as the sandbox's theme renders them."""

import re

import pytest

from sandbox.pages.theme import EXTENSION, Block, Placement, blocks, render, rendered, translated
from sandbox.simulator import Simulator
from sandbox.state import Customer, Shop


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(client_id="c", client_secret="s")


@pytest.fixture
def shop(simulator: Simulator) -> Shop:
    return simulator.shop("example", name="Muster & Söhne")


def block(handle: str) -> Block:
    return next(one for one in blocks() if one.handle == handle)


SENT = {"id": 7, "selected_or_first_available_variant": {"requires_shipping": True}}
"""A product that travels, as Liquid sees it."""


@pytest.fixture
def anna(simulator: Simulator, shop: Shop) -> Customer:
    """Somebody who has bought here."""
    made: Customer = simulator.customer("anna@example.com")
    made.number_of_orders = 1
    return made


def test_every_shipped_block_is_found_and_renders_in_both_languages(shop: Shop, anna: Customer) -> None:
    assert {one.handle for one in blocks()} == {path.stem for path in (EXTENSION / "blocks").glob("*.liquid")}
    for one in blocks():
        for locale in ("de", "en"):
            html = render(one, shop, locale, anna, page={"product": SENT, "page_type": "product"})
            assert "{%" not in html
            assert "{{" not in html
            assert "Translation missing" not in html
            assert f'data-locale="{locale}"' in html
            assert one.name(locale)
            assert not one.name(locale).startswith("t:")


def test_defaults_of_the_schema_hold_until_the_merchant_chooses(shop: Shop) -> None:
    loyalty = block("loyalty")
    assert f'data-proxy="{loyalty.defaults["proxy"]}"' in render(loyalty, shop, "de")
    moved = render(loyalty, shop, "de", settings={"proxy": "/community/danke", "accent": "#ff0000"})
    assert 'data-proxy="/community/danke"' in moved
    assert "--dankbar-accent:#ff0000" in moved


def test_what_a_merchant_types_is_escaped(shop: Shop) -> None:
    html = render(block("loyalty"), shop, "de", settings={"heading": '"><script>alert(1)</script>'})
    assert "<script>alert" not in html


def test_assets_come_from_the_extension(shop: Shop) -> None:
    names = re.findall(r"/sandbox/theme/assets/([\w.-]+)", render(block("loyalty"), shop, "de"))
    assert "dankbar.js" in names
    assert "dankbar.css" in names


def test_little_is_reserved_for_who_is_not_signed_in_or_never_ordered(
    simulator: Simulator, shop: Shop, anna: Customer
) -> None:
    def reserved(customer: Customer | None) -> str:
        html = render(block("loyalty"), shop, "de", customer)
        found = re.search(r"min-height:\s*(.*?);", html)
        assert found is not None
        return " ".join(found[1].split())

    little = reserved(None)
    assert "120px" in little, "one sentence"
    assert reserved(simulator.customer("neu@example.com")) == little
    assert reserved(anna) == "280px", "figures"


def test_a_place_for_a_code_is_kept_where_one_may_wait_and_the_cart_shows_none(
    simulator: Simulator, shop: Shop, anna: Customer
) -> None:
    def place(customer: Customer | None, *codes: str, kind: str = "discount_code", count: int = 1) -> str:
        cart = {
            "item_count": count,
            "discount_applications": [{"type": kind, "title": code} for code in codes],
        }
        return render(block("coupon"), shop, "de", customer, page={"cart": cart}).strip()

    assert place(None) == place(simulator.customer("neu@example.com")) == ""
    assert place(anna, "SOMMER") == ""
    assert "data-dankbar-block" in place(anna, "Mengenrabatt", kind="automatic")
    assert 'data-back="/storefront/cart"' in place(anna)
    assert "data-back" not in place(anna, count=0)
    assert 'href="/apps/dankbar/widgets/coupon?locale=de"' in place(anna), "without JavaScript"
    assert 'href="/apps/dankbar/widgets/trust?locale=de"' in render(block("trust"), shop, "de")


def test_a_delivery_is_asked_for_what_is_sent_to_the_country_of_the_prices(shop: Shop) -> None:
    def place(**page: object) -> str:
        return render(block("delivery"), shop, "de", page={"country": "AT", **page})

    product = place(product=SENT, page_type="product")
    assert 'data-country="AT" data-product="7"' in product
    assert 'href="/apps/dankbar/widgets/delivery?locale=de&amp;country=AT&amp;product=7"' in product
    cart = {"items": [{"product_id": 7}, {"product_id": 9}, {"product_id": 7}], "requires_shipping": True}
    assert 'data-product="7,9"' in place(cart=cart)
    card = {"id": 8, "selected_or_first_available_variant": {"requires_shipping": False}}
    assert place(product=card).strip() == place(cart={**cart, "requires_shipping": False}).strip() == ""


def test_an_app_block_stands_where_it_was_placed_and_nowhere_else(shop: Shop) -> None:
    placement = Placement()
    assert rendered(placement, "index", shop, "de", None)
    placement.choose([("coupon", "product"), ("page-end", "body")])
    assert rendered(placement, "index", shop, "de", None) == []
    assert len(rendered(placement, "product", shop, "de", None)) == 1
    assert 'data-dankbar-block="loyalty"' in rendered(placement, "body", shop, "de", None)[0]
    placement.choose([])
    assert all(rendered(placement, place, shop, "de", None) == [] for place in ("index", "product", "body"))


def test_an_embed_stands_nowhere_until_somebody_turns_it_on() -> None:
    placement = Placement()
    assert all(placement.of(one) == set() for one in blocks() if one.target == "body")


def test_a_text_is_looked_up_in_its_language_then_in_the_default_one() -> None:
    assert translated("de", "en.default", "t:loyalty.plain") != translated(
        "en", "en.default", "t:loyalty.plain"
    )
    assert translated("fr", "en.default", "t:loyalty.plain") == translated(
        "en", "en.default", "t:loyalty.plain"
    )
    assert translated("de", "en.default", "t:no.such") == "Translation missing: no.such"
    assert translated("de", "en.default", "plain") == "plain"
