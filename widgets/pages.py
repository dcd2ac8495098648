"""Pages of widgets within the merchant's own theme: Shopify renders what is answered as Liquid, in the theme's layout.

What a page says is never Liquid, whoever wrote it: every brace is written as a character reference.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from plugin.errors import NotFound
from plugin.shops import shop_key
from widgets.base import Page, Surface, Widget
from widgets.display import display_of, params_of, visiting
from widgets.fragment import document
from widgets.registry import ALL
from widgets.views import Asked, context

LIQUID = "application/liquid; charset=utf-8"
STYLE = Path(__file__).parent / "templates" / "page.css"


def page_routes(widgets: Iterable[Widget[Any]] = ALL.values()) -> list[Route]:
    """Return these widgets' pages under ``/proxy/widgets/{name}/{page}``."""
    return [
        Route(f"/proxy/widgets/{widget.name}/{page.path}", _endpoint(widget, page), methods=["GET"])
        for widget in widgets
        for page in widget.pages
    ]


def _endpoint(widget: Widget[Any], page: Page[Any]) -> Any:
    async def show(request: Request[Any]) -> Response:
        shown, visitor = await visiting(request)
        display, params = display_of(request), params_of(request)
        asked = Asked(
            shown,
            params.get("locale") or request.headers.get("accept-language", "").partition(",")[0],
            Surface.STOREFRONT,
            display.now(),
            customer_id=visitor.customer_id,
            params=params,
            prefix=visitor.path_prefix,
            key=shop_key(display.keyring, shown.shop),
        )
        ctx = context(widget, asked, shown.settings)
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


def liquid(html: str) -> Response:
    """Return a page for the theme's layout; nothing in it can be taken for Liquid."""
    body = f"<style>{_style()}</style>\n{without_liquid(html)}"
    return Response(body, media_type=LIQUID)


def without_liquid(html: str) -> str:
    """Return HTML that says the same and holds no brace."""
    return html.replace("{", "&#123;").replace("}", "&#125;")


@cache
def _style() -> str:
    return " ".join(STYLE.read_text(encoding="utf-8").split())
