"""The generic endpoints: every widget as fragment and JSON on the storefront, all of them on order and account pages."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from plugin.errors import Invalid, NotFound
from plugin.guards import Visitor
from plugin.settings_cache import Displayed
from plugin.shops import shop_key
from widgets.action_token import action_token
from widgets.actions import action_routes
from widgets.awaited import order_answer
from widgets.base import Surface, Widget
from widgets.display import Display, display_of, params_of, shopping, visiting
from widgets.fragment import fragment
from widgets.known_order import claim
from widgets.pages import page_routes
from widgets.registry import ALL
from widgets.views import Asked, to_json, view_of, views_of

MOST_NAMES = 20
MAX_ID = 2**63 - 1

PLACES = (Surface.STOREFRONT, Surface.PRODUCT, Surface.CART)
"""Where the storefront can show a widget; without a ``surface`` it is the first of these that the widget has."""

_ID = re.compile(r"[1-9][0-9]{0,18}")


def widget_routes() -> list[Route]:
    """Return the routes of contract section 4 that show widgets; the state's ``widgets`` is a ``Display``."""
    return [
        Route("/proxy/widgets", many_fragments, methods=["GET"]),
        Route("/proxy/widgets/{name}.json", one_view, methods=["GET"]),
        *action_routes(),
        *page_routes(),
        Route("/proxy/widgets/{name}", one_fragment, methods=["GET"]),
        Route("/ext/orders/{id}", order_widgets, methods=["GET"]),
        Route("/ext/account", account_widgets, methods=["GET"]),
    ]


async def one_fragment(request: Request[Any]) -> Response:
    """Answer one widget as HTML; 204 when it has nothing to show."""
    shown, visitor = await visiting(request)
    display, widget = display_of(request), _widget(request.path_params["name"])
    asked = _asked(request, display, shown, visitor, widget)

    def read(conn: Connection) -> str | None:
        ctx, view = view_of(conn, widget, asked)
        return None if view is None else fragment(widget, ctx, view)

    html = await display.db.read(read)
    return Response(status_code=204) if html is None else HTMLResponse(html)


async def one_view(request: Request[Any]) -> Response:
    """Answer one widget's view as JSON; 204 when it has nothing to show."""
    shown, visitor = await visiting(request)
    display, widget = display_of(request), _widget(request.path_params["name"])
    asked = _asked(request, display, shown, visitor, widget)
    _, view = await display.db.read(lambda conn: view_of(conn, widget, asked))
    return Response(status_code=204) if view is None else json_answer(view)


async def many_fragments(request: Request[Any]) -> Response:
    """Answer the fragments of ``names=a,b`` as one JSON object; null for what has nothing to show or does not exist."""
    shown, visitor = await visiting(request)
    display = display_of(request)
    names = dict.fromkeys(name for name in request.query_params.get("names", "").split(",") if name)
    if len(names) > MOST_NAMES:
        raise Invalid("Too many widgets are asked for at once.", fields={"names": "Too many names."})

    def read(conn: Connection) -> dict[str, str | None]:
        found: dict[str, str | None] = dict.fromkeys(names)
        for widget in (ALL[name] for name in names if name in ALL):
            ctx, view = view_of(conn, widget, _asked(request, display, shown, visitor, widget))
            found[widget.name] = None if view is None else fragment(widget, ctx, view)
        return found

    return json_answer(await display.db.read(read))


async def order_widgets(request: Request[Any]) -> Response:
    """Answer all widgets of one order, to whoever proves it; 202 while Shopify has not told us of it."""
    shown, shopper = await shopping(request)
    display, params = display_of(request), params_of(request)
    order_id = _order_id(request.path_params["id"])
    surface = _surface(params.get("surface"), Surface.THANK_YOU, Surface.ORDER_STATUS)
    key = shop_key(display.keyring, shown.shop)
    claimed = claim(key, order_id, params.get("checkout_token", ""), shopper.customer_id)
    now = display.now()
    asked = Asked(
        shown,
        params.get("locale"),
        surface or Surface.THANK_YOU,
        now,
        params=params,
        action_token=_token(display, shown, shopper.customer_id, now),
        key=key,
    )
    address = request.client.host if request.client else ""
    body = await order_answer(display, asked, claimed, address)
    if body is not None:
        return json_answer(body)
    awaited = {"order": {"id": str(order_id), "state": "awaited"}, "widgets": {}}
    return json_answer(awaited, status_code=202, headers={"Retry-After": "2"})


async def account_widgets(request: Request[Any]) -> Response:
    """Answer the signed-in customer's widgets."""
    shown, shopper = await shopping(request, signed_in=True)
    display, params = display_of(request), params_of(request)
    now = display.now()
    asked = Asked(
        shown,
        params.get("locale"),
        Surface.ACCOUNT,
        now,
        customer_id=shopper.customer_id,
        params=params,
        action_token=_token(display, shown, shopper.customer_id, now),
        key=shop_key(display.keyring, shown.shop),
    )
    return json_answer({"widgets": await display.db.read(lambda conn: views_of(conn, asked))})


def json_answer(value: object, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return the value as a JSON response."""
    return Response(to_json(value), status_code, headers, media_type="application/json")


def _asked(
    request: Request[Any], display: Display, shown: Displayed, visitor: Visitor, widget: Widget[Any]
) -> Asked:
    params, now = params_of(request), display.now()
    first = next((place for place in PLACES if place in widget.surfaces), Surface.STOREFRONT)
    customer_id = visitor.customer_id if widget.actions else None
    return Asked(
        shown,
        params.get("locale"),
        _surface(params.get("surface"), *PLACES) or first,
        now,
        customer_id=visitor.customer_id,
        params=params,
        prefix=visitor.path_prefix,
        action_token=_token(display, shown, customer_id, now),
    )


def _token(display: Display, shown: Displayed, customer_id: int | None, now: datetime) -> str | None:
    if customer_id is None:
        return None
    return action_token(shop_key(display.keyring, shown.shop), shown.shop.id, customer_id, now)


def _surface(text: str | None, *allowed: Surface) -> Surface | None:
    if not text:
        return None
    if text not in allowed:
        known = ", ".join(allowed)
        raise Invalid(f"This page can be one of these: {known}.", fields={"surface": "Unknown."})
    return Surface(text)


def _widget(name: str) -> Widget[Any]:
    widget = ALL.get(name)
    if widget is None:
        raise NotFound("There is no such widget.")
    return widget


def _order_id(text: str) -> int:
    if not _ID.fullmatch(text) or int(text) > MAX_ID:
        raise NotFound("There is no such order for this page.")
    return int(text)
