"""The checkout: who buys, where it goes, how it is paid; then the order is placed and its webhooks go out."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from sandbox.discounts import Cart, CodeRefused
from sandbox.orders import Payment
from sandbox.pages.shop import FRONT, cart_of, priced
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see
from sandbox.state import Customer

COUNTRIES = ("DE", "AT", "CH", "FR", "NL")


async def _checkout(stay: Stay) -> Response:
    if cart_of(stay) is None:
        return see(f"{FRONT}/cart")
    return _form(stay, {})


async def _place(stay: Stay) -> Response:
    form = await stay.form()
    cart = cart_of(stay)
    if cart is None:
        return see(f"{FRONT}/cart")
    stay.visit.country = form.get("country", "") if form.get("country") in COUNTRIES else "DE"
    if "code" in form:
        stay.visit.code = form["code"].strip() or None
    buyer = stay.customer or _guest(stay, form)
    if form.get("do") == "apply" or buyer is None:
        missing = None if form.get("do") == "apply" else stay.texts("checkout.missing")
        return _form(stay, form, missing)
    ready = replace(cart, customer=buyer, country=stay.visit.country, province=None)
    return _order(stay, form, ready)


def _order(stay: Stay, form: dict[str, str], cart: Cart) -> Response:
    payment: Payment = "pending" if form.get("payment") == "pending" else "paid"
    codes = [stay.visit.code] if stay.visit.code and _takes(stay, cart) else []
    try:
        order = stay.simulator.place_order(
            shop=stay.shop.handle, cart=cart, codes=codes, payment=payment, locale=stay.visit.locale
        )
    except CodeRefused:
        return _form(stay, form)
    stay.visit.cart.clear()
    stay.visit.code = None
    stay.visit.order_id = order.id
    return see(f"{FRONT}/orders/{order.id}/thank-you")


def _takes(stay: Stay, cart: Cart) -> bool:
    """Say whether the code holds for whoever turned out to be the buyer; if not, the order goes without it."""
    try:
        stay.simulator.quote(cart, [stay.visit.code or ""], shop=stay.shop.handle)
    except CodeRefused:
        return False
    return True


def _guest(stay: Stay, form: dict[str, str]) -> Customer | None:
    email = form.get("email", "").strip().lower()
    if "@" not in email or len(email) > 200:
        return None
    return stay.simulator.customer(
        email,
        shop=stay.shop.handle,
        first_name=form.get("first_name", "").strip() or "Gast",
        last_name=form.get("last_name", "").strip() or "Konto",
        locale=stay.visit.locale,
    )


def _form(stay: Stay, form: dict[str, str], missing: str | None = None) -> Response:
    return show(
        stay,
        "checkout.html",
        422 if missing else 200,
        form=form,
        missing=missing,
        countries=COUNTRIES,
        **priced(stay, cart_of(stay)),
    )


ROUTES = (page(f"{FRONT}/checkout", _checkout), page(f"{FRONT}/checkout", _place, "POST"))
