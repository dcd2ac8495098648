"""What is known of a shop's call limit, a bucket that refills by the second; pure, seconds come from outside.

Source of the rule: ``extensions.cost.throttleStatus`` of each answer. Until the first one the smallest bucket is assumed.
"""

from dataclasses import dataclass, field
from typing import TypeGuard

SOON = 0.25
"""Seconds after which a call looks again while others are under way: most cost less than was reserved for them."""


@dataclass(slots=True)
class Bucket:
    """Cost points of one shop as last told, plus what was restored since, minus what is under way."""

    maximum: float = 1000.0
    rate: float = 50.0
    _available: float = 1000.0
    _at: float = 0.0
    _under_way: float = 0.0
    _costs: dict[str, float] = field(default_factory=dict)

    def cost(self, name: str) -> float:
        """What this document was last said to cost, at most a full bucket; 10 until it is known."""
        return min(self._costs.get(name, 10.0), self.maximum)

    def take(self, cost: float, now: float) -> float:
        """Reserve these points: 0.0 when reserved, else the seconds until that may succeed."""
        missing = cost - self._free(now)
        if missing > 0:
            pause = missing / self.rate
            return min(pause, SOON) if self._under_way else pause
        self._under_way += cost
        return 0.0

    def give_back(self, cost: float) -> None:
        """End the reservation; what was really spent is told by the answer."""
        self._under_way = max(0.0, self._under_way - cost)

    def learn(self, name: str, told: object, now: float) -> None:
        """Take over what an answer's ``extensions.cost`` says; nonsense is ignored."""
        if not isinstance(told, dict):
            return
        requested, status = told.get("requestedQueryCost"), told.get("throttleStatus")
        if _is_number(requested):
            self._costs[name] = float(requested)
        if not isinstance(status, dict):
            return
        maximum, rate = status.get("maximumAvailable"), status.get("restoreRate")
        available = status.get("currentlyAvailable")
        if _is_number(maximum) and _is_number(rate) and _is_number(available) and maximum > 0 and rate > 0:
            self.maximum, self.rate = float(maximum), float(rate)
            self._available, self._at = float(available), now

    def wait(self, name: str, now: float) -> float:
        """Seconds until this document can run after Shopify said THROTTLED; at least a tenth."""
        return max(0.1, (self.cost(name) - self._free(now)) / self.rate)

    def left(self, now: float) -> float:
        """Return the share of the bucket that is free."""
        return max(0.0, self._free(now)) / self.maximum

    def _free(self, now: float) -> float:
        restored = self._available + self.rate * max(0.0, now - self._at)
        return min(self.maximum, restored) - self._under_way


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
