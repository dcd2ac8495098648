"""The sandbox as an ASGI application, and as a server in a thread of its own for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox import admin_api, partner_api
from sandbox.faults import BadSwitch
from sandbox.schema import admin_schema
from sandbox.simulator import Simulator


def create_sandbox(
    simulator: Simulator,
    *,
    shop: str = "example",
    pages: Sequence[BaseRoute] = (),
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """Build the application around a simulator; ``pages`` come after its own routes.

    ``shop`` is the one that /sandbox.json names. `Simulator` and `State` are at ``app.state.simulator`` and
    ``app.state.sandbox``. ``meanwhile`` runs beside the server, from its start until it ends by itself or is cancelled.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        warm = asyncio.get_running_loop().run_in_executor(None, _warm)
        await simulator.sender.start()
        beside = asyncio.ensure_future(meanwhile()) if meanwhile else None
        try:
            yield
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)
            await simulator.sender.stop()
            await warm

    simulator.shop(shop)
    routes = [
        Route("/sandbox.json", _addresses, methods=["GET"]),
        Route("/sandbox/switches", _switches, methods=["GET", "POST"]),
        *admin_api.ROUTES,
        *partner_api.ROUTES,
        *pages,
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.simulator = simulator
    app.state.sandbox = simulator.state
    app.state.shop = shop
    return app


def _warm() -> None:
    """Build the schema the app is going to ask for first, while the pages already answer."""
    admin_schema(admin_api.VERSIONS[-1])


async def _addresses(request: Request) -> Response:
    simulator: Simulator = request.app.state.simulator
    origin = simulator.origin or str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "app": simulator.state.app_url,
            "storefront": f"{origin}/storefront",
            "admin": f"{origin}/admin",
            "shop": request.app.state.shop,
            "client_id": simulator.state.client_id,
        },
    )


async def _switches(request: Request) -> Response:
    simulator: Simulator = request.app.state.simulator
    given: dict[str, Any] = {}
    if request.method == "POST":
        try:
            given = dict(await request.json())
        except (ValueError, TypeError):
            return JSONResponse({"error": "A JSON object of switches is expected."}, 422)
    shop = str(given.pop("shop", request.query_params.get("shop", request.app.state.shop)))
    if shop not in simulator.state.shops:
        return JSONResponse({"error": f"There is no shop {shop}."}, 404)
    try:
        simulator.switch(shop, **given)
    except BadSwitch as error:
        return JSONResponse({"error": str(error)}, 422)
    switches = simulator.state.shops[shop].switches
    return JSONResponse({"shop": shop, **{name: getattr(switches, name) for name in switches.__slots__}})


@contextmanager
def running_sandbox(
    *,
    client_id: str,
    client_secret: str,
    app_url: str | None = None,
    shop: str = "example",
    port: int = 0,
    pages: Sequence[BaseRoute] = (),
    furnish: Callable[[Starlette], None] | None = None,
    **options: Any,
) -> Iterator[Simulator]:
    """Run a sandbox on a free loopback port in a thread; yields its simulator, with ``origin`` set.

    The app's address may be told later by `Simulator.point_at`; until then webhooks wait. ``furnish`` is handed
    the application before it serves; ``options`` go to `Simulator`.
    """
    simulator = Simulator(client_id=client_id, client_secret=client_secret, app_url=app_url, **options)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        simulator.state.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_sandbox(simulator, shop=shop, pages=pages)
        if furnish is not None:
            furnish(app)
        server = _Server(app)
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        thread.start()
        try:
            server.ready.wait(20)
            yield simulator
        finally:
            server.should_exit = True
            thread.join(20)


class _Server(uvicorn.Server):
    """A server that says when it listens and leaves the process's signals alone."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="critical",
                ws="none",
                proxy_headers=False,
                lifespan="on",
                timeout_graceful_shutdown=1,
            ),
        )
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
