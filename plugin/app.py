"""The web application: routes, middleware, error handlers and what lives as long as the process."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from plugin import schema
from plugin.config import Config
from plugin.runtime import Runtime, open_runtime
from plugin.worker import Worker
from widgets.display import STATE, open_display
from widgets.routes import widget_routes
from webhooks.receive import Door, ShopifyWebhooks


def create_app(config: Config, *, with_worker: bool = True) -> Starlette:
    """Return the application; the worker runs inside it unless ``with_worker`` is false."""
    return Starlette(
        routes=[
            Route("/webhooks/shopify", ShopifyWebhooks(config.api_secrets)),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *widget_routes(),
        ],
        lifespan=_lifespan(config, with_worker=with_worker),
    )


def _lifespan(
    config: Config, *, with_worker: bool
) -> Callable[[Starlette], AbstractAsyncContextManager[dict[str, Any]]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        sys.setswitchinterval(0.0005)
        async with open_runtime(config) as runtime:
            display = open_display(config, runtime.db, runtime.keyring, runtime.bells)
            worker = Worker(runtime) if with_worker else None
            running = asyncio.create_task(worker.run()) if worker else None
            try:
                yield {
                    "runtime": runtime,
                    STATE: display,
                    "door": Door(runtime.db, runtime.keyring, runtime.bells),
                }
            finally:
                if worker and running:
                    worker.stop()
                    await running
                await display.close()

    return lifespan


async def healthz(request: Request[Any]) -> Response:
    """Say that the process lives."""
    return PlainTextResponse("ok")


async def readyz(request: Request[Any]) -> Response:
    """Say whether the process can do its work, and which part is missing otherwise."""
    runtime: Runtime = request.state["runtime"]
    missing = []
    try:
        if not await runtime.db.read(schema.is_current):
            missing.append("schema")
    except Exception:  # noqa: BLE001 whatever is wrong with the database, it is not ready
        missing.append("database")
    return JSONResponse(
        {"ready": not missing, "missing": missing, "at": datetime.now(UTC).isoformat()},
        status_code=503 if missing else 200,
    )
