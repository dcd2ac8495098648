"""The home page: what is true of this shop now."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin import backlog
from plugin.admin.alerts import Alert, alerts
from plugin.admin.answer import Link, answer
from plugin.admin.checklist import Checklist, checklist
from plugin.admin.data_asked import asked_alerts
from plugin.admin.desk import Desk, desk_of, sections_of
from plugin.admin.parked import ParkedView, parked_view
from plugin.admin.placements import Placement, placements
from plugin.admin.plan_words import plan_alerts
from plugin.admin.proof import Proof, proof
from plugin.admin.reports import links
from plugin.billing import looking, standing
from plugin.core.order_book import order
from plugin.settings import Section, Versions
from webhooks import inbox

LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Number:
    """A key figure in words."""

    title: str
    value: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How Shopify's messages come in; ``last`` is None where none is remembered."""

    last: str | None
    events_waiting: int
    tasks_waiting: int
    tasks_scheduled: int


@dataclass(frozen=True, slots=True)
class Switch:
    """A widget, whether it is on, and what shoppers read because of it."""

    name: str
    title: str
    href: str
    enabled: bool
    says: str = ""


@dataclass(frozen=True, slots=True)
class HomeView:
    """Everything the page shows."""

    alerts: tuple[Alert, ...]
    checklist: Checklist
    numbers: tuple[Number, ...]
    reports: tuple[Link, ...]
    proof: Proof
    switches: tuple[Switch, ...]
    placements: tuple[Placement, ...]
    arrivals: Arrivals
    parked: ParkedView
    needs_reopen: bool


async def home(request: Request[Any]) -> Response:
    """GET / and GET /admin: the home page."""
    desk = desk_of(request)
    how = looking.WELCOME if looking.HINT in desk.query else looking.HOME
    await looking.look(desk.runtime.billing, desk.runtime.db, desk.shop, desk.now, how)
    view, found = await desk.runtime.db.snapshot(lambda conn: _read(conn, desk))
    switches = await asyncio.to_thread(_spoken, desk, found, view.switches)
    return answer(request, desk, "home", replace(view, switches=switches))


def _spoken(desk: Desk, found: Versions, switches: Iterable[Switch]) -> tuple[Switch, ...]:
    """The switches with the first sentence that each widget says; for a thread, as every rehearsal."""
    sections: dict[str, Section] = {
        name: found.current(desk.shop.id, model).value for name, model in widgets.SECTIONS.items()
    }
    made = []
    for switch in switches:
        names = [switch.name] if switch.enabled else []
        shown = widgets.preview(desk.shop, desk.settings, sections, names, desk.locale, desk.now)
        made.append(replace(switch, says=next(iter(shown.says.values()), "")))
    return tuple(made)


def _read(conn: Connection, desk: Desk) -> tuple[HomeView, Versions]:
    found = sections_of(conn, desk.shop.id)
    return _view(conn, desk, found), found


def _view(conn: Connection, desk: Desk, found: Versions) -> HomeView:
    waiting = backlog.read(conn, desk.now, desk.shop.handle)
    switches = [
        Switch(
            name,
            desk.of_widget(name).gettext(widget.title),
            desk.link(f"/admin/widgets/{name}"),
            bool(getattr(found.current(desk.shop.id, widget.settings).value, "enabled", False)),
        )
        for name, widget in widgets.ALL.items()
    ]
    return HomeView(
        alerts=(*asked_alerts(conn, desk), *_of_plan(conn, desk), *alerts(conn, desk)),
        checklist=checklist(conn, desk, found),
        numbers=_numbers(conn, desk),
        reports=links(desk),
        proof=proof(conn, desk),
        switches=tuple(switches),
        placements=placements(desk),
        arrivals=_arrivals(conn, desk, waiting),
        parked=parked_view(waiting),
        needs_reopen=desk.shop.needs_reopen,
    )


def _of_plan(conn: Connection, desk: Desk) -> tuple[Alert, ...]:
    if not desk.runtime.billing.can.needed:
        return ()
    return plan_alerts(desk, standing.read(conn, desk.shop, desk.now, needed=True))


def _numbers(conn: Connection, desk: Desk) -> tuple[Number, ...]:
    since = desk.now - LATELY
    orders = Number(desk.language.gettext("Orders"), desk.language.number(_orders(conn, desk.shop.id, since)))
    numbers = [orders]
    for name, widget in widgets.ALL.items():
        spoken = desk.of_widget(name)
        for figure in widget.figures(conn, desk.shop.id, since, desk.now) if widget.figures else ():
            advice = spoken.gettext(figure.advice) if figure.advice else ""
            numbers.append(Number(spoken.gettext(figure.title), spoken.number(figure.value), advice))
    return tuple(numbers)


def _orders(conn: Connection, shop_id: int, since: datetime) -> int:
    counted = select(func.count()).where(order.c.shop_id == shop_id, order.c.processed_at >= since)
    return conn.execute(counted).scalar_one()


def _arrivals(conn: Connection, desk: Desk, waiting: backlog.Backlog) -> Arrivals:
    last = inbox.newest(conn, desk.shop.handle)
    return Arrivals(
        desk.moment(last) if last else None,
        waiting.inbox_waiting,
        waiting.tasks_waiting,
        waiting.tasks_scheduled,
    )
