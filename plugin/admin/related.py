"""What belongs to a widget's page and is kept elsewhere: its figures, another widget's setting, points that are open."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

import widgets
from plugin.admin.desk import Desk
from plugin.admin.open_points import open_points
from plugin.admin.reports import links
from plugin.setting_forms import form
from plugin.setting_kinds import extra_of
from plugin.settings import Versions


@dataclass(frozen=True, slots=True)
class Related:
    """How it is called, what it is now, and where it is changed or explained."""

    title: str
    now: str
    href: str


def related(conn: Connection, desk: Desk, name: str, found: Versions) -> tuple[Related, ...]:
    """Return what stands on this widget's page besides its own settings."""
    return (*_figures(desk, name), *_settings(desk, name, found), *_open(conn, desk, name))


def _figures(desk: Desk, name: str) -> Iterator[Related]:
    """Its reports, all on one page."""
    spoken = desk.of_widget(name)
    for link in links(desk, name):
        yield Related(
            link.title,
            ", ".join(spoken.gettext(report.title) for report in widgets.ALL[name].reports),
            link.href,
        )


def _settings(desk: Desk, name: str, found: Versions) -> Iterator[Related]:
    """Settings of other widgets that say ``"beside": <this one>``."""
    for other, widget in widgets.ALL.items():
        beside = {
            key for key, info in widget.settings.model_fields.items() if extra_of(info).get("beside") == name
        }
        if other == name or not beside:
            continue
        spoken, section = desk.of_widget(other), found.current(desk.shop.id, widget.settings).value
        for field in form(section, spoken, desk.settings.currency):
            if field.name in beside and not field.off:
                shown = dict(field.choices).get(field.value, field.value)
                title = f"{spoken.gettext(widget.title)}: {field.title}"
                yield Related(title, shown, desk.link(f"/admin/widgets/{other}") + f"#field-{field.id}")


def _open(conn: Connection, desk: Desk, name: str) -> Iterator[Related]:
    """Points that may still be spent, for the widget that says what they are worth."""
    if widgets.ALL[name].worth is None:
        return
    known = open_points(conn, desk)
    gettext = desk.language.gettext
    if known is None:
        now = gettext("known after the first nightly check")
    elif known.money:
        now = gettext(
            "%(available)s to spend and %(pending)s on their way, worth at most %(money)s",
            available=known.available,
            pending=known.pending,
            money=known.money,
        )
    else:
        now = gettext(
            "%(available)s to spend and %(pending)s on their way",
            available=known.available,
            pending=known.pending,
        )
    yield Related(gettext("Open points"), now, desk.link("/admin/ledger") + "#open-points")
