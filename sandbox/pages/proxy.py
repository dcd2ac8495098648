"""The app proxy: the shop's own address behind which the app answers, signed as Shopify signs.

Policy on what the visitor sends: reserved names (shop, timestamp, signature, ...) are not removed. It is not documented
whether Shopify removes them; forwarding them is the harder case, and the app has to refuse them itself.
"""

from __future__ import annotations

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.appconfig import read_config
from sandbox.pages.theme import liquid
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page

LIQUID = "application/liquid"
"""An answer of this type is rendered in the theme's layout."""

SECONDS = 10.0
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_NEVER_SENT = frozenset(
    "accept-encoding connection content-length cookie expect host keep-alive proxy-authorization te trailer "
    "transfer-encoding upgrade x-forwarded-for x-forwarded-host x-forwarded-proto".split(),
)
_NEVER_ANSWERED = frozenset(
    "accept-patch accept-ranges connection content-encoding content-length date delta-base im keep-alive p3p pragma "
    "preference-applied proxy-authenticate public-key-pins server service-worker-allowed set-cookie tk trailer "
    "transfer-encoding warning x-powered-by".split(),
)


async def _forward(stay: Stay) -> Response:
    request = stay.request
    path = str(request.path_params["path"])
    address = stay.simulator.proxy_url(
        f"/{path}", request.url.query, shop=stay.shop.handle, customer=stay.customer
    )
    async with httpx.AsyncClient(
        timeout=SECONDS,
        trust_env=False,
        verify=False,  # noqa: S501 loopback
        follow_redirects=True,
    ) as client:
        try:
            answer = await client.request(
                request.method, address, content=await request.body(), headers=_sent(request)
            )
        except httpx.HTTPError:
            return show(stay, "proxy_down.html", 502)
    if answer.headers.get("content-type", "").startswith(LIQUID):
        page = liquid(answer.text, stay.shop, stay.visit.locale, stay.customer)
        return show(stay, "app_page.html", answer.status_code, page=page, blocks=[], embeds=[])
    kept = [(name, value) for name, value in answer.headers.multi_items() if name not in _NEVER_ANSWERED]
    found = Response(answer.content, answer.status_code)
    found.raw_headers = [
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in kept),
        *([] if answer.status_code == 204 else [(b"content-length", str(len(answer.content)).encode())]),
    ]
    return found


def _sent(request: Request) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name not in _NEVER_SENT}
    visitor = request.client.host if request.client else "127.0.0.1"
    host = request.headers.get("host", "")
    return {**kept, "X-Forwarded-Host": host, "X-Forwarded-For": visitor, "Accept-Encoding": "identity"}


ROUTES: tuple[Route, ...] = (page(f"{read_config().proxy_path}/{{path:path}}", _forward, *METHODS),)
