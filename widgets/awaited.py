"""The answer about one order, waited for politely while the order is on its way to us (semantics D 24)."""

import asyncio

from sqlalchemy import Connection

from widgets.display import Display
from widgets.known_order import Claim, find_order
from widgets.views import Asked, views_of

LOOK_AGAIN = 0.5
"""Seconds after which it looks by itself, in case no bell told."""


async def order_answer(
    display: Display, asked: Asked, claimed: Claim, address: str
) -> dict[str, object] | None:
    """Return the order's widgets, None when it did not come in time. Raises NotFound when the claim does not fit."""

    def read(conn: Connection) -> dict[str, object] | None:
        proved = find_order(conn, asked.shown.shop.id, claimed)
        if proved is None:
            return None
        views = views_of(conn, asked.about(proved.order, proved.customer_id))
        return {"order": {"id": str(claimed.order_id), "state": "known"}, "widgets": views}

    with display.bells.listening(f"order:{asked.shown.shop.id}:{claimed.order_id}") as bell:
        answer = await display.db.read(read)
        if answer is not None:
            return answer
        clock = asyncio.get_running_loop().time
        deadline = clock() + display.waits.longest
        with display.waits.place(asked.shown.shop.id, address) as placed:
            while placed and answer is None and (left := deadline - clock()) > 0:
                await bell.rung(min(left, LOOK_AGAIN))
                answer = await display.db.read(read)
        return answer
