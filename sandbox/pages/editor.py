"""The theme editor, as far as an app needs one: its blocks are placed and taken away."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.pages.frames import framed
from sandbox.pages.orders import THANK_YOU
from sandbox.pages.shop import placement_of
from sandbox.pages.theme import EVERYWHERE, Block, blocks
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page, see

PATH = "/admin/themes/current/editor"


async def _editor(stay: Stay) -> Response:
    """Show where blocks stand; a deep link of the app ticks the box it asks for."""
    asked = stay.request.query_params
    wanted = (asked.get("addAppBlockId") or asked.get("activateAppId") or "").partition("/")[2]
    template = asked.get("template") or "index"
    where, rows, named = placement_of(stay), [], None
    for block in blocks():
        places = where.of(block)
        if block.handle == wanted:
            named = block.name(stay.visit.locale)
            places = places | {template if template in block.places else block.places[0]}
        rows.append(_row(stay, block, places))
    return show(
        stay,
        "editor.html",
        rows=rows,
        named=named,
        preview=framed(stay, THANK_YOU, editor=True) if "preview" in asked else None,
        section="store",
    )


def _row(stay: Stay, block: Block, places: set[str]) -> dict[str, object]:
    boxes = [
        {
            "value": f"{block.handle}/{place}",
            "label": stay.texts(f"editor.{place}"),
            "checked": place in places,
        }
        for place in block.places
    ]
    return {"name": block.name(stay.visit.locale), "boxes": boxes, "embed": block.places == (EVERYWHERE,)}


async def _save(stay: Stay) -> Response:
    sent = await stay.request.form()
    known = {block.handle: set(block.places) for block in blocks()}
    pairs = [str(value).partition("/")[::2] for value in sent.getlist("place")]
    placement_of(stay).choose(pair for pair in pairs if pair[1] in known.get(pair[0], set()))
    stay.visit.notice = stay.texts("editor.saved")
    return see(PATH)


async def _checkout(stay: Stay) -> Response:
    """The editor of checkout and account pages: what is there is there already, so it can only be looked at."""
    return see(f"{PATH}?preview")


ROUTES = (
    page(PATH, _editor),
    page(PATH, _save, "POST"),
    page("/admin/settings/checkout", _checkout),
    page("/admin/settings/checkout/editor", _checkout),
)
