"""The Admin API of a shop over HTTP: its token endpoint and its GraphQL endpoint, good days and bad."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from graphql import DocumentNode, GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox import (
    graph,
    graph_discount_terms,
    graph_discounts,
    graph_metafields,
    graph_orders,
    graph_parcels,
    graph_refunds,
    graph_shop,
    oauth,
)
from sandbox.cost import HIGHEST, refill, requested, throttle_status
from sandbox.discount_jobs import finish_due
from sandbox.faults import Api
from sandbox.graph import Context, Engine
from sandbox.money import Body
from sandbox.schema import admin_schema, required_scopes
from sandbox.state import Customer, Discount, Order, Product, Shop, State

VERSIONS = ("2026-07", "2026-10")
_KINDS = {Customer: "Customer", Order: "Order", Product: "Product", Shop: "Shop"}
_UNAUTHORIZED = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


def _tables() -> graph.Tables:
    merged: dict[str, dict[str, graph.Resolver]] = {}
    for module in (
        graph_orders,
        graph_parcels,
        graph_refunds,
        graph_shop,
        graph_metafields,
        graph_discounts,
        graph_discount_terms,
    ):
        for name, fields in module.TABLES.items():
            merged.setdefault(name, {}).update(fields)
    return {**merged, **graph.SHARED}


def _type_of(value: Any) -> str:
    if isinstance(value, Discount):
        return "DiscountCodeBasic" if value.kind == "basic" else "DiscountCodeFreeShipping"
    if isinstance(value, dict):
        return str(value["_type"])
    return _KINDS[type(value)]


_TABLES = _tables()
ENGINE = Engine(_TABLES, _type_of, graph.only_simulated(_TABLES))


@lru_cache(maxsize=256)
def _checked(version: str, query: str) -> DocumentNode | tuple[GraphQLError, ...]:
    found = graph.checked(ENGINE, admin_schema(version), query)
    return tuple(found) if isinstance(found, list) else found


class BrokenConnection(Response):
    """An answer that stops in the middle: the server closes the connection on it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a body and end without one."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


async def fault(api: Api, seconds: float) -> Response | None:
    """Answer as an API does on such a day; None when it answers after all, ``slow`` after these seconds."""
    if api == "slow":
        await asyncio.sleep(seconds)
    if api == "down":
        return PlainTextResponse("Service Unavailable", 503, headers={"Retry-After": "1"})
    if api == "closed":
        return BrokenConnection()
    if api == "garbage":
        return PlainTextResponse("<!doctype html><title>Something went wrong</title>", media_type="text/html")
    return None


def _shop(request: Request) -> Shop | None:
    state: State = request.app.state.sandbox
    return state.shops.get(request.path_params["shop"].removesuffix(".myshopify.com"))


async def access_token(request: Request) -> Response:
    """Answer the token endpoint; JSON and form bodies alike."""
    shop, state = _shop(request), request.app.state.sandbox
    if shop is None:
        return JSONResponse({"errors": "Not Found"}, 404)
    if (broken := await fault(shop.switches.api, shop.switches.seconds)) is not None:
        return broken
    if shop.switches.api == "throttled":
        return JSONResponse({"errors": "Too many requests"}, 429, {"Retry-After": "1"})
    raw = (await request.body()).decode(errors="replace")
    if "json" in request.headers.get("content-type", ""):
        form = _json(raw) or {}
    else:
        form = dict(parse_qsl(raw, keep_blank_values=True))
    with state.lock:
        status, answer = oauth.grant(state, shop, form)
    return JSONResponse(answer, status)


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request with the state of the shop."""
    shop, state = _shop(request), request.app.state.sandbox
    version = _version(request.path_params["version"])
    if shop is None or version is None:
        return JSONResponse({"errors": "Not Found"}, 404)
    if (broken := await fault(shop.switches.api, shop.switches.seconds)) is not None:
        return broken
    asked = _json((await request.body()).decode(errors="replace"))
    headers = {"X-Shopify-API-Version": version}
    with state.lock:
        now = state.now()
        finish_due(state, shop, now)
        if not oauth.is_live(shop, request.headers.get("x-shopify-access-token", ""), now):
            return JSONResponse(_UNAUTHORIZED, 401, headers)
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400, headers)
        return JSONResponse(answer(state, shop, version, asked), headers=headers)


def answer(state: State, shop: Shop, version: str, asked: Body) -> Body:
    """Check, pay for and execute one request; the caller holds the lock and has checked the token."""
    query, name = asked["query"], asked.get("operationName")
    variables = asked.get("variables") or {}
    shop.api_calls.append(query)
    document = _checked(version, query)
    if not isinstance(document, DocumentNode):
        return {"errors": [error.formatted for error in document]}
    schema, now = admin_schema(version), state.now()
    cost = requested(schema, document, variables, name)
    refill(shop.bucket, now)
    if cost > HIGHEST:
        text = f"Query cost is {cost}, which exceeds the single query max cost limit ({HIGHEST})."
        return _refused(shop, cost, "MAX_COST_EXCEEDED", text)
    if shop.switches.api == "throttled" and cost > shop.bucket.available:
        return _refused(shop, cost, "THROTTLED", "Throttled")
    context = Context(state, shop, now, required_scopes(version))
    result = graph.run(ENGINE, schema, document, context, variables, name)
    shop.bucket.available = max(0.0, shop.bucket.available - cost)
    told: Body = {"data": result.data}
    if result.errors:
        told["errors"] = [error.formatted for error in result.errors]
    told["extensions"] = _extensions(shop, cost, cost)
    return told


def _refused(shop: Shop, cost: int, code: str, text: str) -> Body:
    return {
        "errors": [
            {"message": text, "extensions": {"code": code, "documentation": "https://shopify.dev/api/usage"}}
        ],
        "extensions": _extensions(shop, cost, None),
    }


def _extensions(shop: Shop, cost: int, actual: int | None) -> Body:
    return {
        "cost": {
            "requestedQueryCost": cost,
            "actualQueryCost": actual,
            "throttleStatus": throttle_status(shop.bucket),
        },
    }


def _version(asked: str) -> str | None:
    """Fall forward from versions that have ended to the oldest one kept; refuse those not released yet."""
    if asked in VERSIONS:
        return asked
    return (
        VERSIONS[0]
        if len(asked) == len(VERSIONS[0]) and asked[:4].isdigit() and asked < VERSIONS[0]
        else None
    )


def _json(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


ROUTES = [
    Route("/{shop}/admin/oauth/access_token", access_token, methods=["POST"]),
    Route("/{shop}/admin/api/{version}/graphql.json", graphql, methods=["POST"]),
]
