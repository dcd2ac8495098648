"""Pages of settings: one for each widget, one for the shop; saving, previewing, and two tabs at once."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin import lookups
from plugin.admin.alerts import alerts
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of, sections_of
from plugin.admin.discarded import discarded
from plugin.admin.editor import (
    EditorView,
    FormView,
    PreviewView,
    RowView,
    Topic,
    form_view,
    noted,
    refused_fields,
    rehearsed,
    shop_topic,
    widget_topic,
)
from plugin.admin.form import submitted
from plugin.admin.gated import closed, gate, waits
from plugin.admin.related import related
from plugin.errors import Invalid, NotFound
from plugin.setting_forms import NO_ERRORS, blank_row
from plugin.setting_patches import patch_of
from plugin.settings import Section, Versions, validated

_KEY_LETTERS = "abcdefghijkmnpqrstuvwxyz"
_KEY_LENGTH = 6
"""A new entry's key, which its id ends in: not one that an entry before it had."""


class Stale(Exception):
    """The form was rendered from an older version than the one it would replace."""


async def page(request: Request[Any]) -> Response:
    """GET /admin/widgets/{name} and /admin/shop: the form with what is stored, and its preview."""
    desk, topic = _about(request)
    found = await _stored(desk)
    current = found.current(desk.shop.id, topic.model)
    preview = await _rehearse(desk, topic, found, current.value)
    form = await _gated(desk, form_view(desk, topic, current.value, current.number, preview), current.value)
    name = topic.section if topic.section in widgets.ALL else None
    beside = await desk.runtime.db.read(lambda conn: related(conn, desk, name, found)) if name else ()
    told = await desk.runtime.db.read(lambda conn: alerts(conn, desk, name)) if name else ()
    looked = await desk.runtime.db.read(lambda conn: lookups.found(conn, desk, name)) if name else None
    view = EditorView(topic.title, topic.about, form, preview, beside, told, looked)
    return answer(request, desk, "editor", view)


async def save(request: Request[Any]) -> Response:
    """POST to the same: store a new version, 422 with each wrong field, 409 when another tab was faster."""
    desk, topic = _about(request)
    typed = await submitted(request)
    seen = _version(typed)
    try:
        await desk.runtime.db.write(lambda conn: _change(conn, desk, topic, typed, seen))
    except Invalid as error:
        errors = refused_fields(error.fields, error.message, topic.model)
        form = await _form(desk, topic, typed=typed, errors=errors)
        return answer(request, desk, "fields", replace(form, version=seen), status=422)
    except Stale:
        form = await _form(desk, topic)
        meant = await _form(desk, topic, typed=typed)
        lost = discarded(form.fields, meant.fields, desk.language)
        return answer(request, desk, "fields", replace(form, stale=True, discarded=lost), status=409)
    desk.runtime.bells.ring("tasks", f"settings:{desk.shop.handle}")
    return answer(request, desk, "fields", await _form(desk, topic), toast=desk.language.gettext("Saved."))


async def preview(request: Request[Any]) -> Response:
    """POST to its /preview: what shoppers would read with what is typed; nothing is stored."""
    desk, topic = _about(request)
    typed = await submitted(request)
    found = await _stored(desk)
    stored = found.current(desk.shop.id, topic.model).value
    try:
        patch = patch_of(topic.model, typed, desk.settings.currency, desk.language)
        section = validated(topic.model, stored, patch, gettext=topic.language.gettext)
    except Invalid:
        text = desk.language.gettext("The preview follows once every value can be used.")
        return answer(request, desk, "preview_note", text, status=422)
    shown = await _rehearse(desk, topic, found, section)
    fields = form_view(desk, topic, section, 0, shown, typed).fields
    return answer(request, desk, "preview", noted(topic, shown, fields))


async def row(request: Request[Any]) -> Response:
    """GET to its /rows/{list}: one more entry of that list, to be filled in; nothing is stored."""
    desk, topic = _about(request)
    key = "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH))
    name = str(request.path_params["list"])
    made = blank_row(topic.model, name, key, topic.language, desk.settings.currency)
    if made is None:
        raise NotFound("There is no such page.")
    return answer(request, desk, "row", RowView(made, desk.settings.currency, NO_ERRORS))


def _change(conn: Connection, desk: Desk, topic: Topic, typed: Mapping[str, str], seen: int) -> None:
    patch = patch_of(topic.model, typed, desk.settings.currency, topic.language)
    made = widgets.change_settings(
        conn,
        desk.shop.id,
        topic.section,
        patch,
        desk.now,
        gettext=topic.language.gettext,
        gate=gate(desk),
    )
    if made is not None and made.number - 1 != max(1, seen):
        raise Stale  # undoes the change


async def _form(
    desk: Desk,
    topic: Topic,
    typed: Mapping[str, str] = NO_ERRORS,
    errors: Mapping[str, str] = NO_ERRORS,
) -> FormView:
    """The form with what is stored now, or with what was typed and why it is refused."""
    found = await _stored(desk)
    current = found.current(desk.shop.id, topic.model)
    preview = await _rehearse(desk, topic, found, current.value)
    if errors:
        preview = replace(preview, notes=NO_ERRORS)
    form = form_view(desk, topic, current.value, current.number, preview, typed, errors)
    return await _gated(desk, form, current.value)


async def _gated(desk: Desk, form: FormView, section: Section) -> FormView:
    """The same form, with what waits for a larger plan told and closed."""
    waiting = await desk.runtime.db.read(lambda conn: waits(conn, desk))
    if waiting is None:
        return form
    fields = closed(form.fields, section, waiting, desk.settings.currency)
    return replace(form, waiting=waiting.why, fields=fields)


def _about(request: Request[Any]) -> tuple[Desk, Topic]:
    desk = desk_of(request)
    name = request.path_params.get("name")
    topic = shop_topic(desk) if name is None else widget_topic(desk, str(name))
    if topic is None:
        raise NotFound("There is no such page.")
    return desk, topic


def _version(typed: Mapping[str, str]) -> int:
    text = typed.get("version", "")
    if not text.isdecimal() or len(text) > 9:
        raise Invalid("This form cannot be read.")
    return int(text)


async def _stored(desk: Desk) -> Versions:
    return await desk.runtime.db.read(lambda conn: sections_of(conn, desk.shop.id))


async def _rehearse(desk: Desk, topic: Topic, found: Versions, section: Section) -> PreviewView:
    return await asyncio.to_thread(rehearsed, desk, topic, found, section)
