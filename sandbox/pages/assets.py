"""Files: the sandbox's own, the theme extension's assets, the built bundles, and the two scripts of Shopify's CDN."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.pages.theme import EXTENSION

OWN = Path(__file__).resolve().parent.parent / "static"
BUNDLES = EXTENSION.parent
SHOPIFY_CDN = {"app-bridge.js": "bridge", "polaris-1.js": "polaris", "polaris.js": "polaris"}

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}


def _file(path: Path, folder: Path) -> Response:
    """Answer a file inside a folder, readable from a frame that has no origin of its own."""
    inside = path.resolve().is_relative_to(folder.resolve())
    kind = _TYPES.get(path.suffix)
    if not inside or kind is None or not path.is_file():
        return PlainTextResponse("Not found", 404)
    return _answer(path.read_bytes(), kind)


def _answer(content: bytes, kind: str) -> Response:
    headers = {"Content-Type": kind, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    return Response(content, headers=headers)


async def _own(request: Request) -> Response:
    return _file(OWN / str(request.path_params["path"]), OWN)


async def _theme(request: Request) -> Response:
    return _file(EXTENSION / "assets" / str(request.path_params["name"]), EXTENSION / "assets")


async def _bundle(request: Request) -> Response:
    folder = BUNDLES / str(request.path_params["folder"]) / "dist"
    return _file(folder / str(request.path_params["name"]), folder)


async def _cdn(request: Request) -> Response:
    """Answer a script of Shopify's CDN: its parts in the order of their names, in one scope."""
    folder = SHOPIFY_CDN.get(str(request.path_params["name"]))
    if folder is None:
        return PlainTextResponse("Not found", 404)
    parts = [path.read_text(encoding="utf-8") for path in sorted((OWN / folder).glob("*.js"))]
    whole = "(() => {\n'use strict';\n" + "\n".join(parts) + "\n})();\n"
    return _answer(whole.encode(), _TYPES[".js"])


ROUTES = (
    Route("/sandbox/static/{path:path}", _own, methods=["GET"]),
    Route("/sandbox/theme/assets/{name}", _theme, methods=["GET"]),
    Route("/sandbox/bundles/{folder}/{name}", _bundle, methods=["GET"]),
    Route("/shopifycloud/{name}", _cdn, methods=["GET"]),
)
