"""Encryption at rest, and keyed hashes of what must be recognised but not kept."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugin.errors import DankbarError

_ID = 4
_NONCE = 12


class SealBroken(DankbarError):
    """The ciphertext was made with a key that is no longer configured, for another place, or was altered."""


class Keyring:
    """AES-256-GCM under the newest key; older keys only open. The context is bound as associated data.

    A sealed value is the key's id (4 bytes of its SHA-256), a random nonce (12 bytes) and the ciphertext with its tag.
    """

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a keyring needs keys of 32 bytes")
        self._newest = _key_id(keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        if len(self._ciphers) != len(set(keys)):
            raise ValueError("two keys of this keyring have the same id: replace one of them")

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt for one place, such as ``shop:17:access_token``; it opens nowhere else."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain, context.encode())
        return self._newest + nonce + sealed

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt what was sealed for this place. Raises SealBroken."""
        cipher = self._ciphers.get(sealed[:_ID])
        if cipher is None:
            raise SealBroken(
                "A stored secret was encrypted with a key that is not in DANKBAR_SECRET_KEY any more."
            )
        try:
            return cipher.decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(
                "A stored secret does not open: it was altered or belongs to another place."
            ) from error

    def knows(self, sealed: bytes) -> bool:
        """Tell whether the key that sealed this is still configured."""
        return sealed[:_ID] in self._ciphers

    def needs_rewrap(self, sealed: bytes) -> bool:
        """Tell whether this was sealed with any key but the newest."""
        return sealed[:_ID] != self._newest

    def rewrap(self, sealed: bytes, *, context: str) -> bytes:
        """Return the same secret under the newest key. Raises SealBroken."""
        return self.seal(self.open(sealed, context=context), context=context)


def keyed_hash(key: bytes, text: str) -> str:
    """HMAC-SHA256 in hexadecimal: tombstones of erased ids, checkout tokens."""
    return hmac.digest(key, text.encode(), sha256).hex()


def _key_id(key: bytes) -> bytes:
    return sha256(key).digest()[:_ID]
