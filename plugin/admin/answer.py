"""A page or a part of one: the view is the same, and one function decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import widgets
from plugin.admin.assets import address
from plugin.admin.desk import Desk
from plugin.web import document_headers, is_part, render

TOAST = "Dankbar-Toast"
"""A header with one percent-encoded sentence, which the page shows for a moment."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation."""

    title: str
    href: str


def answer(
    request: Request[Any],
    desk: Desk,
    part: str,
    view: object,
    *,
    status: int = 200,
    toast: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Render ``admin/_{part}.html``: alone when htmx asks for a part of a page, otherwise inside the document.

    Templates see ``view``, ``desk``, ``language``, ``_``, ``ngettext``, ``asset`` and ``answered``, the part asked for.
    """
    alone = is_part(request)
    language = desk.language
    context = {
        "view": view,
        "desk": desk,
        "language": language,
        "_": language.gettext,
        "ngettext": language.ngettext,
        "asset": address,
        "answered": part,
    }
    sent = {"Vary": "HX-Request-Type", **({TOAST: quote(toast)} if toast else {}), **headers}
    if alone:
        return HTMLResponse(render(f"admin/_{part}.html", context), status, sent)
    frame = {"config": desk.runtime.config, "part": f"admin/_{part}.html", "navigation": navigation(desk)}
    sent |= document_headers(desk.runtime.config, desk.shop.handle)
    return HTMLResponse(render("admin/document.html", {**context, **frame}), status, sent)


def navigation(desk: Desk) -> tuple[Link, ...]:
    """Every page but the home, which Shopify links by itself."""
    gettext = desk.language.gettext
    own = [
        Link(desk.of_widget(name).gettext(widget.title), desk.link(f"/admin/widgets/{name}"))
        for name, widget in widgets.ALL.items()
    ]
    rest = [
        Link(gettext("Points ledger"), desk.link("/admin/ledger")),
        Link(gettext("Personal data"), desk.link("/admin/privacy")),
        Link(gettext("Shop"), desk.link("/admin/shop")),
        Link(gettext("Plan"), desk.link("/admin/plan")),
    ]
    return (*own, *rest)
