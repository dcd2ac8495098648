"""Rate limits as moving windows: in this process, or shared through Redis where there is one.

Redis may die: then each process counts by itself, and asks Redis again a moment later.
"""

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from plugin.errors import TooMany
from plugin.peers import Away, Peers


class Rates:
    """Counts admitted requests; refused ones do not lengthen a refusal."""

    def __init__(self, peers: Peers | None = None) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._peers = peers

    async def admit(self, most: int, seconds: int, *key: str) -> None:
        """Count a request under ``key``; raises TooMany beyond ``most`` in any ``seconds`` seconds."""
        if not await self._hit(most, seconds, key):
            raise TooMany("Too many requests at once: please try again in a moment.")

    async def _hit(self, most: int, seconds: int, key: tuple[str, ...]) -> bool:
        if self._peers is not None:
            try:
                return await self._peers.admit(most, seconds, ":".join(key))
            except Away:
                pass
        return self._own.hit(RateLimitItemPerSecond(most, seconds), *key)
