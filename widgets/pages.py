"""Pages of widgets within the merchant's own theme: Shopify renders what is answered as Liquid, in the theme's layout.

What a page says is never Liquid, whoever wrote it: every brace is written as a character reference.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from plugin.errors import Forbidden, NotFound
from plugin.guards import Visitor
from plugin.settings_cache import Displayed
from plugin.shops import shop_key
from widgets.action_token import action_token
from widgets.base import Context, Page, Surface, Widget
from widgets.display import display_of, params_of, visiting
from widgets.fragment import document
from widgets.registry import ALL
from widgets.views import Asked, context, to_json

LIQUID = "application/liquid; charset=utf-8"
STYLE = Path(__file__).parent / "templates" / "page.css"


def page_routes(widgets: Iterable[Widget[Any]] = ALL.values()) -> list[Route]:
    """Return these widgets' pages under ``/proxy/widgets/{name}/{page}``, their files under ``{page}.json``."""
    pages = [(widget, page) for widget in widgets for page in widget.pages]
    shown = [
        Route(f"/proxy/widgets/{widget.name}/{page.path}", _endpoint(widget, page), methods=["GET"])
        for widget, page in pages
    ]
    files = [
        Route(f"/proxy/widgets/{widget.name}/{page.path}.json", _file(widget, page), methods=["GET"])
        for widget, page in pages
        if page.file is not None
    ]
    return shown + files


def _endpoint(widget: Widget[Any], page: Page[Any]) -> Any:
    async def show(request: Request[Any]) -> Response:
        shown, visitor = await visiting(request)
        display = display_of(request)
        ctx = _context(request, widget, shown, visitor)
        if page.signed_in and visitor.customer_id is None:
            return liquid(document(widget, page, ctx, None))

        def read(conn: Connection) -> object | None:
            found: object | None = page.view(conn, ctx, shown.sections[widget.name])
            return found

        view = await display.db.read(read)
        if view is None:
            raise NotFound(ctx.language.gettext("There is no such page in this shop."))
        html = document(widget, page, ctx, view)
        return liquid(html) if page.in_theme else HTMLResponse(html)

    return show


def _file(widget: Widget[Any], page: Page[Any]) -> Any:
    async def hand_out(request: Request[Any]) -> Response:
        shown, visitor = await visiting(request)
        if visitor.customer_id is None:
            raise Forbidden("Please sign in first.")
        ctx = _context(request, widget, shown, visitor)

        def read(conn: Connection) -> object | None:
            found: object | None = page.file(conn, ctx, shown.sections[widget.name]) if page.file else None
            return found

        body = to_json(await display_of(request).db.read(read))
        headers = {"Content-Disposition": f'attachment; filename="{shown.shop.handle}-{page.path}.json"'}
        return Response(body, headers=headers, media_type="application/json")

    return hand_out


def _context(request: Request[Any], widget: Widget[Any], shown: Displayed, visitor: Visitor) -> Context:
    display, params = display_of(request), params_of(request)
    now, key, customer_id = display.now(), shop_key(display.keyring, shown.shop), visitor.customer_id
    token = None if customer_id is None else action_token(key, shown.shop.id, customer_id, now)
    asked = Asked(
        shown,
        params.get("locale") or request.headers.get("accept-language", "").partition(",")[0],
        Surface.STOREFRONT,
        now,
        customer_id=customer_id,
        params=params,
        prefix=visitor.path_prefix,
        action_token=token if widget.actions else None,
        key=key,
    )
    return context(widget, asked, shown.settings)


def liquid(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page for the theme's layout; nothing in it can be taken for Liquid."""
    body = f"<style>{_style()}</style>\n{without_liquid(html)}"
    return Response(body, status, headers, media_type=LIQUID)


def without_liquid(html: str) -> str:
    """Return HTML that says the same and holds no brace."""
    return html.replace("{", "&#123;").replace("}", "&#125;")


@cache
def _style() -> str:
    return " ".join(STYLE.read_text(encoding="utf-8").split())
