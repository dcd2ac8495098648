"""What shoppers do: a form from the shop's own page, proved, run in one transaction (semantics D 26)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Connection
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Mounted

from plugin.errors import AppError, Forbidden, Invalid, TooLarge, TooMany
from plugin.language import sentence
from plugin.settings import Section, ShopSettings, versions
from plugin.shops import Shop, shop_key
from widgets.action_token import action_token, action_token_ok
from widgets.base import Context, Page, Route, Surface, Widget
from widgets.display import display_of, params_of, visiting
from widgets.fragment import document, fragment
from widgets.pages import liquid
from widgets.registry import ALL
from widgets.views import Asked, context, to_json, view_of

MOST_BYTES = 16 * 1024
MOST_FIELDS = 50
TASKS_BELL = "tasks"

SHOWN = frozenset({403, 404, 409, 422, 429})
"""Refusals that are said in words within the widget, as it is now, to whoever did not ask for JSON."""

TOO_OLD = sentence("This page was open for a long time. Please try once more.")


def action_routes(widgets: Iterable[Widget[Any]] = ALL.values()) -> list[Mounted]:
    """Return these widgets' actions under ``/proxy/widgets/{name}``."""
    return [
        Mounted(f"/proxy/widgets/{widget.name}{route.path}", _endpoint(widget, route), methods=route.methods)
        for widget in widgets
        for route in widget.actions
    ]


def _endpoint(widget: Widget[Any], route: Route[Any]) -> Any:
    async def act(request: Request[Any]) -> Response:
        shown, visitor = await visiting(request)
        display, shop, now = display_of(request), shown.shop, display_of(request).now()
        check_origin(request.headers, shop)
        if visitor.customer_id is None:
            raise Forbidden("Please sign in first.")
        customer_id, key = visitor.customer_id, shop_key(display.keyring, shop)
        asked = Asked(
            shown,
            params_of(request).get("locale"),
            _place(widget),
            now,
            customer_id=visitor.customer_id,
            params=params_of(request),
            prefix=visitor.path_prefix,
            action_token=action_token(key, shop.id, customer_id, now),
            key=key if route.page else b"",
        )

        async def allowed() -> Mapping[str, str]:
            await display.rates.admit(route.per_minute, 60, route.path, shop.handle, str(customer_id))
            form = await _form(request)
            if not action_token_ok(key, shop.id, customer_id, form.get("action_token", ""), now):
                raise Forbidden(TOO_OLD)
            return form

        def work(conn: Connection, form: Mapping[str, str]) -> tuple[object, Asked]:
            found = versions(conn, [shop.id], [ShopSettings, widget.settings])
            shop_settings = found.current(shop.id, ShopSettings).value
            own: Section = found.current(shop.id, widget.settings).value
            outcome = route.run(conn, context(widget, asked, shop_settings), own, form)
            sections = {**shown.sections, widget.name: own}
            return outcome, replace(asked, shown=replace(shown, settings=shop_settings, sections=sections))

        async def shown_again(
            anew: Asked, outcome: object = None, status: int = 200, problem: str | None = None
        ) -> Response:
            page = next((one for one in widget.pages if one.path == route.page), None)
            ctx, view = await display.db.read(lambda conn: _view(conn, widget, page, anew))
            if view is None:
                return Response(status_code=204 if status == 200 else status)
            said = None if problem is None else ctx.language.gettext(problem)
            headers = {"Retry-After": "1"} if status == TooMany.status else None
            if page is not None:
                return liquid(document(widget, page, ctx, view, outcome, said), status, headers)
            return HTMLResponse(fragment(widget, ctx, view, outcome, said), status, headers)

        in_json = "application/json" in request.headers.get("accept", "")
        try:
            form = await allowed()
            outcome, fresh = await display.db.write(lambda conn: work(conn, form))
        except AppError as refused:
            if in_json or refused.status not in SHOWN:
                raise
            return await shown_again(asked, status=refused.status, problem=refused.message)
        display.bells.ring(TASKS_BELL)
        if in_json:
            return Response(to_json(outcome), media_type="application/json")
        return await shown_again(fresh, outcome)

    return act


def _view(
    conn: Connection, widget: Widget[Any], page: Page[Any] | None, asked: Asked
) -> tuple[Context, object | None]:
    if page is None:
        return view_of(conn, widget, asked)
    ctx = context(widget, asked, asked.shown.settings)
    return ctx, page.view(conn, ctx, asked.shown.sections[widget.name])


def check_origin(headers: Headers, shop: Shop) -> None:
    """Raise Forbidden when the browser says that another site's page sent this; what it leaves out proves nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise Forbidden("This can only be done on the shop's own page.")
    origin = headers.get("origin")
    if origin is None:
        return
    own = {shop.host.lower(), shop.domain.lower(), headers.get("x-forwarded-host", "").lower()}
    if origin.lower().removeprefix("https://").removeprefix("http://") not in own - {""}:
        raise Forbidden("This can only be done on the shop's own page.")


async def _form(request: Request[Any]) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid("Please send a form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge("This form is too large.")
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("This form cannot be read.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Invalid("A field of this form is given twice.")
    return form


def _place(widget: Widget[Any]) -> Surface:
    return Surface.STOREFRONT if Surface.STOREFRONT in widget.surfaces else min(widget.surfaces)
