"""The admin in a real browser: the app on a port of its own, and App Bridge as far as its pages ask for it."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import uvicorn
from playwright.sync_api import Page, Route
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.routing import Route as Mounted

import widgets
from plugin import settings
from plugin.admin import admin_routes
from plugin.billing.protocol import Billing
from plugin.config import Config
from plugin.database import Database, open_database
from plugin.envelope import Envelope, error_handlers
from plugin.guards import PATCH_PATH
from plugin.runtime import open_runtime
from plugin.settings import Section, Version
from plugin.shops import find_shop
from plugin.web import patch_page
from sandbox import tokens
from tests.integration.widgets.stage import CLIENT, SECRET, install

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[3]
POLARIS = ROOT / "sandbox/static/polaris"
CDN = "https://cdn.shopify.com/shopifycloud/"

BRIDGE = """
window.told = [];
const tell = (name) => async (...facts) => { window.told.push([name, ...facts]); };
window.shopify = {
  idToken: () => window.mint(),
  toast: {show: tell('toast')},
  saveBar: {hide: tell('hide'), leaveConfirmation: tell('leave')},
  loading: tell('loading'),
  scopes: {request: async (scopes) => { window.told.push(['scopes', ...scopes]); return {result: 'granted-all'}; }},
  app: {extensions: async () => window.placed},
};
customElements.define('s-app-nav', class extends HTMLElement {
  connectedCallback() { this.style.display = 'none'; }
});
"""
"""What of App Bridge the pages use; ``told`` remembers what it was asked for."""

SHIFTS = """
window.shift = 0; window.faults = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
addEventListener('error', (event) => window.faults.push(String(event.message)));
addEventListener('unhandledrejection', (event) => window.faults.push(String(event.reason)));
addEventListener('securitypolicyviolation', (event) => window.faults.push(event.violatedDirective));
"""


@dataclass
class Office:
    """A running app with the shop ``example``; ``stale`` tokens are handed out expired."""

    origin: str
    config: Config
    stale: int = 0
    minted: int = 0
    elsewhere: list[str] = field(default_factory=list)

    def token(self) -> str:
        self.minted += 1
        late = timedelta(minutes=5) if self.stale else timedelta()
        self.stale = max(0, self.stale - 1)
        return tokens.admin_token(
            SECRET,
            client_id=CLIENT,
            shop_domain="example.myshopify.com",
            user_id=42,
            now=datetime.now(UTC) - late,
        )

    def address(self, path: str, **query: str) -> str:
        known = {"shop": "example.myshopify.com", "host": "YWRtaW4", "locale": "de", "embedded": "1"}
        return f"{self.origin}{path}?{urlencode({**known, 'id_token': self.token(), **query})}"

    def enter(self, page: Page, path: str = "/", placed: str = "[]", **query: str) -> None:
        """Open a document in this page, with Shopify's two scripts in place."""
        polaris = "".join(part.read_text("utf-8") for part in sorted(POLARIS.glob("*.js")))

        def cdn(route: Route) -> None:
            name = route.request.url.removeprefix(CDN)
            body = BRIDGE if name == "app-bridge.js" else f"(() => {{{polaris}}})()"
            route.fulfill(body=body, content_type="text/javascript")

        page.route(f"{CDN}**", cdn)
        page.on("request", self._note)
        page.add_init_script(SHIFTS + f"window.placed = {placed};")
        page.expose_function("mint", self.token)
        page.goto(self.address(path, **query))

    def current(self, section: str) -> Version[Section]:
        return _aside(_current(self.config, section))

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run this in a transaction of the app's database."""
        return _aside(_write(self.config, work))

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.origin, CDN)):
            self.elsewhere.append(request.url)


async def _current(config: Config, section: str) -> Version[Section]:
    model = widgets.SECTIONS[section]

    def work(conn: Connection) -> Version[Section]:
        shop = find_shop(conn, "example")
        assert shop is not None
        return settings.versions(conn, [shop.id], [model]).current(shop.id, model)

    db = await open_database(config.database_url)
    try:
        return await db.read(work)
    finally:
        await db.close()


async def _write(config: Config, work: Callable[[Connection], T]) -> T:
    db = await open_database(config.database_url)
    try:
        return await db.write(work)
    finally:
        await db.close()


async def _furnish(config: Config, now: datetime) -> None:
    async with open_runtime(config) as runtime:

        def work(conn: Connection) -> None:
            install(conn, "example", runtime.keyring, now)

        await runtime.db.write(work)


def furnish(config: Config, ago: timedelta = timedelta(minutes=1)) -> None:
    """Make a database with the shop ``example``, which was installed so long ago."""
    _aside(_furnish(config, datetime.now(UTC) - ago))


def _aside(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: the browser's driver has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def running(config: Config, billing: Callable[[Database], Billing] | None = None) -> Iterator[Office]:
    """Run the app on a free port until the block ends, billed by whoever the configuration names or ``billing`` makes."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with open_runtime(config) as runtime:
            yield {"runtime": replace(runtime, billing=billing(runtime.db)) if billing else runtime}

    routes = [Mounted(PATCH_PATH, patch_page), *admin_routes()]
    inner = Starlette(routes=routes, lifespan=lifespan, exception_handlers=error_handlers())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        options = uvicorn.Config(Envelope(inner, config), log_level="error", lifespan="on")
        server = uvicorn.Server(options)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        try:
            yield Office(f"http://127.0.0.1:{port}", config)
        finally:
            server.should_exit = True
            thread.join(10)
