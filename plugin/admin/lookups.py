"""What a widget asks of somebody outside: what was found, on its page, and a button to ask again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.errors import Malformed, NotFound
from plugin.language import sentence
from widgets import Finding, Lookups

PATIENCE = timedelta(minutes=1)
"""How long the page asks by itself whether somebody has looked."""

_INSTANT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class LookupsView:
    """``poll`` is asked again after a moment while something is on its way, empty otherwise."""

    title: str
    path: str
    findings: tuple[Finding, ...]
    poll: str


async def read(request: Request[Any]) -> Response:
    """GET /admin/widgets/{name}/lookups: what was found; ``since`` is when it was asked for."""
    desk, name, lookups = _about(request)
    since = _since(request.query_params.get("since", ""))
    view = await desk.runtime.db.read(lambda conn: lookups_view(conn, desk, name, lookups, since))
    return answer(request, desk, "lookups", view)


async def again(request: Request[Any]) -> Response:
    """POST to the same: have everything looked up once more."""
    desk, name, lookups = _about(request)

    def work(conn: Connection) -> LookupsView:
        asked = lookups.again(conn, desk.shop.id, desk.now)
        return lookups_view(conn, desk, name, lookups, desk.now if asked else None)

    view = await desk.runtime.db.write(work)
    desk.runtime.bells.ring("tasks")
    return answer(request, desk, "lookups", view)


def found(conn: Connection, desk: Desk, name: str) -> LookupsView | None:
    """Return what belongs on a widget's page; None where nothing is asked of anybody."""
    lookups = widgets.ALL[name].lookups
    return None if lookups is None else lookups_view(conn, desk, name, lookups, None)


def lookups_view(
    conn: Connection, desk: Desk, name: str, lookups: Lookups, since: datetime | None
) -> LookupsView:
    """Return the part of the page; what was never looked up counts as asked for now."""
    spoken, path = desk.of_widget(name), f"/admin/widgets/{name}/lookups"
    findings = tuple(lookups.read(conn, desk.shop.id, spoken, desk.now))
    asked = since or desk.now
    waits = any(one.at is None or (since is not None and one.at < since) for one in findings)
    poll = f"{desk.link(path)}&since={asked:{_INSTANT}}" if waits and desk.now - asked < PATIENCE else ""
    return LookupsView(spoken.gettext(lookups.title), desk.link(path), findings, poll)


def _about(request: Request[Any]) -> tuple[Desk, str, Lookups]:
    name = str(request.path_params["name"])
    widget = widgets.ALL.get(name)
    if widget is None or widget.lookups is None:
        raise NotFound(sentence("There is no such page."))
    return desk_of(request), name, widget.lookups


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(sentence("This page cannot be asked for like that.")) from None
