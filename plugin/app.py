"""The web application: routes, middleware, error handlers and what lives as long as the process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from plugin import systemd
from plugin.admin import admin_routes
from plugin.config import Config
from plugin.envelope import Envelope, error_handlers
from plugin.guards import PATCH_PATH
from plugin.readiness import Readiness
from plugin.runtime import open_runtime
from plugin.web import patch_page
from plugin.worker import Worker
from webhooks.receive import Door, ShopifyWebhooks, Webhooks
from widgets.display import STATE, open_display
from widgets.routes import widget_routes

WEBHOOKS = "/webhooks/shopify"
STRIPE_WEBHOOKS = "/webhooks/stripe"

log = structlog.get_logger("plugin.app")


def create_app(config: Config, *, with_worker: bool = True) -> ASGIApp:
    """Return the application; the worker runs inside it unless ``with_worker`` is false."""
    return Front(
        Starlette(
            routes=[
                Route("/healthz", healthz),
                Route("/readyz", readyz),
                Route(PATCH_PATH, patch_page, methods=["GET"]),
                *widget_routes(),
                *admin_routes(),
            ],
            middleware=[Middleware(Envelope, config=config)],
            exception_handlers=error_handlers(),
            lifespan=_lifespan(config, with_worker=with_worker),
        ),
        _doors(config),
    )


def _doors(config: Config) -> Mapping[str, Webhooks]:
    """Return the doors for webhooks by their paths; Stripe has one where it bills, and a 404 elsewhere."""
    doors: dict[str, Webhooks] = {WEBHOOKS: ShopifyWebhooks(config.api_secrets)}
    if config.billing == "stripe":
        from webhooks.stripe import StripeWebhooks

        doors[STRIPE_WEBHOOKS] = StripeWebhooks(config.stripe_webhook_secrets)
    return doors


class Front:
    """Sends webhooks straight to their doors, past everything that only pages need."""

    def __init__(self, pages: ASGIApp, doors: Mapping[str, Webhooks]) -> None:
        self._pages = pages
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        door = self._doors.get(scope["path"]) if scope["type"] == "http" else None
        if door is not None:
            await door(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


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
            log.info("started", database=runtime.db.dialect, worker=with_worker)
            systemd.tell(os.environ, "READY=1")
            try:
                yield {
                    "runtime": runtime,
                    "readiness": Readiness(runtime.db, runtime.keyring),
                    STATE: display,
                    "door": Door(runtime.db, runtime.keyring, runtime.bells),
                }
            finally:
                if worker and running:
                    worker.stop()
                    await running

    return lifespan


async def healthz(request: Request[Any]) -> Response:
    """Say that the process lives."""
    return PlainTextResponse("ok")


async def readyz(request: Request[Any]) -> Response:
    """Say whether the process can do its work, and which part is missing otherwise."""
    readiness: Readiness = request.state["readiness"]
    missing = await readiness.missing()
    return JSONResponse({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)
