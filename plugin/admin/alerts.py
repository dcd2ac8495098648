"""What widgets have to tell the merchant now, on the home page and on each widget's own."""

from dataclasses import dataclass

from sqlalchemy import Connection

import widgets
from plugin.admin.desk import Desk


@dataclass(frozen=True, slots=True)
class Alert:
    """One sentence, the page where to act on it, and the scope that would help; ``label`` names a page without settings."""

    text: str
    title: str
    href: str
    scope: str | None = None
    label: str = ""
    tone: str = "warning"


def alerts(conn: Connection, desk: Desk, name: str | None = None) -> tuple[Alert, ...]:
    """Return what every widget, or that of the name, has to tell."""
    found = []
    for own, widget in widgets.ALL.items():
        if widget.alerts is None or name not in {None, own}:
            continue
        spoken = desk.of_widget(own)
        title, href = spoken.gettext(widget.title), desk.link(f"/admin/widgets/{own}")
        for said in widget.alerts(conn, desk.shop.id, spoken, desk.now):
            known = said if isinstance(said, widgets.Missing) else widgets.Missing(said, "")
            found.append(Alert(known.text, title, href, known.scope or None))
    return tuple(found)
