"""A shop's token endpoint and Admin API as small as they can be, over real HTTP, with a script of bad answers."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.ports import free_port

Answer = Callable[[Request], Awaitable[Response]]


@dataclass
class ShopServer:
    """Counts what it is asked; ``script`` holds answers to give before the ordinary ones, first in first out."""

    origin: str = ""
    grants: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    tokens_seen: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    refreshable: set[str] = field(default_factory=set)
    token_script: list[Answer] = field(default_factory=list)
    api_script: list[Answer] = field(default_factory=list)
    refresh_seconds: float = 0.0
    refreshing: asyncio.Event = field(default_factory=asyncio.Event)
    data: dict[str, Any] = field(default_factory=lambda: {"shop": {"name": "Example"}})
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def pair(self, *, expires_in: int = 3600) -> dict[str, Any]:
        number = next(self._numbers)
        self.live.add(f"shpat_{number}")
        self.refreshable.add(f"shprt_{number}")
        return {
            "access_token": f"shpat_{number}",
            "refresh_token": f"shprt_{number}",
            "expires_in": expires_in,
            "refresh_token_expires_in": 7776000,
            "scope": "read_orders,write_discounts",
        }

    async def grant(self, request: Request) -> Response:
        form = await request.json()
        self.grants.append(form)
        self.hosts.append(request.headers["host"])
        if self.token_script:
            return await self.token_script.pop(0)(request)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refreshable:
                return JSONResponse({"error": "invalid_grant"}, 400)
            self.refreshing.set()
            await asyncio.sleep(self.refresh_seconds)
            self.refreshable.discard(form["refresh_token"])
            return JSONResponse(self.pair())
        if form["subject_token"].count(".") != 2 or form["expiring"] != 1:
            return JSONResponse({"error": "invalid_subject_token"}, 400)
        return JSONResponse(self.pair())

    async def graphql(self, request: Request) -> Response:
        self.calls.append(await request.json())
        token = request.headers["x-shopify-access-token"]
        self.tokens_seen.append(token)
        if self.api_script:
            return await self.api_script.pop(0)(request)
        if token not in self.live:
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        return JSONResponse({"data": self.data, "extensions": {"cost": cost()}})


def cost(available: int = 1900, requested: int = 10) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0}
    return {"requestedQueryCost": requested, "actualQueryCost": 2, "throttleStatus": status}


def says(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    async def answer(_: Request) -> Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, headers, media_type="application/json")

    return answer


class _Server(uvicorn.Server):
    """Says when it listens, and leaves the test runner's signals alone."""

    def __init__(self, settings: uvicorn.Config) -> None:
        super().__init__(settings)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def shop_server() -> AsyncIterator[ShopServer]:
    """Serve on a free loopback port for as long as the block runs."""
    shop, port = ShopServer(), free_port()
    routes = [
        Route("/{shop}/admin/oauth/access_token", shop.grant, methods=["POST"]),
        Route("/{shop}/admin/api/2026-10/graphql.json", shop.graphql, methods=["POST"]),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), port=port, log_level="critical", ws="none", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    running = asyncio.create_task(server._serve())
    await server.ready.wait()
    shop.origin = f"http://127.0.0.1:{port}"
    try:
        yield shop
    finally:
        server.should_exit = True
        await running
