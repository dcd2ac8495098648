"""Bells: who waits for something is woken when it may have happened, across processes where Redis is configured.

A bell carries no fact. Whoever is woken reads the database, and whoever is not woken looks again by itself after a
while: with Redis gone the program is slower, never wrong.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from plugin.peers import PAUSE, Away, Peers

BACKLOG = 10_000
"""Bells kept for Redis while it is slow; beyond that they are dropped, since they carry no fact."""

MOST = 1000
"""Bells in one message."""

GATHER = 0.005
"""Seconds for which rings are gathered after a message, so that a burst wakes everybody once."""

LAST = 0.5
"""Seconds that what was rung last has to be told before a process ends."""


class Ear:
    """Hears one bell for as long as it listens, so that a ring between two looks is not lost."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def rung(self, timeout: float) -> bool:
        """Wait until the bell rings, unless it rang since the last wait; False when ``timeout`` seconds went by."""
        try:
            async with asyncio.timeout(timeout):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    def ring(self) -> None:
        """Wake whoever waits, or let the next wait end at once."""
        self._rung.set()


class Bells:
    """Wakes waiters by name within this process and, through Redis, in all others."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._waiting: defaultdict[str, set[Ear]] = defaultdict(set)
        self._followers: dict[str, Callable[[str], None]] = {}
        self._outgoing: dict[str, None] = {}
        self._more = asyncio.Event()
        self._told = asyncio.Event()
        self._told.set()
        self.peers = None if redis_url is None else Peers(redis_url)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen and to forward; does nothing without Redis."""
        if self.peers is not None:
            self._tasks = [
                asyncio.create_task(self._forward(self.peers)),
                asyncio.create_task(self._listen(self.peers)),
            ]

    async def stop(self) -> None:
        """Forward what was rung last, stop forwarding, and let all who wait go."""
        if self._tasks:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await self._told.wait()
        while under_way := [task for task in self._tasks if not task.done()]:
            for task in under_way:
                task.cancel()
            # Again and again: a connection that is just being made swallows it.
            await asyncio.wait(under_way, timeout=0.05)
        if self.peers is not None:
            await self.peers.close()
        self.ring_here(*list(self._waiting))

    def follow(self, kind: str, told: Callable[[str], None]) -> None:
        """Tell ``told`` the rest of the name of every bell ``kind:rest`` that rings, here or elsewhere."""
        self._followers[kind] = told

    @contextlib.contextmanager
    def listening(self, name: str) -> Iterator[Ear]:
        """Hear the bell from now on: whoever looks first and then waits misses nothing that happens in between."""
        ear = Ear()
        self._waiting[name].add(ear)
        try:
            yield ear
        finally:
            waiters = self._waiting[name]
            waiters.discard(ear)
            if not waiters:
                del self._waiting[name]

    async def wait(self, name: str, timeout: float) -> bool:
        """Wait until the bell rings; False when ``timeout`` seconds went by first."""
        with self.listening(name) as ear:
            return await ear.rung(timeout)

    def ring(self, *names: str) -> None:
        """Wake all who wait for these bells, here and elsewhere; never blocks, never fails."""
        self.ring_here(*names)
        if self._tasks:
            self._outgoing.update(dict.fromkeys(names[: BACKLOG - len(self._outgoing)]))
            self._told.clear()
            self._more.set()

    def ring_here(self, *names: str) -> None:
        """Wake those who wait in this process."""
        for name in names:
            for ear in self._waiting.get(name, ()):
                ear.ring()
            kind, _, rest = name.partition(":")
            if kind in self._followers:
                self._followers[kind](rest)

    async def _forward(self, peers: Peers) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while names := list(self._outgoing)[:MOST]:
                for name in names:
                    del self._outgoing[name]
                try:
                    await peers.publish("\n".join(names))
                    await asyncio.sleep(GATHER)
                except Away:
                    await asyncio.sleep(PAUSE)
            self._told.set()

    async def _listen(self, peers: Peers) -> None:
        while True:
            try:
                async for text in peers.hear():
                    # What rang while nobody listened is unknown: once it is heard again, all look.
                    self.ring_here(*(text.split("\n") if text else list(self._waiting)))
            except Away:
                await asyncio.sleep(PAUSE)
