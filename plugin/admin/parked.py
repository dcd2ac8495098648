"""What was set aside, why, and trying it again: of this shop alone."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response

from plugin import backlog
from plugin.admin.answer import answer
from plugin.admin.desk import desk_of
from plugin.backlog import Parked
from plugin.shops import Shop
from plugin.tasks import task
from webhooks.inbox import inbox

LISTED = 20
"""Shown at once; the number beside the heading says how many there are."""


@dataclass(frozen=True, slots=True)
class ParkedView:
    """``message`` answers the last try, ``failed`` says that nothing was there to be tried."""

    items: tuple[Parked, ...]
    total: int
    message: str = ""
    failed: bool = False


def parked_view(found: backlog.Backlog, message: str = "", *, failed: bool = False) -> ParkedView:
    """Return what is set aside in this backlog, as the page lists it."""
    total = found.inbox_parked + found.tasks_parked
    return ParkedView(found.parked[:LISTED], total, message, failed)


async def try_again(request: Request[Any]) -> Response:
    """POST /admin/parked/{id}: have one event or task of this shop tried again."""
    desk = desk_of(request)
    wanted = str(request.path_params["id"])

    def work(conn: Connection) -> bool:
        return _is_own(conn, desk.shop, wanted) and backlog.retry(conn, wanted, desk.now)

    done = await desk.runtime.db.write(work)
    if done:
        desk.runtime.bells.ring("inbox", "tasks")
    gettext = desk.language.gettext
    message = (
        gettext("It is being tried again.")
        if done
        else gettext("This one is no longer here: it was tried again already, or its contents are too old.")
    )
    found = await desk.runtime.db.read(lambda conn: backlog.read(conn, desk.now, desk.shop.handle))
    return answer(request, desk, "parked", parked_view(found, message, failed=not done))


def _is_own(conn: Connection, shop: Shop, wanted: str) -> bool:
    kind, number = wanted[:1], wanted[1:]
    if kind not in {"e", "t"} or not number.isdecimal() or len(number) > 18:
        return False
    owner = (
        select(inbox.c.id).where(inbox.c.id == int(number), inbox.c.shop == shop.handle)
        if kind == "e"
        else select(task.c.id).where(task.c.id == int(number), task.c.shop_id == shop.id)
    )
    return conn.execute(owner).scalar_one_or_none() is not None
