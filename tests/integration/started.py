"""The whole application as a process serves it, without a worker, and a client of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from plugin.app import Front, create_app
from plugin.config import Config


@asynccontextmanager
async def started(config: Config) -> AsyncIterator[tuple[Starlette, httpx.AsyncClient]]:
    """Open it, and yield its routes and the client."""
    app = create_app(config, with_worker=False)
    assert isinstance(app, Front)
    pages = app._pages
    assert isinstance(pages, Starlette)
    async with pages.router.lifespan_context(pages) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        transport = httpx.ASGITransport(app=with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            yield pages, client
