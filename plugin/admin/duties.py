"""The page about personal data: who asked for theirs and until when, who looked at whose, and what was removed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.answer import answer
from plugin.admin.data_asked import AskedView, asked_view
from plugin.admin.desk import Desk, desk_of
from plugin.admin.papers import Papers, papers
from plugin.core import access_log, removals
from plugin.core.access_log import Look, Seen
from plugin.core.removals import Removed, Run
from plugin.language import Language, sentence

MOST_LOOKS, MOST_RUNS = 100, 60

LOOKS = {
    Look.STATEMENT: sentence("Points and orders"),
    Look.ENTRIES: sentence("All entries, downloaded"),
    Look.LEDGER: sentence("Everybody's entries, downloaded"),
    Look.REPORT: sentence("A report that names orders"),
    Look.REQUEST: sentence("Everything, downloaded for a request"),
}


@dataclass(frozen=True, slots=True)
class LookLine:
    """One look, in words."""

    what: str
    whose: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run that removed something, in words."""

    at: str
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DutiesView:
    """Everything the page shows; ``pages`` are what shoppers see of it, by name."""

    asked: AskedView
    looks: tuple[LookLine, ...]
    runs: tuple[RunLine, ...]
    papers: Papers
    pages: tuple[tuple[str, str], ...]
    most_looks: int = MOST_LOOKS


async def page(request: Request[Any]) -> Response:
    """GET /admin/privacy."""
    desk = desk_of(request)
    return answer(request, desk, "duties", await desk.runtime.db.snapshot(lambda conn: _read(conn, desk)))


def _read(conn: Connection, desk: Desk) -> DutiesView:
    looks = access_log.lately(conn, desk.shop.id, MOST_LOOKS)
    runs = removals.runs(conn, desk.shop.id, MOST_RUNS)
    return DutiesView(
        asked_view(conn, desk),
        tuple(_look(desk, one) for one in looks),
        tuple(_run(desk, one) for one in runs),
        papers(desk),
        _pages(desk),
    )


def _pages(desk: Desk) -> tuple[tuple[str, str], ...]:
    """The pages that stand in the shop itself, under its own domain."""
    gettext, shop = desk.language.gettext, f"https://{desk.shop.host}"
    return (
        (gettext("What happens with the data, for everybody"), f"{shop}{widgets.PANEL}"),
        (gettext("What is kept, for whoever is signed in"), f"{shop}{widgets.MINE}"),
    )


def _look(desk: Desk, one: Seen) -> LookLine:
    gettext = desk.language.gettext
    if one.customer_id is not None:
        whose = gettext("Customer %(number)s", number=one.customer_id)
    elif one.order_id is not None:
        whose = gettext("Order %(number)s", number=one.order_id)
    elif one.what in {Look.LEDGER, Look.REPORT}:
        whose = gettext("Everybody")
    else:
        whose = gettext("Somebody who was erased since")
    who = gettext("You") if one.staff == desk.staff else gettext("Staff member %(number)s", number=one.staff)
    return LookLine(gettext(LOOKS[one.what]), whose, who, desk.moment(one.at))


def _run(desk: Desk, run: Run) -> RunLine:
    return RunLine(
        desk.moment(run.at), tuple(_removed(desk.language, kind, n) for kind, n in run.counts.items())
    )


def _removed(language: Language, kind: Removed, n: int) -> str:
    ngettext = language.ngettext
    match kind:
        case Removed.PEOPLE:
            return ngettext(
                "%(n)s person, because it was asked for", "%(n)s people, because it was asked for", n
            )
        case Removed.WEBHOOKS:
            return ngettext("%(n)s note of a handled message", "%(n)s notes of handled messages", n)
        case Removed.BODIES:
            return ngettext(
                "%(n)s message that could not be handled", "%(n)s messages that could not be handled", n
            )
        case Removed.TASKS:
            return ngettext("%(n)s task that was set aside", "%(n)s tasks that were set aside", n)
        case Removed.CHECKOUTS:
            return ngettext("%(n)s proof of a checkout", "%(n)s proofs of checkouts", n)
        case Removed.AUTHORS:
            return ngettext("%(n)s author of a correction", "%(n)s authors of corrections", n)
        case Removed.LOOKS:
            return ngettext("%(n)s entry of the access log", "%(n)s entries of the access log", n)
