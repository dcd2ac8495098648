"""The places in which a worker runs tasks, of which no shop ever has all."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any


class Slots:
    """So many tasks run at once; which are whose is counted, so that a claim can leave room for others."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._running: set[asyncio.Task[None]] = set()
        self._held: Counter[int] = Counter()

    @property
    def free(self) -> int:
        """How many may be started now."""
        return self._count - len(self._running)

    @property
    def held(self) -> Mapping[int, int]:
        """How many run of each shop that has any."""
        return +self._held

    def start(self, shop_id: int, work: Coroutine[Any, Any, None], freed: Callable[[], None]) -> None:
        """Run a shop's task in a free slot; ``freed`` is called when it has ended."""
        running = asyncio.create_task(work)
        self._running.add(running)
        self._held[shop_id] += 1

        def end(done: asyncio.Task[None]) -> None:
            self._running.discard(done)
            self._held[shop_id] -= 1
            freed()

        running.add_done_callback(end)

    async def end(self, patience: float) -> None:
        """Give what is under way so many seconds; what takes longer is broken off."""
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
