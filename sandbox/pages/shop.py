"""The shop: home, products, cart, discount links, signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from sandbox.discounts import Applied, Cart, CodeRefused
from sandbox.pages.theme import CHOSEN, EVERYWHERE, Placement, rendered
from sandbox.pages.view import picture, show
from sandbox.pages.visits import Stay, page, see
from sandbox.state import Product

FRONT = "/storefront"
MOST = 20


def placement_of(stay: Stay) -> Placement:
    """Return where the theme of this sandbox has the app's blocks."""
    state = stay.request.app.state
    if not hasattr(state, "placement"):
        state.placement = Placement()
    found: Placement = state.placement
    return found


def placed(stay: Stay, template: str, product: Product | None = None) -> dict[str, Any]:
    """Return what the app's blocks show on a page: in its section, and at its end."""
    where, chosen = placement_of(stay), CHOSEN[stay.visit.theme]
    seen = {
        "page_type": template,
        "country": stay.visit.country,
        "cart": _cart_seen(stay),
        "product": product
        and {
            "id": product.id,
            "selected_or_first_available_variant": {"requires_shipping": product.requires_shipping},
        },
    }
    who = (stay.shop, stay.visit.locale, stay.customer, chosen, seen)
    return {"blocks": rendered(where, template, *who), "embeds": rendered(where, EVERYWHERE, *who)}


def cart_of(stay: Stay) -> Cart | None:
    """Return the visit's cart, None while it is empty."""
    lines = [
        (stay.shop.products[number], count)
        for number, count in stay.visit.cart.items()
        if number in stay.shop.products and count > 0
    ]
    if not lines:
        return None
    return stay.simulator.cart(
        lines,
        shop=stay.shop.handle,
        customer=stay.customer,
        country=stay.visit.country,
        shipping_title=stay.texts("cart.shipping"),
    )


def priced(stay: Stay, cart: Cart | None) -> dict[str, Any]:
    """Return the cart with what its code takes off, or why it takes off nothing."""
    applied: tuple[Applied, ...] = ()
    refusal = None
    if cart is not None and stay.visit.code:
        try:
            applied = stay.simulator.quote(cart, [stay.visit.code], shop=stay.shop.handle)
        except CodeRefused as refused:
            refusal = stay.texts.refusal(refused)
    goods = sum(line.total for line in cart.lines) if cart else 0
    shipping = (cart.shipping or 0) if cart else 0
    off = sum(one.total for one in applied)
    return {
        "cart": cart,
        "applied": applied,
        "refusal": refusal,
        "goods": goods,
        "off": off,
        "total": goods + shipping - off,
        "picture": picture,
        "title_of": lambda product: title_of(stay, product),
    }


def _cart_seen(stay: Stay) -> dict[str, object]:
    """The cart as the theme's Liquid sees it."""
    cart = cart_of(stay)
    applied = priced(stay, cart)["applied"]
    goods = [line.product for line in cart.lines] if cart else []
    return {
        "item_count": stay.count,
        "items": [{"product_id": one.id} for one in goods],
        "requires_shipping": any(one.requires_shipping for one in goods),
        "discount_applications": [{"type": "discount_code", "title": one.code} for one in applied],
    }


def title_of(stay: Stay, product: Product) -> str:
    """Return a product's name in the visit's language."""
    return stay.texts.goods(product.handle, "title", product.title)


async def _home(stay: Stay) -> Response:
    around = placed(stay, "index")
    closing = [one for one in around["blocks"] if 'data-dankbar-block="trust"' in one]
    return show(stay, "home.html", goods=_cards(stay), closing=closing, **around)


async def _product(stay: Stay) -> Response:
    found = stay.product(stay.request.path_params["handle"])
    if found is None:
        return show(stay, "missing.html", 404, **placed(stay, "404"))
    others = [one for one in _cards(stay) if one["handle"] != found.handle]
    start = len(found.handle) % max(1, len(others))
    around = placed(stay, "product", found)
    return show(
        stay,
        "product.html",
        beside=[one for one in around["blocks"] if 'data-dankbar-block="delivery"' in one],
        product=_card(stay, found),
        others=(others[start:] + others)[:3],
        **around,
    )


async def _cart(stay: Stay) -> Response:
    return show(stay, "cart.html", **priced(stay, cart_of(stay)), **placed(stay, "cart"))


async def _add(stay: Stay) -> Response:
    form = await stay.form()
    found = stay.product(form.get("product", ""))
    if found is not None:
        have = stay.visit.cart.get(found.id, 0)
        stay.visit.cart[found.id] = min(MOST, have + _count(form.get("quantity", "1")))
    return see(f"{FRONT}/cart")


async def _change(stay: Stay) -> Response:
    form = await stay.form()
    found = stay.product(form.get("product", ""))
    count = _count(form.get("quantity", "0"))
    if found is not None and count:
        stay.visit.cart[found.id] = count
    elif found is not None:
        stay.visit.cart.pop(found.id, None)
    return see(f"{FRONT}/cart")


async def _code(stay: Stay) -> Response:
    form = await stay.form()
    stay.visit.code = form.get("code", "").strip() or None
    return see(_local(form.get("back", ""), f"{FRONT}/cart"))


async def _discount(stay: Stay) -> Response:
    """Put a code into the cart and go on, as Shopify's discount links do."""
    stay.visit.code = str(stay.request.path_params["code"])
    stay.visit.notice = stay.texts("cart.taken", code=stay.visit.code)
    wanted = _local(stay.request.query_params.get("redirect", "/"), "/")
    return see(FRONT if wanted == "/" else _in_shop(wanted))


async def _sign_in(stay: Stay) -> Response:
    form = await stay.form()
    number = form.get("customer", "")
    if number.isdigit() and int(number) in stay.shop.customers:
        stay.visit.customer_id = int(number)
    elif "@" in form.get("email", ""):
        made = stay.simulator.customer(
            form["email"].strip().lower(),
            shop=stay.shop.handle,
            first_name=form.get("first_name", "").strip() or "Neu",
            last_name=form.get("last_name", "").strip() or "Hier",
            locale=stay.visit.locale,
        )
        stay.visit.customer_id = made.id
    else:
        stay.visit.customer_id = None
    return see(_local(form.get("back", ""), f"{FRONT}/account"))


def _cards(stay: Stay) -> list[dict[str, object]]:
    goods = [one for one in stay.shop.products.values() if not one.handle.startswith("artikel-zu")]
    return [_card(stay, one) for one in goods]


def _card(stay: Stay, product: Product) -> dict[str, object]:
    return {
        "handle": product.handle,
        "title": title_of(stay, product),
        "blurb": stay.texts.goods(product.handle, "blurb"),
        "text": stay.texts.goods(product.handle, "text"),
        "price": stay.texts.money(product.price),
        "picture": picture(product.handle),
        "gift": product.gift_card,
    }


def _count(text: str) -> int:
    return max(0, min(MOST, int(text))) if text.isdigit() else 0


def _local(address: str, otherwise: str) -> str:
    """Follow an address only within this host."""
    parts = urlsplit(address)
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if safe else otherwise


def _in_shop(path: str) -> str:
    """A path of the shop's own domain, as the sandbox has it."""
    return path if path.startswith((FRONT, "/apps/", "/admin")) else f"{FRONT}{path}"


ROUTES = (
    page(FRONT, _home),
    page(f"{FRONT}/products/{{handle}}", _product),
    page(f"{FRONT}/cart", _cart),
    page(f"{FRONT}/cart/add", _add, "POST"),
    page(f"{FRONT}/cart/change", _change, "POST"),
    page(f"{FRONT}/cart/code", _code, "POST"),
    page(f"{FRONT}/sign-in", _sign_in, "POST"),
    page("/discount/{code}", _discount),
)
