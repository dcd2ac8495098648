"""What every web page shares: the typed request, the merchant's proof and its two ways to be renewed, templates."""

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import parse_qs, quote, unquote_plus

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request as AnyRequest
from starlette.responses import HTMLResponse, Response

from plugin import guards
from plugin.config import Config
from plugin.errors import AppError, Malformed, NotFound, Unauthorized
from plugin.guards import PATCH_PATH, Call, Merchant
from plugin.shopify.names import handle_of

if TYPE_CHECKING:
    from plugin.runtime import Runtime


class State(TypedDict):
    """What the application's lifespan hands to every request."""

    runtime: "Runtime"


if TYPE_CHECKING:
    Request = AnyRequest[State]
else:
    Request = AnyRequest

RETRY = "X-Shopify-Retry-Invalid-Session-Request"
"""The header of a 401 on which App Bridge fetches a new token and asks once more."""

PACKAGE = Path(__file__).resolve().parent
_PLAIN = re.compile(r"[!-~]*")


class Renew(AppError):
    """302: a document came without a good id token; Shopify's page fetches one and comes back."""

    status, code = 302, "renew"

    def __init__(self, location: str) -> None:
        super().__init__("The page opens again in a moment.")
        self.headers = {"Location": location}


class Unproved(Unauthorized):
    """401 of an admin request: App Bridge may try once more with a new token."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {RETRY: "1"}


def call_of(request: AnyRequest[Any]) -> Call:
    """What a guard reads, byte for byte as it arrived; a header sent twice is joined, which no proof survives."""
    path = request.scope.get("raw_path") or quote(request.scope["path"]).encode("ascii")
    query = request.scope["query_string"]
    target = path.partition(b"?")[0] + (b"?" + query if query else b"")
    headers: dict[str, str] = {}
    for raw, value in request.scope["headers"]:
        name = raw.decode("latin-1")
        headers[name] = (
            f"{headers[name]}, {value.decode('latin-1')}" if name in headers else value.decode("latin-1")
        )
    return Call(request.method, target.decode("latin-1"), headers)


def merchant(request: AnyRequest[Any], config: Config) -> Merchant:
    """Prove the shop's staff, before anything else is looked at.

    Raises Renew for a document that a new token can heal, otherwise Unproved.
    """
    call = call_of(request)
    try:
        return guards.merchant(config, call)
    except Unauthorized as error:
        if is_document(request) and _PLAIN.fullmatch(call.target) and _shop(call.query) is not None:
            raise Renew(_patch_location(call)) from error
        raise Unproved(error.message) from error


def is_document(request: AnyRequest[Any]) -> bool:
    """Tell whether the browser loads a page, rather than a script part of one."""
    headers = request.headers
    if request.method != "GET" or "authorization" in headers or "hx-request" in headers:
        return False
    goal = headers.get("sec-fetch-dest")
    return goal in {"document", "iframe"} if goal else "text/html" in headers.get("accept", "")


def is_part(request: AnyRequest[Any]) -> bool:
    """Tell whether htmx asks for a part of a page; anything else gets the whole page."""
    kind = request.headers.get("hx-request-type")
    return kind == "partial" if kind else request.headers.get("hx-request") == "true"


async def patch_page(request: AnyRequest[Any]) -> Response:
    """GET /auth/patch-id-token: App Bridge alone on a page; it fetches a token and loads ``shopify-reload`` with it."""
    config: Config = request.state["runtime"].config
    query = request.scope["query_string"].decode("latin-1")
    handle = _shop(query)
    reload = parse_qs(query).get("shopify-reload", [])
    if handle is None or len(reload) != 1 or not _is_own_path(reload[0]):
        raise Malformed("Please open the app from your Shopify admin.")
    key, script = html.escape(config.api_key), html.escape(f"{config.shopify_cdn}/shopifycloud/app-bridge.js")
    page = f'<!doctype html><meta charset="utf-8"><title>Dankbar</title><script data-api-key="{key}" src="{script}"></script>'
    return HTMLResponse(page, headers=document_headers(config, handle))


async def no_such_page(request: AnyRequest[Any]) -> Response:
    """The last of the admin's routes: 404, but only for those who proved who they are."""
    merchant(request, request.state["runtime"].config)
    raise NotFound("There is no such page.")


def document_headers(config: Config, handle: str) -> dict[str, str]:
    """The headers of every document in the admin: this shop alone may frame it, scripts come from us and Shopify."""
    cdn = config.shopify_cdn
    frames = f"https://{handle}.myshopify.com {config.admin_origin}"
    policy = [
        f"frame-ancestors {frames}",
        f"script-src 'self' {cdn}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
    scripts = "".join(
        f', <{cdn}/shopifycloud/{name}.js>; rel="preload"; as="script"'
        for name in ("app-bridge", "polaris-1")
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Link": f'<{cdn}>; rel="preconnect"{scripts}',
    }


def render(name: str, context: Mapping[str, object]) -> str:
    """Render a template: ``admin/...`` of plugin/templates/admin, ``loyalty/...`` of widgets/loyalty/templates."""
    return templates().get_template(name).render(**context)


@cache
def templates() -> Environment:
    """The templates of the app and of every widget; all output is escaped, a missing name is an error."""
    own = PACKAGE / "templates"
    folders = {folder.name: folder for folder in own.iterdir() if folder.is_dir()} if own.is_dir() else {}
    for folder in (PACKAGE.parent / "widgets").glob("*/templates"):
        folders[folder.parent.name] = folder
    return Environment(
        loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _shop(query: str) -> str | None:
    values = parse_qs(query).get("shop", [])
    return handle_of(values[0]) if len(values) == 1 else None


def _patch_location(call: Call) -> str:
    pairs = [pair for pair in call.query.split("&") if unquote_plus(pair.partition("=")[0]) != "id_token"]
    query = "&".join(pair for pair in pairs if pair)
    path = call.target.partition("?")[0]
    again = quote(f"{path}?{query}" if query else path, safe="")
    return f"{PATCH_PATH}?{query}&shopify-reload={again}" if query else f"{PATCH_PATH}?shopify-reload={again}"


def _is_own_path(path: str) -> bool:
    return bool(re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", path))
