"""After buying: the thank-you page, the order's own page, the account."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.money import Body, minor, of_set
from sandbox.pages.frames import framed
from sandbox.pages.shop import FRONT
from sandbox.pages.view import picture, show
from sandbox.pages.visits import Stay, page, see
from sandbox.state import Order

THANK_YOU = "purchase.thank-you.block.render"
ORDER_STATUS = "customer-account.order-status.block.render"
PROFILE = "customer-account.profile.block.render"


async def _thank_you(stay: Stay) -> Response:
    """Show the page once to whoever bought; a reload or a return leads to the order's page, as in Shopify."""
    order = stay.order()
    if order is None:
        return _missing(stay)
    again = "again" in stay.request.query_params
    if order.id in stay.visit.thanked and not again:
        return see(f"{FRONT}/orders/{order.id}")
    if order.id == stay.visit.order_id:
        stay.visit.thanked.add(order.id)
    return show(
        stay, "thank_you.html", frame=framed(stay, THANK_YOU, order=order.id), **facts_of(stay, order)
    )


async def _status(stay: Stay) -> Response:
    order = stay.order()
    if order is None:
        return _missing(stay)
    return show(stay, "order.html", frame=framed(stay, ORDER_STATUS, order=order.id), **facts_of(stay, order))


async def _account(stay: Stay) -> Response:
    customer = stay.customer
    if customer is None:
        return show(stay, "sign_in.html", people=list(stay.shop.customers.values())[:12])
    own = [order for order in stay.shop.orders.values() if order.customer_id == customer.id]
    newest = sorted(own, key=lambda order: str(order.body["created_at"]), reverse=True)
    return show(stay, "account.html", orders=[row(stay, one) for one in newest], frame=framed(stay, PROFILE))


async def _own_address(stay: Stay) -> Response:
    """Lead from the address that every shop has to where this one's account is."""
    return see(f"{FRONT}/account")


def facts_of(stay: Stay, order: Order) -> dict[str, Any]:
    """Return what a page about an order is told."""
    body = order.body
    return {
        "order": order,
        "body": body,
        "lines": [_line(stay, line) for line in body["line_items"]],
        "amounts": _amounts(stay, body),
        "parcels": [_parcel(stay, parcel) for parcel in body["fulfillments"]],
        "country": stay.texts(f"country.{body['billing_address']['country_code']}"),
        "row": row(stay, order),
    }


def row(stay: Stay, order: Order) -> dict[str, str]:
    """Return an order in one line."""
    body, texts = order.body, stay.texts
    name = f"{body['customer']['first_name']} {body['customer']['last_name']}" if body["customer"] else ""
    return {
        "id": str(order.id),
        "name": str(body["name"]),
        "day": texts.day(body["created_at"]),
        "moment": texts.moment(body["created_at"]),
        "total": texts.bag(body["current_total_price_set"]),
        "status": texts(f"status.{body['financial_status']}"),
        "tone": str(body["financial_status"]),
        "customer": name or texts("admin.guest"),
        "cancelled": texts("order.cancelled", day=texts.day(body["cancelled_at"]))
        if body["cancelled_at"]
        else "",
    }


def _line(stay: Stay, line: Body) -> dict[str, object]:
    product = stay.shop.products.get(int(line["product_id"]))
    handle = product.handle if product else ""
    price = of_set(line["price_set"])
    return {
        "title": stay.texts.goods(handle, "title", str(line["title"])),
        "picture": picture(handle),
        "quantity": line["quantity"],
        "left": line["current_quantity"],
        "total": stay.texts.money(price * line["quantity"]),
    }


def _amounts(stay: Stay, body: Body) -> list[tuple[str, str]]:
    texts = stay.texts
    rows = [(texts("cart.goods"), texts.bag(body["total_line_items_price_set"]))]
    rows += [
        (
            texts("cart.applied", code=one["code"]),
            f"− {texts.money(minor(one['amount'], stay.shop.currency))}",
        )
        for one in body["discount_codes"]
    ]
    rows.append((texts("cart.shipping"), texts.bag(body["total_shipping_price_set"])))
    rows.append((texts("cart.total"), texts.bag(body["total_price_set"])))
    refunded = of_set(body["total_price_set"]) - of_set(body["current_total_price_set"])
    if refunded > 0:
        rows.append((texts("order.refunded"), f"− {texts.money(refunded)}"))
    return rows


def _parcel(stay: Stay, parcel: Body) -> dict[str, str]:
    known = {"None", "in_transit", "out_for_delivery", "delivered", "failure"}
    status = str(parcel["shipment_status"])
    return {
        "id": str(parcel["id"]),
        "text": stay.texts(
            "order.parcel", number=parcel["tracking_number"], company=parcel["tracking_company"]
        ),
        "status": stay.texts(f"parcel.{status if status in known else 'other'}"),
        "delivered": "yes" if status == "delivered" else "",
    }


def _missing(stay: Stay) -> Response:
    return show(stay, "missing.html", 404, blocks=[], embeds=[])


ROUTES = (
    page(f"{FRONT}/orders/{{id:int}}/thank-you", _thank_you),
    page(f"{FRONT}/orders/{{id:int}}", _status),
    page(f"{FRONT}/account", _account),
    page("/account", _own_address),
)
