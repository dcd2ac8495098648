"""What widgets have to tell the merchant now, on the home page and on each widget's own."""

from dataclasses import dataclass

from sqlalchemy import Connection

import widgets
from plugin.admin.desk import Desk


@dataclass(frozen=True, slots=True)
class Alert:
    """One sentence, and the page of the widget that says it."""

    text: str
    title: str
    href: str


def alerts(conn: Connection, desk: Desk, name: str | None = None) -> tuple[Alert, ...]:
    """Return what every widget, or that of the name, has to tell."""
    found = []
    for own, widget in widgets.ALL.items():
        if widget.alerts is None or name not in {None, own}:
            continue
        spoken = desk.of_widget(own)
        title, href = spoken.gettext(widget.title), desk.link(f"/admin/widgets/{own}")
        found += [Alert(text, title, href) for text in widget.alerts(conn, desk.shop.id, spoken, desk.now)]
    return tuple(found)
