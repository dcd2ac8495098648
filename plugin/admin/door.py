"""The admin's one door: every path asks for the proof first, whether or not there is a page behind it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from plugin.admin.answer import answer
from plugin.admin.desk import SCOPE, Desk, desk_of
from plugin.errors import AppError
from plugin.language import sentence
from plugin.onboarding import admit
from plugin.runtime import Runtime
from plugin.settings import ShopSettings, versions
from plugin.web import merchant

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SETTING_UP = sentence("We are still asking Shopify about your shop. This page is ready in a moment.")
_NO_PAGE = sentence("There is no such page.")
_BARE = ShopSettings(time_zone="UTC", currency="EUR", active_from="1970-01-01")
"""For the one page that a shop sees before its settings exist."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that did not work, in one sentence; ``waiting`` asks to look again soon."""

    message: str
    waiting: bool = False


class AdminDoor:
    """Proves the merchant, admits the shop (at first sight: installs it), then asks the routes."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._pages = ExceptionMiddleware(
            Router(routes, redirect_slashes=False), handlers={AppError: _refused, HTTPException: _missing}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises Renew and Unproved, which the application renders."""
        request = Request[Any](scope, receive)
        runtime: Runtime = request.state["runtime"]
        proof = merchant(request, runtime.config)
        now = datetime.now(UTC)
        shop = await admit(runtime, proof, now)
        found = await runtime.db.read(lambda conn: versions(conn, [shop.id], [ShopSettings]))
        ready = found.stored(shop.id, ShopSettings)
        own = found.current(shop.id, ShopSettings).value if ready else _BARE
        desk = Desk(runtime, shop, own, proof.user_id, _locale(request), now, dict(request.query_params))
        if not ready:
            problem = Problem(desk.language.gettext(_SETTING_UP), waiting=True)
            await answer(request, desk, "problem", problem)(scope, receive, send)
            return
        scope[SCOPE] = desk
        await self._pages(scope, receive, send)


def _refused(request: Request[Any], error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    return _problem(request, error.message, error.status)


def _missing(request: Request[Any], error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _problem(request, _NO_PAGE, error.status_code)


def _problem(request: Request[Any], message: str, status: int) -> Response:
    desk = desk_of(request)
    return answer(request, desk, "problem", Problem(desk.language.gettext(message)), status=status)


def _locale(request: Request[Any]) -> str:
    asked = request.query_params.get("locale", "")
    return asked if _LOCALE.fullmatch(asked) else "en"
