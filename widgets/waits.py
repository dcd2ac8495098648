"""How many requests may wait for an order at once: a shop's and an address's, so that waiting is no weapon."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 3.0
PER_SHOP = 50
PER_ADDRESS = 5


class Waits:
    """Counts those who wait in this process; each waits ``longest`` seconds at most."""

    def __init__(self, longest: float = LONGEST) -> None:
        self.longest = longest
        self._shops: Counter[int] = Counter()
        self._addresses: Counter[str] = Counter()

    @contextmanager
    def place(self, shop_id: int, address: str) -> Iterator[bool]:
        """Hold a place while waiting; yields False when there is none left, and then holds nothing."""
        if self._shops[shop_id] >= PER_SHOP or self._addresses[address] >= PER_ADDRESS:
            yield False
            return
        self._shops[shop_id] += 1
        self._addresses[address] += 1
        try:
            yield True
        finally:
            self._shops[shop_id] -= 1
            self._addresses[address] -= 1
            self._shops += Counter()
            self._addresses += Counter()
