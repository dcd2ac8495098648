"""Rate limits as moving windows: in this process, or shared through Redis where there is one.

Redis may die: then each process counts by itself and asks Redis again a while later.
"""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from plugin.errors import TooMany

if TYPE_CHECKING:
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter as SharedWindows

PATIENCE = 0.2
"""Seconds Redis may take to answer."""

PAUSE = 5.0
"""Seconds without Redis after it failed."""


class Rates:
    """Counts admitted requests; refused ones do not lengthen a refusal."""

    def __init__(self, redis_url: str | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._redis: RedisStorage | None = None
        self._shared: SharedWindows | None = None
        if redis_url is not None:
            self._redis, self._shared = _shared(redis_url)
        self._alone_until = 0.0
        self._clock = clock

    async def admit(self, most: int, seconds: int, *key: str) -> None:
        """Count a request under ``key``; raises TooMany beyond ``most`` in any ``seconds`` seconds."""
        if not await self._hit(RateLimitItemPerSecond(most, seconds), key):
            raise TooMany("Too many requests at once: please try again in a moment.")

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            bridge: Any = self._redis.bridge
            await bridge.get_connection().aclose()

    async def _hit(self, limit: RateLimitItem, key: tuple[str, ...]) -> bool:
        if self._shared is not None and self._clock() >= self._alone_until:
            try:
                return await self._shared.hit(limit, *key)
            except StorageError:
                self._alone_until = self._clock() + PAUSE
        return self._own.hit(limit, *key)


def _shared(url: str) -> "tuple[RedisStorage, SharedWindows]":
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter as SharedWindows

    redis = RedisStorage(
        f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )
    return redis, SharedWindows(redis)
