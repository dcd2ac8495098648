"""The admin: a frame around the app's home as Shopify's is, with fresh tokens, and a list of orders."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.pages.frames import targets
from sandbox.pages.orders import row
from sandbox.pages.shop import FRONT, placement_of
from sandbox.pages.theme import blocks
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see

APPENDED = ("plan_handle",)
"""What an address of the app in the admin may carry into the frame, beside what every one has."""

THEME_ID = "gid://shopify/OnlineStoreTheme/828155753"


async def _admin(stay: Stay) -> Response:
    """Frame the app at its home, or at the path behind /admin/apps/dankbar."""
    path = "/" + str(stay.request.path_params.get("path", ""))
    asked = stay.request.query_params
    more = {name: asked[name] for name in APPENDED if name in asked}
    home = stay.simulator.app_home_url(stay.shop.handle, path, locale=stay.visit.locale, **more)
    return show(
        stay,
        "admin.html",
        home=home,
        section="app",
        base=f"/admin/apps/{stay.simulator.state.config.proxy_subpath}",
        app_name=stay.simulator.state.config.name,
    )


async def _store(stay: Stay) -> Response:
    """Take up the admin's address as Shopify writes it, by which whoever was elsewhere comes back."""
    query = stay.request.url.query
    base = f"/admin/apps/{stay.simulator.state.config.proxy_subpath}/{stay.request.path_params['path']}"
    return see(f"{base}?{query}" if query else base)


async def _orders(stay: Stay) -> Response:
    newest = sorted(stay.shop.orders.values(), key=lambda one: str(one.body["created_at"]), reverse=True)
    return show(stay, "admin_orders.html", orders=[row(stay, one) for one in newest[:100]], section="orders")


async def _order(stay: Stay) -> Response:
    """Lead to the order's page in the shop, beside which the merchant's buttons stand."""
    return see(f"{FRONT}/orders/{stay.request.path_params['id']}")


async def _token(stay: Stay) -> Response:
    """Mint an id token for the framed app, good for a minute."""
    token = stay.simulator.id_token(stay.shop.handle)
    return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})


async def _scopes(stay: Stay) -> Response:
    """Grant what App Bridge's ``scopes.request()`` asked for, of the optional scopes that the app declares."""
    asked = stay.request.query_params.get("scopes", "").split(",")
    optional = stay.simulator.state.config.optional_scopes
    if any(one not in optional for one in asked):
        return JSONResponse({"result": "declined-all"}, status_code=422)
    granted = dict.fromkeys((*stay.shop.scopes, *asked))
    stay.simulator.grant_scopes(granted, shop=stay.shop.handle)
    return JSONResponse({"result": "granted-all"})


async def _extensions(stay: Stay) -> Response:
    """Answer what App Bridge's ``app.extensions()`` does: which blocks stand in the published theme."""
    where = placement_of(stay)
    theme = [
        {
            "handle": block.handle,
            "name": block.name(stay.visit.locale),
            "target": block.target,
            "status": "active" if where.of(block) else "available",
            "activations": [{"target": place, "themeId": THEME_ID} for place in sorted(where.of(block))],
        }
        for block in blocks()
    ]
    found: list[dict[str, Any]] = [
        {"handle": "storefront", "type": "theme_app_extension", "activations": theme}
    ]
    by_handle: dict[str, list[dict[str, str]]] = {}
    for target in targets().values():
        by_handle.setdefault(target.handle, []).append({"target": target.name})
    found += [
        {"handle": handle, "type": "ui_extension", "activations": activations}
        for handle, activations in by_handle.items()
    ]
    return JSONResponse(found)


ROUTES = (
    page("/admin", _admin),
    page("/admin/orders", _orders),
    page("/admin/orders/{id:int}", _order),
    page("/admin/apps/{app}", _admin),
    page("/admin/apps/{app}/{path:path}", _admin),
    page("/store/{store}/apps/{app}/{path:path}", _store),
    page("/sandbox/tokens/admin", _token, "POST"),
    page("/sandbox/scopes", _scopes, "POST"),
    page("/sandbox/app-extensions", _extensions),
)
