"""What a widget tells in figures: a page with all its reports, and each table as a file."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.answer import Link, answer
from plugin.admin.desk import Desk, desk_of, sections_of
from plugin.admin.spreadsheet import BOM, as_file, plain, written
from plugin.core import access_log
from plugin.core.access_log import Look
from plugin.errors import NotFound
from plugin.language import sentence
from widgets import Reading, Report, Sheet, Widget


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report; ``file`` is where its table is downloaded, empty where there is none."""

    name: str
    title: str
    sheet: Sheet
    file: str


@dataclass(frozen=True, slots=True)
class ReportsView:
    """The whole page; ``widget`` leads back to the settings."""

    title: str
    widget: Link
    reports: tuple[ReportView, ...]


async def page(request: Request[Any]) -> Response:
    """GET /admin/widgets/{name}/reports: all that the widget tells in figures."""
    desk = desk_of(request)
    name, widget = _widget(request)
    sheets = await _sheets(desk, widget, widget.reports)
    spoken = desk.of_widget(name)
    title = spoken.gettext(widget.title)
    shown = [
        ReportView(
            report.name, spoken.gettext(report.title), sheet, _file(desk, name, report) if sheet.rows else ""
        )
        for report, sheet in zip(widget.reports, sheets, strict=True)
    ]
    view = ReportsView(
        desk.language.gettext("%(widget)s in figures", widget=title),
        Link(title, desk.link(f"/admin/widgets/{name}")),
        tuple(shown),
    )
    return answer(request, desk, "reports", view)


async def file(request: Request[Any]) -> Response:
    """GET to its /{report}: that report's table, with its sum as the last row."""
    desk = desk_of(request)
    name, widget = _widget(request)
    asked = str(request.path_params["report"])
    found = next((report for report in widget.reports if report.name == asked), None)
    if found is None:
        raise NotFound(_NO_PAGE)
    (sheet,) = await _sheets(desk, widget, (found,))
    titles = [f"{one.title} ({one.unit})" if one.unit else one.title for one in sheet.columns]
    rows = (*sheet.rows, sheet.total) if sheet.total else sheet.rows
    cells = [[plain(one.value) if isinstance(one.value, str) else one.value for one in row] for row in rows]
    headers = as_file(desk, f"{desk.shop.handle}-{name}-{found.name}")
    return Response(BOM + written(desk.language, [titles, *cells]), headers=headers)


def links(desk: Desk, only: str | None = None) -> tuple[Link, ...]:
    """Return the page of each widget that has reports, or of that one alone."""
    return tuple(
        Link(
            desk.language.gettext("%(widget)s in figures", widget=desk.of_widget(name).gettext(widget.title)),
            desk.link(f"/admin/widgets/{name}/reports"),
        )
        for name, widget in widgets.ALL.items()
        if widget.reports and only in {None, name}
    )


_NO_PAGE = sentence("There is no such page.")


def _widget(request: Request[Any]) -> tuple[str, Widget[Any]]:
    name = str(request.path_params["name"])
    widget = widgets.ALL.get(name)
    if widget is None or not widget.reports:
        raise NotFound(_NO_PAGE)
    return name, widget


async def _sheets(desk: Desk, widget: Widget[Any], reports: tuple[Report[Any], ...]) -> list[Sheet]:
    """Read the reports; where they name orders, that somebody looked is written down before anything is shown."""
    db = desk.runtime.db
    sheets = await db.snapshot(lambda conn: _read(conn, desk, widget, reports))
    if any(report.names_orders and sheet.rows for report, sheet in zip(reports, sheets, strict=True)):
        await db.write(lambda conn: access_log.note(conn, desk.shop.id, desk.staff, Look.REPORT, desk.now))
    return sheets


def _read(conn: Connection, desk: Desk, widget: Widget[Any], reports: tuple[Report[Any], ...]) -> list[Sheet]:
    found = sections_of(conn, desk.shop.id)
    section = found.current(desk.shop.id, widget.settings).value
    reading = Reading(desk.shop.id, section, found, desk.settings, desk.of_widget(widget.name), desk.now)
    return [report.read(conn, reading) for report in reports]


def _file(desk: Desk, name: str, report: Report[Any]) -> str:
    return desk.link(f"/admin/widgets/{name}/reports/{report.name}")
