"""The places in which a worker runs tasks, of which no shop ever has all."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from plugin import metrics

log = structlog.get_logger()


class Slots:
    """So many tasks run at once; which are whose is known: a claim leaves room for others and takes none twice.

    ``freed`` is called whenever one has ended.
    """

    def __init__(self, count: int, freed: Callable[[], None]) -> None:
        self._count = count
        self._freed = freed
        self._running: set[asyncio.Task[None]] = set()
        self._held: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def free(self) -> int:
        """How many may be started now."""
        return self._count - len(self._running)

    @property
    def held(self) -> Mapping[int, frozenset[int]]:
        """Which run of each shop that has any."""
        return {shop_id: frozenset(ids) for shop_id, ids in self._held.items() if ids}

    def start(self, shop_id: int, id: int, work: Coroutine[Any, Any, None]) -> None:
        """Run a shop's task of that id in a free slot."""
        running = asyncio.create_task(work)
        self._running.add(running)
        self._held[shop_id].add(id)

        def end(done: asyncio.Task[None]) -> None:
            self._running.discard(done)
            self._held[shop_id].discard(id)
            self._freed()
            if not done.cancelled() and (error := done.exception()):
                metrics.HINDRANCES.labels("record_task").inc()
                log.error("end of a task not written", task_id=id, error=type(error).__name__)

        running.add_done_callback(end)

    async def end(self, patience: float) -> None:
        """Give what is under way so many seconds; what takes longer is broken off."""
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
