"""The Partner API over HTTP, as far as an app asks it about its subscriptions.

By Shopify's documentation (https://shopify.dev/docs/api/partner/latest): ``POST
https://partners.shopify.com/{organization}/api/{version}/graphql.json`` with ``X-Shopify-Access-Token``; 4 requests a
second for each API client, then 429; 401 for a client or an organisation that is not known, 404 for no such version.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import admin_api, graph, graph_pricing
from sandbox.graph import Context, Engine
from sandbox.money import Body
from sandbox.schema import partner_schema
from sandbox.state import State

PREFIX = "/partners"
"""Where the pocket Shopify stands for partners.shopify.com."""

VERSIONS = ("2026-07",)
A_SECOND = 4
_TABLES = {**graph_pricing.TABLES, **graph.SHARED}
ENGINE = Engine(_TABLES, graph_pricing.type_of, graph.only_simulated(_TABLES))


async def graphql(request: Request) -> Response:
    """Answer one request of the organisation's API client."""
    state: State = request.app.state.sandbox
    version = request.path_params["version"]
    if version not in VERSIONS:
        return _refused(404, "Not Found")
    switches = next((one.switches for one in state.shops.values() if one.switches.partner != "ok"), None)
    if switches is not None and (broken := await admin_api.fault(switches.partner, switches.seconds)):
        return broken
    raw = (await request.body()).decode(errors="replace")
    with state.lock:
        token = request.headers.get("x-shopify-access-token", "")
        if (request.path_params["org"], token) != (state.partner.org, state.partner.token):
            return _refused(401, "Invalid API client or organization")
        if (switches is not None and switches.partner == "throttled") or _is_too_much(state, state.now()):
            return _refused(429, "Too many requests")
        asked = _asked(raw)
        return _refused(400, "Bad Request") if asked is None else JSONResponse(answer(state, version, asked))


def answer(state: State, version: str, asked: Body) -> Body:
    """Check and execute one request; the caller holds the lock and has checked the token."""
    state.partner.calls.append(asked["query"])
    document = _checked(version, asked["query"])
    if not isinstance(document, DocumentNode):
        return {"errors": [error.formatted for error in document]}
    now = state.now()
    context = Context(state, next(iter(state.shops.values())), now, {})
    variables, name = asked.get("variables") or {}, asked.get("operationName")
    result = graph.run(ENGINE, partner_schema(version), document, context, variables, name)
    errors = [error.formatted for error in result.errors or ()]
    return {"data": result.data, **({"errors": errors} if errors else {})}


@lru_cache(maxsize=64)
def _checked(version: str, query: str) -> DocumentNode | tuple[GraphQLError, ...]:
    found = graph.checked(ENGINE, partner_schema(version), query)
    return tuple(found) if isinstance(found, list) else found


def _is_too_much(state: State, now: datetime) -> bool:
    recent = [moment for moment in state.partner.asked if now - moment < timedelta(seconds=1)]
    state.partner.asked = [*recent, now] if len(recent) < A_SECOND else recent
    return len(recent) >= A_SECOND


def _asked(raw: str) -> Body | None:
    try:
        found: Any = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("query"), str) else None


def _refused(status: int, text: str) -> JSONResponse:
    return JSONResponse({"errors": [{"message": text}]}, status)


ROUTES = [Route(PREFIX + "/{org}/api/{version}/graphql.json", graphql, methods=["POST"])]
