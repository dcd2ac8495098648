"""Style sheets and scripts of the admin: each address names its content, so that it may be kept for ever."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from plugin.errors import NotFound

FOLDER = Path(__file__).resolve().parents[1] / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def address(name: str) -> str:
    """The address of a file below ``plugin/static``. Raises LookupError when the build has not put it there."""
    return f"/static/{_version(name)}/{name}"


async def asset(request: Request[Any]) -> Response:
    """GET /static/{version}/{name}: one of those files; an older version's address is answered with today's."""
    name = str(request.path_params["name"])
    if name not in _names():
        raise NotFound("There is no such file.")
    kept = FOR_EVER if request.path_params["version"] == _version(name) else "no-cache"
    path = FOLDER / name
    return Response(_content(path), media_type=TYPES[path.suffix], headers={"Cache-Control": kept})


@cache
def _names() -> frozenset[str]:
    found = (path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return frozenset(path.relative_to(FOLDER).as_posix() for path in found)


@cache
def _version(name: str) -> str:
    if name not in _names():
        raise LookupError(f"plugin/static/{name} is missing: npm run build makes it")
    return hashlib.sha256(_content(FOLDER / name)).hexdigest()[:16]


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()
