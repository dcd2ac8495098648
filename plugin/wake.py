"""Bells: who waits for something is woken when it may have happened, across processes where Redis is configured.

A bell carries no fact. Whoever is woken reads the database, and whoever is not woken looks again by itself after a
while: with Redis gone the program is slower, never wrong.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import structlog

CHANNEL = "dankbar:bells"
BACKLOG = 1000
"""Rings kept for Redis while it is slow; beyond that they are dropped, since they carry no fact."""

log = structlog.get_logger()


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
        self._outgoing: asyncio.Queue[str] = asyncio.Queue(BACKLOG)
        self._redis: Any = None
        if redis_url is not None:
            import redis.asyncio as redis_asyncio

            self._redis = redis_asyncio.Redis.from_url(
                redis_url, socket_connect_timeout=1, socket_timeout=None, decode_responses=True
            )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def redis(self) -> Any:
        """Return the shared Redis client, or None where there is only this process."""
        return self._redis

    async def start(self) -> None:
        """Begin to listen and to forward; does nothing without Redis."""
        if self._redis is not None:
            self._tasks = [asyncio.create_task(self._forward()), asyncio.create_task(self._listen())]

    async def stop(self) -> None:
        """Stop forwarding and let all who wait go."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._redis is not None:
            await self._redis.aclose()
        self.ring_here(*list(self._waiting))

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
        if self._redis is not None:
            for name in names:
                with contextlib.suppress(asyncio.QueueFull):
                    self._outgoing.put_nowait(name)

    def ring_here(self, *names: str) -> None:
        """Wake those who wait in this process."""
        for name in names:
            for ear in self._waiting.get(name, ()):
                ear.ring()

    async def _forward(self) -> None:
        from redis.exceptions import RedisError

        while True:
            names = [await self._outgoing.get()]
            while not self._outgoing.empty() and len(names) < BACKLOG:
                names.append(self._outgoing.get_nowait())
            try:
                await self._redis.publish(CHANNEL, "\n".join(dict.fromkeys(names)))
            except (RedisError, OSError) as error:
                log.warning("bells not forwarded", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        from redis.exceptions import RedisError

        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    async for message in channel.listen():
                        self.ring_here(*message["data"].split("\n"))
            except (RedisError, OSError) as error:
                log.warning("bells not heard", error=type(error).__name__)
                await asyncio.sleep(0.5)
