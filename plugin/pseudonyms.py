"""Keyed hashes in place of ids: each shop has a key of its own, opened when it is first needed."""

from collections.abc import Iterable

from plugin.crypto import Keyring, keyed_hash
from plugin.shops import Shop, shop_key


class Pseudonyms:
    """Hashes under the keys of these shops, for one piece of work; it is never kept beyond that."""

    def __init__(self, keyring: Keyring, shops: Iterable[Shop]) -> None:
        self._keyring = keyring
        self._shops = {shop.id: shop for shop in shops}
        self._keys: dict[int, bytes] = {}

    def key(self, shop_id: int) -> bytes:
        """Return the shop's key. Raises SealBroken when the key that sealed it is configured no longer."""
        found = self._keys.get(shop_id)
        if found is None:
            found = self._keys[shop_id] = shop_key(self._keyring, self._shops[shop_id])
        return found

    def __call__(self, shop_id: int, text: str) -> str:
        """Return the hash of the text in that shop."""
        return keyed_hash(self.key(shop_id), text)
