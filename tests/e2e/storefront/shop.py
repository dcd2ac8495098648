"""A shop's page with our blocks in it, rendered from the real Liquid, and an app proxy that replies as a test says."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import liquid

THEME = Path(__file__).resolve().parents[3] / "extensions" / "theme"
TYPES = {".js": "text/javascript", ".css": "text/css"}

PLAIN = "body{margin:0;font:16px/1.5 sans-serif;color:#1d1b16;background:#fff}"
"""A theme without a will of its own."""

Reply = Callable[["Visit"], tuple[int, str, str]]
"""Status, content type and body for one request to the app proxy."""


def widgets(**fragments: str | None) -> Reply:
    """Reply with these fragments."""
    return lambda visit: (200, "application/json", json.dumps(fragments))


def body(text: str, status: int = 200, kind: str = "application/json") -> Reply:
    """Reply with exactly this."""
    return lambda visit: (status, kind, text)


def fragment(name: str, inner: str) -> str:
    """Return a widget's fragment as the app sends it."""
    return f'<section class="dankbar" id="dankbar-{name}" data-dankbar="{name}" lang="en">{inner}</section>'


@dataclass(frozen=True)
class Visit:
    """One request the shop received."""

    method: str
    path: str
    body: str = ""


@dataclass
class Shop:
    """What the page is made of, and what was asked of the shop."""

    origin: str = ""
    theme: str = PLAIN
    blocks: str = ""
    above: str = "<h1>Shop</h1>"
    below: str = "<p id=below>Below</p>"
    reply: Reply = field(default_factory=widgets)
    visits: list[Visit] = field(default_factory=list)

    def asked(self, part: str) -> list[Visit]:
        """Return the requests whose path holds this."""
        return [visit for visit in self.visits if part in visit.path]

    def page(self) -> str:
        """Return the whole page."""
        return (
            '<!doctype html><html lang="en"><head><title>Shop</title><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
            f"<style>{self.theme}</style></head>"
            f"<body><main>{self.above}{self.blocks}{self.below}</main></body></html>"
        )


def block(
    name: str,
    *,
    design_mode: bool = False,
    locale: str = "en",
    signed_in: bool = True,
    in_cart: int = 0,
    product: int | None = 7,
    **settings: str | int,
) -> str:
    """Return a block as Shopify renders it: its defaults, these settings, and the wrapper around every app block.

    Whoever is signed in has ordered before.
    """
    source = (THEME / "blocks" / f"{name}.liquid").read_text("utf-8")
    liquid_part, schema_part = re.split(r"{% schema %}", source)
    schema = json.loads(schema_part.replace("{% endschema %}", ""))
    defaults = {one["id"]: one["default"] for one in schema["settings"] if "default" in one}
    request = {"locale": {"iso_code": locale}, "design_mode": design_mode}
    customer = {"id": 1, "orders_count": 1} if signed_in else None
    cart = {"item_count": in_cart, "discount_applications": []}
    sent = {"id": product, "selected_or_first_available_variant": {"requires_shipping": True}}
    page = {"product": sent if product else None, "localization": {"country": {"iso_code": "DE"}}}
    rendered = (
        _liquid(locale, {"request": request, "customer": customer, "cart": cart, **page})
        .from_string(liquid_part)
        .render(block={"settings": {**defaults, **settings}})
    )
    return f'<div class="shopify-block shopify-app-block">{rendered}</div>'


def _liquid(locale: str, known: Mapping[str, object]) -> liquid.Environment:
    # Shopify's request and routes are known in every snippet, as an environment's globals are.
    env = liquid.Environment(
        loader=_Snippets(THEME / "snippets"),
        globals={**known, "routes": {"account_url": "/account", "cart_url": "/cart"}},
        undefined=liquid.Undefined,
    )
    texts = json.loads(
        (THEME / "locales" / ("de.json" if locale == "de" else "en.default.json")).read_text("utf-8")
    )
    env.filters["asset_url"] = lambda name, **_: f"/assets/{name}"
    env.filters["t"] = lambda key, **_: _text(texts, str(key))
    return env


class _Snippets(liquid.FileSystemLoader):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ext=".liquid")


def _text(texts: Any, key: str) -> str:
    for part in key.split("."):
        texts = texts[part]
    return str(texts)


@contextmanager
def running(shop: Shop) -> Iterator[Shop]:
    """Serve the shop on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            visit = Visit(self.command, self.path, self.rfile.read(length).decode())
            shop.visits.append(visit)
            status, kind, text = _content(shop, visit)
            raw = text.encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    shop.origin = f"http://127.0.0.1:{server.server_port}"
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _content(shop: Shop, visit: Visit) -> tuple[int, str, str]:
    path = visit.path.partition("?")[0]
    if path == "/":
        return 200, "text/html", shop.page()
    if path.startswith("/assets/"):
        asset = THEME / "assets" / path.removeprefix("/assets/")
        return 200, TYPES[asset.suffix], asset.read_text("utf-8")
    if path.startswith("/apps/"):
        return shop.reply(visit)
    return 404, "text/plain", "Not found"
