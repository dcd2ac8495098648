"""Requests for data: whose, until when, what there is, the files to hand over, and that it was done."""

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.alerts import Alert
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.core import access_log, data_requests
from plugin.core.data_requests import Found
from plugin.errors import NotFound
from plugin.language import language, sentence

SOON = timedelta(days=10)
TITLE = sentence("Personal data")
PATH = "/admin/privacy"
_FORMATS = {"json": "application/json", "html": "text/html; charset=utf-8"}
_NONE = sentence("There is no such request.")


class State(StrEnum):
    """How a request stands."""

    DONE = "done"
    LATE = "late"
    SOON = "soon"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One request, in words; ``files`` are where everything about whoever asked is handed out."""

    id: int
    who: str
    found: str
    orders: tuple[int, ...]
    received: str
    state: State
    badge: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AskedView:
    """All requests, the most urgent first; ``message`` answers what was just done."""

    lines: tuple[AskedLine, ...]
    message: str = ""


def asked_view(conn: Connection, desk: Desk, message: str = "") -> AskedView:
    """Return the requests as they stand."""
    found = data_requests.requests(conn, desk.shop.id)
    found.sort(key=lambda one: one.done_at is not None)
    return AskedView(tuple(_line(conn, desk, one) for one in found), message)


def asked_alerts(conn: Connection, desk: Desk) -> tuple[Alert, ...]:
    """Return a sentence about every request that is still open, what is late first."""
    waiting = [one for one in data_requests.requests(conn, desk.shop.id) if one.done_at is None]
    gettext = desk.language.gettext
    late = [one for one in waiting if one.due_at < desk.now]
    said = [
        gettext("A request for data should have been answered by %(day)s.", day=desk.day(one.due_at))
        for one in late
    ]
    said += [
        gettext("A customer asks for their data: please hand it over by %(day)s.", day=desk.day(one.due_at))
        for one in waiting
        if one.due_at >= desk.now
    ]
    label = gettext("Requests for data")
    return tuple(Alert(one, gettext(TITLE), desk.link(PATH), label=label) for one in said)


async def finish(request: Request[Any]) -> Response:
    """POST /admin/privacy/requests/{id}: the person has their data."""
    desk, number = desk_of(request), _number(request)

    def work(conn: Connection) -> AskedView:
        done = data_requests.finish(conn, desk.shop.id, number, desk.now)
        gettext = desk.language.gettext
        said = gettext("Noted as done.") if done else gettext("This request was done already.")
        return asked_view(conn, desk, said)

    return answer(request, desk, "asked", await desk.runtime.db.write(work))


async def hand_out(request: Request[Any]) -> Response:
    """GET /admin/privacy/requests/{id}/{format}: everything about whoever asked; that it was looked at is noted."""
    desk, number = desk_of(request), _number(request)
    kind = str(request.path_params["format"])
    if kind not in _FORMATS:
        raise NotFound(_NONE)
    own = language(desk.locale, desk.settings.tone)

    def work(conn: Connection) -> dict[str, Any] | None:
        found = data_requests.request(conn, desk.shop.id, number)
        if found is None:
            return None
        access_log.note_request(conn, desk.shop.id, desk.staff, found, desk.now)
        return widgets.export_request(conn, desk.shop, found, own)

    exported = await desk.runtime.db.write(work)
    if exported is None:
        raise NotFound(_NONE)
    if kind == "json":
        body = json.dumps(exported, ensure_ascii=False, indent=2)
    else:
        body = widgets.readable_page(exported, own, desk.settings.zone, desk.settings.currency, desk.now)
    headers = {
        "Content-Disposition": f'attachment; filename="{desk.shop.handle}-request-{number}.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=_FORMATS[kind], headers=headers)


def _number(request: Request[Any]) -> int:
    text = str(request.path_params["id"])
    if not text.isdecimal() or len(text) > 18:
        raise NotFound(_NONE)
    return int(text)


def _line(conn: Connection, desk: Desk, one: data_requests.Request) -> AskedLine:
    gettext = desk.language.gettext
    state = _state(desk, one)
    orders = tuple(data_requests.orders_named(conn, desk.shop.id, one))
    who = gettext("Somebody without a customer number")
    if one.customer_id is not None:
        who = gettext("Customer %(number)s", number=one.customer_id)
    elif one.found is Found.ERASED:
        who = gettext("Somebody who was erased since")
    files: tuple[tuple[str, str], ...] = ()
    if one.found is Found.DATA:
        path = f"{PATH}/requests/{one.id}"
        files = (
            (gettext("Download to read"), desk.link(f"{path}/html")),
            (gettext("Download as data (JSON)"), desk.link(f"{path}/json")),
        )
    found = gettext(widgets.FOUND[one.found])
    return AskedLine(
        one.id, who, found, orders, desk.day(one.received_at), state, _badge(desk, one, state), files
    )


def _state(desk: Desk, one: data_requests.Request) -> State:
    if one.done_at is not None:
        return State.DONE
    if one.due_at < desk.now:
        return State.LATE
    return State.SOON if one.due_at - desk.now <= SOON else State.OPEN


def _badge(desk: Desk, one: data_requests.Request, state: State) -> str:
    gettext = desk.language.gettext
    if one.done_at is not None:
        return gettext("done on %(day)s", day=desk.day(one.done_at))
    if state is State.LATE:
        return gettext("overdue since %(day)s", day=desk.day(one.due_at))
    return gettext("due on %(day)s", day=desk.day(one.due_at))
