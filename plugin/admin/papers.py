"""What a merchant has to write down about personal data, made from the program: the record and the policy's paragraph."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.desk import Desk, desk_of, sections_of
from plugin.errors import NotFound
from plugin.language import sentence
from plugin.settings_cache import Displayed

VOICES = {"de-sie": ("de", "sie"), "de-du": ("de", "du"), "en": ("en", "sie")}
"""Language and tone by the name they have in an address."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Where each paper is downloaded."""

    record: str
    policies: tuple[tuple[str, str], ...]


def papers(desk: Desk) -> Papers:
    """Return the addresses, the policy's with the name of its language and tone."""
    gettext = desk.language.gettext
    titles = {
        "de-sie": gettext("German, polite (Sie)"),
        "de-du": gettext("German, familiar (du)"),
        "en": gettext("English"),
    }
    policies = tuple((title, desk.link(f"/admin/privacy/policy/{voice}")) for voice, title in titles.items())
    return Papers(desk.link("/admin/privacy/record"), policies)


async def record(request: Request[Any]) -> Response:
    """GET /admin/privacy/record: the record of processing activities, to be kept."""
    desk = desk_of(request)

    def read(conn: Connection) -> str:
        return widgets.art_30(conn, _shown(conn, desk), desk.locale, desk.now)

    return _file(desk, "art-30", await desk.runtime.db.read(read))


async def policy(request: Request[Any]) -> Response:
    """GET /admin/privacy/policy/{voice}: the paragraph for the shop's privacy policy."""
    desk = desk_of(request)
    voice = VOICES.get(str(request.path_params["voice"]))
    if voice is None:
        raise NotFound(sentence("There is no such page."))

    def read(conn: Connection) -> str:
        return widgets.policy(conn, _shown(conn, desk), *voice, desk.now)

    return _file(desk, f"policy-{request.path_params['voice']}", await desk.runtime.db.read(read))


def _shown(conn: Connection, desk: Desk) -> Displayed:
    found = sections_of(conn, desk.shop.id)
    sections = {name: found.current(desk.shop.id, model).value for name, model in widgets.SECTIONS.items()}
    return Displayed(desk.shop, desk.settings, sections)


def _file(desk: Desk, name: str, html: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{desk.shop.handle}-{name}.html"',
        "Cache-Control": "no-store",
    }
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)
