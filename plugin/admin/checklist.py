"""What to do next: a few steps, each ticked by what is true, and put away when the merchant says so."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin import settings
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.admin.form import submitted
from plugin.core.order_book import order
from plugin.language import sentence
from plugin.settings import Section, Versions

PLACED = "placed"
"""The step that only App Bridge can tick, in the browser."""


class HomeSettings(Section):
    """What a merchant has arranged on the home page; no cookie and no browser storage remembers it."""

    section: ClassVar[str] = "home"

    next_steps: bool = Field(default=True, title=sentence("Next steps"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``done`` is None where only the browser can tell."""

    key: str
    title: str
    help: str
    href: str
    done: bool | None


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps, or nothing but the way back to them."""

    steps: tuple[Step, ...]
    shown: bool


def checklist(conn: Connection, desk: Desk, found: Versions) -> Checklist:
    """Return the steps as they stand."""
    home = settings.versions(conn, [desk.shop.id], [HomeSettings]).current(desk.shop.id, HomeSettings).value
    return Checklist(_steps(conn, desk, found) if home.next_steps else (), home.next_steps)


def _steps(conn: Connection, desk: Desk, found: Versions) -> tuple[Step, ...]:
    gettext = desk.language.gettext
    tuned = any(found.current(desk.shop.id, model).number > 1 for model in widgets.SECTIONS.values())
    first = select(order.c.id).where(order.c.shop_id == desk.shop.id).limit(1)
    arrived = conn.execute(first).scalar_one_or_none() is not None
    name = next(iter(widgets.ALL))
    return (
        Step(
            PLACED,
            gettext("Place the blocks"),
            gettext("Shoppers see a widget once its block stands in your theme and on your thank-you page."),
            "#placements",
            None,
        ),
        Step(
            "settings",
            gettext("Make it yours"),
            gettext("Each setting shows the sentence your shoppers will read."),
            desk.link(f"/admin/widgets/{name}"),
            tuned,
        ),
        Step(
            "order",
            gettext("Wait for the first order"),
            gettext(
                "It brings the first points and the first coupon by itself; in a development store, a test order will do."
            ),
            desk.link("/admin/ledger"),
            arrived,
        ),
    )


async def arrange(request: Request[Any]) -> Response:
    """POST /admin/next-steps: put the steps away, or bring them back."""
    desk = desk_of(request)
    shown = (await submitted(request)).get("shown") == "true"

    def work(conn: Connection) -> Checklist:
        settings.change(conn, desk.shop.id, HomeSettings, {"next_steps": shown}, desk.now)
        found = settings.versions(conn, [desk.shop.id], widgets.SECTIONS.values())
        return checklist(conn, desk, found)

    return answer(request, desk, "checklist", await desk.runtime.db.write(work))
