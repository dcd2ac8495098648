"""One question to a vendor about one shop at a time, shared by whoever asks meanwhile and ended though they leave."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

Depart = Callable[[datetime], None]
"""Told by the question when it goes out."""


@dataclass(slots=True)
class _Flight:
    task: "asyncio.Task[None]"
    sent_at: datetime | None = None


class Flights:
    """The questions under way in this process, by shop."""

    def __init__(self) -> None:
        self._flights: dict[int, _Flight] = {}

    async def join(self, shop_id: int, now: datetime, ask: Callable[[Depart], Awaitable[None]]) -> None:
        """Return after an answer to a question that went out at ``now`` or later; raises what ``ask`` raised.

        Whoever is cancelled leaves; the question goes on, and what it learns is kept.
        """
        while True:
            flight = self._flights.get(shop_id)
            if flight is None:
                flight = self._take_off(shop_id, ask)
            if flight.sent_at is None or flight.sent_at >= now:
                await asyncio.shield(flight.task)
                return
            await asyncio.wait([flight.task])

    def _take_off(self, shop_id: int, ask: Callable[[Depart], Awaitable[None]]) -> _Flight:
        async def run() -> None:
            await ask(partial(self._departed, shop_id))

        flight = _Flight(asyncio.create_task(run()))
        self._flights[shop_id] = flight
        flight.task.add_done_callback(partial(self._landed, shop_id))
        return flight

    def _departed(self, shop_id: int, at: datetime) -> None:
        self._flights[shop_id].sent_at = at

    def _landed(self, shop_id: int, task: "asyncio.Task[None]") -> None:
        del self._flights[shop_id]
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """Break off what is under way."""
        under_way = [flight.task for flight in self._flights.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
