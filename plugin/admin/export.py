"""The ledger as a table for a spreadsheet: one row for each entry, whose points add up to the balances."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from plugin.admin.desk import Desk, desk_of
from plugin.admin.spreadsheet import BOM, as_file, plain, written
from plugin.core import access_log
from plugin.core.access_log import Look
from plugin.core.extract import PORTION, Place, place_of, portion
from plugin.errors import Invalid
from plugin.language import sentence

COLUMNS = (
    sentence("Entry"),
    sentence("Account"),
    sentence("Customer"),
    sentence("Order"),
    sentence("Kind"),
    sentence("Points"),
    sentence("When"),
    sentence("Recorded"),
    sentence("Expires"),
    sentence("Rule"),
    sentence("Reason"),
)
_CUSTOMER = re.compile(r"[1-9][0-9]{0,18}")


async def export(request: Request[Any]) -> Response:
    """GET /admin/ledger/export: all entries, or with ``customer`` those of one; sent while they are read."""
    desk = desk_of(request)
    text = request.query_params.get("customer", "")
    if text and not (_CUSTOMER.fullmatch(text) and int(text) < 2**63):
        raise Invalid(sentence("There is no such customer."))
    customer = int(text) if text else None
    await desk.runtime.db.write(lambda conn: _note(conn, desk, customer))
    lines = _table(desk, customer)
    return StreamingResponse(lines, headers=as_file(desk, desk.shop.handle))


def _note(conn: Connection, desk: Desk, customer_id: int | None) -> None:
    what = Look.LEDGER if customer_id is None else Look.ENTRIES
    access_log.note(conn, desk.shop.id, desk.staff, what, desk.now, customer_id=customer_id)


async def _table(desk: Desk, customer_id: int | None) -> AsyncIterator[bytes]:
    yield (BOM + written(desk.language, [[desk.language.gettext(title) for title in COLUMNS]])).encode()
    after = Place()
    while True:
        rows = await desk.runtime.db.read(
            partial(portion, shop_id=desk.shop.id, customer_id=customer_id, after=after, until=desk.now)
        )
        if rows:
            yield written(desk.language, (_cells(desk, row) for row in rows)).encode()
            after = place_of(rows[-1])
        if len(rows) < PORTION:
            return


def _cells(desk: Desk, row: Any) -> tuple[object, ...]:
    return (
        row.entry,
        row.root,
        row.customer_id,
        row.order_id,
        row.kind,
        row.points,
        _time(desk, row.business_at),
        _time(desk, row.recorded_at),
        _time(desk, row.expires_at) if row.expires_at else None,
        row.rule_version,
        plain(row.reason) if row.reason else None,
    )


def _time(desk: Desk, at: datetime) -> str:
    return at.astimezone(desk.settings.zone).isoformat(timespec="seconds")
