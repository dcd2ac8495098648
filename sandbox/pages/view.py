"""Pages out of templates: what every one of them is told."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from sandbox.pages.visits import THEMES, Stay

FOLDER = Path(__file__).resolve().parent.parent / "templates"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def show(stay: Stay, template: str, status: int = 200, *, within: bool = False, **facts: Any) -> HTMLResponse:
    """Return a page; a notice left by the request before is shown once, never by a frame ``within`` another page."""
    notice = None if within else stay.visit.notice
    if not within:
        stay.visit.notice = None
    html = (
        _environment()
        .get_template(template)
        .render(
            stay=stay,
            shop=stay.shop,
            visit=stay.visit,
            customer=stay.customer,
            t=stay.texts,
            locale=stay.visit.locale,
            themes=THEMES,
            notice=notice,
            here=stay.request.url.path,
            app_url=stay.simulator.state.app_url or "",
            **facts,
        )
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def picture(handle: str) -> str:
    """Return the address of a product's picture; whatever nobody has drawn is a parcel."""
    drawn = (FOLDER.parent / "static" / "pictures" / f"{handle}.svg").is_file()
    return f"/sandbox/static/pictures/{handle if drawn else 'anderes'}.svg"
