"""Finding somebody's points: by a customer's or an order's number, or by the name an order goes by, such as #1042."""

import asyncio
import re
from dataclasses import dataclass

from sqlalchemy import Connection

from plugin.admin.desk import Desk
from plugin.admin.statement import Statement, statement_of
from plugin.core import access_log
from plugin.core.access_log import Look
from plugin.language import sentence
from plugin.shopify import GatewayError, Unreachable, order_named

PATIENCE = 8.0
"""Seconds a person waits for Shopify's answer about a name."""

_NUMBER = re.compile(r"(?:gid://shopify/(?:Customer|Order)/|#)?([1-9][0-9]{0,18})")
_NAME = re.compile(r"(?=.*[0-9])[\w#][\w#./ -]{0,39}")
_ID_DIGITS = 10
"""A number this long is no order's name but Shopify's own number of something."""

_MOST = 2**63 - 1
_UNCLEAR = sentence("Enter the number of a customer or an order, or the name of an order such as #1042.")
_UNKNOWN = sentence("Nothing is known here of a customer or an order with this number or name.")
_NOT_HERE = sentence("Shopify knows this order, but nothing of it has arrived here.")
_SILENT = sentence(
    "Shopify does not answer just now, so an order is found only by the number in the address of its page."
)
_asking: set[asyncio.Task[int | None]] = set()


@dataclass(frozen=True, slots=True)
class Found:
    """A statement, or the sentence that says why there is none; neither where nothing was asked."""

    statement: Statement | None = None
    message: str = ""


async def find(desk: Desk, asked: str) -> Found:
    """Return the statement of whom was asked for: the one way in which staff comes to see a customer's points.

    Whoever looks is written down in the access log before anything is shown. What is no known number is asked of Shopify as an order's name.
    """
    gettext = desk.language.gettext
    number = _NUMBER.fullmatch(asked)
    if number is not None:
        statement = await _read(desk, int(number[1])) if int(number[1]) <= _MOST else None
        if statement is not None:
            return Found(statement)
        if len(number[1]) >= _ID_DIGITS:
            return Found(message=gettext(_UNKNOWN))
    if not _NAME.fullmatch(asked):
        return Found(message=gettext(_UNCLEAR)) if asked else Found()
    try:
        order_id = await _named(desk, asked)
    except GatewayError:
        return Found(message=gettext(_SILENT))
    if order_id is None:
        return Found(message=gettext(_UNKNOWN))
    statement = await _read(desk, order_id)
    return Found(statement) if statement is not None else Found(message=gettext(_NOT_HERE))


async def _read(desk: Desk, number: int) -> Statement | None:
    found = await desk.runtime.db.snapshot(lambda conn: statement_of(conn, desk.shop.id, number, desk.now))
    if found is not None:
        await desk.runtime.db.write(lambda conn: _note(conn, desk, found))
    return found


def _note(conn: Connection, desk: Desk, found: Statement) -> None:
    access_log.note(
        conn,
        desk.shop.id,
        desk.staff,
        Look.STATEMENT,
        desk.now,
        customer_id=found.customer_id,
        order_id=found.order_id,
    )


async def _named(desk: Desk, name: str) -> int | None:
    """Shopify's id of the order. What outlasts our patience is left to end: a token may be under way in it."""
    asking = asyncio.create_task(order_named(desk.runtime.gateway, desk.shop, name))
    _asking.add(asking)
    asking.add_done_callback(_ended)
    done, _ = await asyncio.wait({asking}, timeout=PATIENCE)
    if not done:
        raise Unreachable("Shopify takes too long.")
    return asking.result()


def _ended(asking: asyncio.Task[int | None]) -> None:
    _asking.discard(asking)
    if not asking.cancelled():
        asking.exception()
