"""Apps on a bad day, on real sockets, and a pocket Shopify of the test's own that points at one of them."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sandbox.pages import PAGES
from sandbox.seed import furnish
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator

Answer = Callable[[BaseHTTPRequestHandler], None]

ERROR_PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><script>document.title='run'</script>"


def garbage(request: BaseHTTPRequestHandler) -> None:
    """Answer everything with somebody's error page, as if all were well."""
    reply(request, 200, "text/html", ERROR_PAGE)


def failing(request: BaseHTTPRequestHandler) -> None:
    """Answer everything with an error."""
    reply(request, 500, "text/html", ERROR_PAGE)


def slow(request: BaseHTTPRequestHandler) -> None:
    """Answer everything after six seconds."""
    time.sleep(6)
    reply(request, 200, "application/json", b"{}")


def interactive(request: BaseHTTPRequestHandler) -> None:
    """Answer a fragment that asks for another by htmx, as widgets with actions do."""
    if "/widgets/loyalty" in request.path:
        body = '<section id="dankbar-loyalty" data-dankbar="loyalty" class="dankbar" lang="de"><h2>Zweiter Stand</h2></section>'
        reply(request, 200, "text/html; charset=utf-8", body.encode())
        return
    fragment = (
        '<section id="dankbar-loyalty" data-dankbar="loyalty" class="dankbar" lang="de"><h2>Erster Stand</h2>'
        '<button type="button" hx-get="/apps/dankbar/widgets/loyalty" hx-target="#dankbar-loyalty" '
        'hx-swap="outerHTML">Weiter</button></section>'
    )
    reply(request, 200, "application/json", json.dumps({"loyalty": fragment, "coupon": None}).encode())


def reply(request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    """Send an answer that any origin may read."""
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.send_header("Access-Control-Allow-Origin", "*")
    request.send_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def app_that(answer: Answer) -> Iterator[str]:
    """Run an app that answers like this; yields its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_OPTIONS(self) -> None:
            reply(self, 204, "text/plain", b"")

        do_POST = do_GET  # noqa: N815 the base class's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the same
            """Keep quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                """A visitor who left."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def nobody() -> Iterator[str]:
    """An origin at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def shop_before(app: str, name: str = "Muster & Söhne") -> Iterator[Simulator]:
    """Run a furnished pocket Shopify whose app is at this origin."""
    with running_sandbox(
        client_id="client-of-tests",
        client_secret="a secret of thirty-two bytes, yes",
        app_url=app,
        pages=PAGES,
    ) as simulator:
        simulator.sender.on_hold = True
        furnish(simulator, "example")
        simulator.shop("example", name=name)
        yield simulator
