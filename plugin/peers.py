"""The one door to Redis: what processes tell each other, and what they do without while it does not answer.

Redis holds no fact. Whatever it answers, or whether it does, costs a moment at most: every ask is bounded and
ends in an answer or in ``Away``, and whoever meets that goes on alone. Names in Redis:

``dankbar:bells``                one channel; a message is names of bells, one a line
``dankbar:{rate:WHAT:...}``      one list for each moving window, gone by itself when the window is over
``dankbar:{nothing}``            never there; deleting it shows whether the server writes

Each command and each script names one key, so that all of it works on a cluster. The braces keep any key that may
ever join one of these on the same node.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import structlog

from plugin import metrics

T = TypeVar("T")

CHANNEL = "dankbar:bells"

NOTHING = "dankbar:{nothing}"

PATIENCE = 0.2
"""Seconds that Redis may take to answer where somebody waits for it."""

LEISURE = 2.0
"""Seconds that it may take where nobody does."""

PAUSE = 1.0
"""Seconds between two tries while Redis does not answer."""

QUIET = 2.0
"""Seconds of silence after which a listener asks whether anybody is there still."""

CONNECTIONS = 8
"""For one who listens, one who rings and one who asks for all, with room for those that are being closed."""

WINDOW = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local most, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local first = tonumber(redis.call('LINDEX', KEYS[1], most - 1) or '-1')
if first >= 0 and first <= now and now - first < length * 1000000 then
    return 0
end
redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('EXPIRE', KEYS[1], length)
return 1
"""
"""Admits one more unless there were ``most`` within the window, by Redis's own clock: that of no host counts."""

log = structlog.get_logger()


class Away(Exception):
    """Redis gives no answer now: go on without."""


@dataclass(frozen=True, slots=True)
class _Asked:
    key: str
    most: int
    seconds: int
    answer: "asyncio.Future[bool]"


class Peers:
    """Redis as this process reaches it; every use of it goes away and comes back by itself, and says so once."""

    def __init__(self, url: str, clock: Callable[[], float] = monotonic) -> None:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=LEISURE,
            socket_timeout=LEISURE,
            socket_connect_timeout=LEISURE,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            client_name="dankbar",
        )
        self._redis: Any = Redis.from_pool(pool)
        self._asked: list[_Asked] = []
        self._asking: asyncio.Task[None] | None = None
        self._limits = Use("limits", clock)
        self._rings = Use("rings", clock)
        self._listening = Use("listening", clock)

    async def admit(self, most: int, seconds: int, key: str) -> bool:
        """Count one under ``key`` unless there were ``most`` in the last ``seconds``; tells whether. Raises Away."""
        self._limits.begin()
        asked = _Asked(f"dankbar:{{rate:{key}}}", most, seconds, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_together())
        return await asked.answer

    async def publish(self, text: str) -> None:
        """Tell all who listen, in every process. Raises Away."""
        self._rings.begin()
        await self._ask(self._rings, LEISURE, self._publish(text))

    async def _publish(self, text: str) -> int:
        """A replica would take the message and tell nobody else; that it refuses to write gives it away."""
        async with self._redis.pipeline(transaction=False) as both:
            both.publish(CHANNEL, text)
            both.delete(NOTHING)
            heard, _ = await both.execute()
        return int(heard)

    async def hear(self) -> AsyncIterator[str]:
        """Yield what is published from now on, after an empty text as soon as listening has begun. Raises Away."""
        try:
            async with self._redis.pubsub() as channel:
                async for text in _heard(channel):
                    self._listening.answered()
                    yield text
        except Exception as error:
            await self._lost(self._listening, error)
            raise Away from error

    async def close(self) -> None:
        """Close every connection."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await self._redis.aclose(close_connection_pool=True)

    async def _ask_together(self) -> None:
        """Ask for all who came meanwhile at once, on one connection."""
        while asked := self._asked:
            self._asked = []
            try:
                answers = await self._ask(self._limits, PATIENCE, self._windows(asked))
            except Away as away:
                asked += self._asked
                self._asked = []
                for one in asked:
                    if not one.answer.done():
                        one.answer.set_exception(away)
            else:
                for one, admitted in zip(asked, answers, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(admitted)
        self._asking = None

    async def _windows(self, asked: "Sequence[_Asked]") -> list[bool]:
        async with self._redis.pipeline(transaction=False) as together:
            for one in asked:
                together.eval(WINDOW, 1, one.key, one.most, one.seconds)
            return [int(answer) == 1 for answer in await together.execute()]

    async def _ask(self, use: "Use", patience: float, asking: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(patience):
                answer = await asking
        except Exception as error:
            await self._lost(use, error)
            raise Away from error
        use.answered()
        return answer

    async def _lost(self, use: "Use", error: Exception) -> None:
        """Let go of connections too; after a failover all of them lead to a server that only reads."""
        from redis.exceptions import ReadOnlyError

        use.failed(error)
        every = isinstance(error, ReadOnlyError)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                await self._redis.connection_pool.disconnect(inuse_connections=every)


class Use:
    """One use of Redis: whether it is answered, and when it is tried again."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._away = False
        self._again_at = 0.0

    def begin(self) -> None:
        """Raise Away while it is away; one in ``PAUSE`` tries for all."""
        if self._away:
            now = self._clock()
            if now < self._again_at:
                raise Away
            self._again_at = now + PAUSE

    def failed(self, error: Exception) -> None:
        """Note that there was no answer."""
        metrics.REDIS_FAILURES.labels(self._name).inc()
        if not self._away:
            self._away = True
            log.warning("redis away", use=self._name, error=type(error).__name__)
        self._again_at = self._clock() + PAUSE

    def answered(self) -> None:
        """Note that there was one."""
        if self._away:
            self._away = False
            log.info("redis back", use=self._name)


async def _heard(channel: Any) -> AsyncIterator[str]:
    async with asyncio.timeout(LEISURE):
        await channel.subscribe(CHANNEL)
    asked = True
    while True:
        message = await channel.get_message(timeout=QUIET)
        if message is not None:
            asked = False
            if message["type"] != "pong":
                yield message["data"].decode() if message["type"] == "message" else ""
        elif asked:
            raise TimeoutError
        else:
            asked = True
            async with asyncio.timeout(LEISURE):
                await channel.ping()
