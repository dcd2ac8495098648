"""What is around every answer: a request id, security headers, a bound on bodies, CORS, and errors in one form."""

import html
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from plugin import metrics
from plugin.config import Config
from plugin.errors import AppError, Invalid, TooLarge
from plugin.language import language
from plugin.logs import places
from plugin.outage import is_outage

MOST_BYTES = 2 * 1024 * 1024
"""No body is read beyond this."""

PRIVATE = ("/proxy", "/ext", "/admin", "/auth")
"""Answers under these paths are one person's and never kept by a cache."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

_PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type"),
    (b"access-control-max-age", b"7200"),
]
_CORS: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
]
_ALWAYS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
_NO_STORE: Header = (b"cache-control", b"private, no-store")
_STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000")
_NAMES = {400: "malformed", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}

_log = structlog.get_logger("plugin.web")


class Envelope:
    """Pure ASGI, the outermost layer: no answer leaves without its headers, no exception without an answer."""

    def __init__(self, app: App, config: Config) -> None:
        self._app = app
        self._always = [*_ALWAYS, _STRICT_TRANSPORT] if config.app_url.startswith("https:") else list(_ALWAYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything but HTTP passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        request_id = secrets.token_hex(8)
        extra = [*self._always, (b"x-request-id", request_id.encode())]
        if _is_under(path, "/ext"):
            extra += _CORS
        if path == "/" or any(_is_under(path, prefix) for prefix in PRIVATE):
            extra.append(_NO_STORE)
        started, begun = False, perf_counter()

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                metrics.REQUESTS.labels(metrics.part_of(path), message["status"]).inc()
                metrics.REQUEST_SECONDS.labels(metrics.part_of(path)).observe(perf_counter() - begun)
                message["headers"] = _merged(message.get("headers", []), extra)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            if scope["method"] == "OPTIONS" and _is_under(path, "/ext"):
                await _empty(sending, 204, _PREFLIGHT)
                return
            try:
                await self._app(scope, _bounded(scope, receive), sending)
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001  whatever went wrong, it is answered and logged here
                out = is_outage(error) and isinstance(error, (DBAPIError, ConnectionError))
                words = "database hinders" if out else "unhandled"
                _log.error(words, error=type(error).__name__, at=places(error.__traceback__))
                if started:
                    # The server must cut the connection; what it may log of this is ours to word.
                    raise RuntimeError("an answer broke off after it had begun") from None
                answer = _unavailable(Request(scope)) if out else _broken(Request(scope))
                await answer(scope, receive, sending)


def _unavailable(request: Request[Any]) -> Response:
    text = "The database is busy: please try again in a moment."
    return _answer(request, 503, "unavailable", text, {"Retry-After": "5"})


def _broken(request: Request[Any]) -> Response:
    return _answer(request, 500, "error", "Something went wrong on our side: please try again.")


def error_handlers() -> dict[Any, Callable[[Request[Any], Exception], Response]]:
    """What turns expected errors into answers, for ``Starlette(exception_handlers=...)``."""
    return {AppError: _app_error, HTTPException: _http_error}


def wants_html(request: Request[Any]) -> bool:
    """Tell whether a person looks at the answer in a browser, rather than a script."""
    path = request.scope["path"]
    if _is_under(path, "/ext") or _is_under(path, "/webhooks") or path.endswith(".json"):
        return False
    return "text/html" in request.headers.get("accept", "")


def _app_error(request: Request[Any], error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    headers = dict(getattr(error, "headers", None) or {})
    wait = getattr(error, "retry_after", None)
    if error.status in {429, 503} and "Retry-After" not in headers:
        headers["Retry-After"] = str(max(1, round(wait)) if wait else 1)
    fields = error.fields if isinstance(error, Invalid) else None
    return _answer(request, error.status, error.code, error.message, headers, fields)


def _http_error(request: Request[Any], error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _NAMES.get(error.status_code, "error")
    text = {404: "There is nothing here.", 405: "This address is not asked in this way."}
    message = text.get(error.status_code, "The request cannot be answered.")
    return _answer(request, error.status_code, code, message, dict(error.headers or {}))


def _answer(
    request: Request[Any],
    status: int,
    code: str,
    message: str,
    headers: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
) -> Response:
    if wants_html(request):
        spoken = language(_locale(request), "sie")
        sentence = html.escape(spoken.gettext(message))
        page = f'<!doctype html><html lang="{spoken.tag}"><meta charset="utf-8"><title>Dankbar</title><p>{sentence}</p></html>'
        return HTMLResponse(page, status, headers)
    body: dict[str, object] = {"error": code, "detail": message}
    if fields:
        body["fields"] = fields
    return JSONResponse(body, status, headers)


def _locale(request: Request[Any]) -> str | None:
    asked = parse_qs(request.scope["query_string"].decode("latin-1")).get("locale", [""])[0]
    found = re.match(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*", asked or request.headers.get("accept-language", ""))
    return found[0] if found else None


def _bounded(scope: Scope, receive: Receive) -> Receive:
    announced = max(
        (int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()),
        default=0,
    )
    read = 0

    async def receiving() -> Message:
        nonlocal read
        if announced > MOST_BYTES:
            raise TooLarge(f"The body is longer than {MOST_BYTES} bytes.")
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BYTES:
            raise TooLarge(f"The body is longer than {MOST_BYTES} bytes.")
        return message

    return receiving


def _merged(given: Any, extra: list[Header]) -> list[Header]:
    """Ours first, then the answer's own; of a header that both have, ours counts only where privacy asks for it."""
    kept = [(name.lower(), value) for name, value in given]
    present = {name for name, _ in kept}
    ours = [(name, value) for name, value in extra if name not in present or (name, value) == _NO_STORE]
    if _NO_STORE in ours:
        kept = [(name, value) for name, value in kept if name != b"cache-control"]
    return [*kept, *ours]


async def _empty(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b""})


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
