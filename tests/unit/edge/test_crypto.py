"""Sealed values open with their key, in their place, unaltered, and nowhere else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from plugin.crypto import Keyring, SealBroken, keyed_hash

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_own_place(plain: bytes, context: str) -> None:
    ring = Keyring((NEW,))
    sealed = ring.seal(plain, context=context)
    assert ring.open(sealed, context=context) == plain
    assert len(plain) < 8 or plain not in sealed
    with pytest.raises(SealBroken):
        ring.open(sealed, context=f"{context}:other")


@given(st.integers(min_value=0, max_value=8 * 40 - 1))
def test_one_changed_bit_is_noticed(bit: int) -> None:
    ring = Keyring((NEW,))
    sealed = bytearray(ring.seal(b"eight by", context="shop:1:access_token"))
    assert len(sealed) == 40
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        ring.open(bytes(sealed), context="shop:1:access_token")


@pytest.mark.parametrize(
    "sealed",
    [b"", b"abc", b"abcdef", pytest.param(Keyring((NEW,)).seal(b"", context="x")[:20], id="half")],
)
def test_a_truncated_value_is_broken_not_a_crash(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Keyring((NEW,)).open(sealed, context="x")


def test_the_same_secret_never_looks_the_same() -> None:
    ring = Keyring((NEW,))
    assert ring.seal(b"token", context="x") != ring.seal(b"token", context="x")


def test_rotation_opens_old_values_and_seals_with_the_newest() -> None:
    before, during, after = Keyring((OLD,)), Keyring((NEW, OLD)), Keyring((NEW,))
    sealed = before.seal(b"token", context="x")
    assert during.open(sealed, context="x") == b"token"
    assert during.needs_rewrap(sealed)
    assert not after.knows(sealed)
    with pytest.raises(SealBroken, match="DANKBAR_SECRET_KEY"):
        after.open(sealed, context="x")
    fresh = during.rewrap(sealed, context="x")
    assert not during.needs_rewrap(fresh)
    assert after.knows(fresh)
    assert after.open(fresh, context="x") == b"token"


def test_the_layout_is_key_id_nonce_ciphertext() -> None:
    sealed = Keyring((NEW,)).seal(b"token", context="place")
    assert AESGCM(NEW).decrypt(sealed[4:16], sealed[16:], b"place") == b"token"


@pytest.mark.parametrize("keys", [(), (b"short",), (NEW, b"x" * 31)])
def test_a_keyring_without_good_keys_cannot_be_made(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


def test_keyed_hash_is_the_hmac_of_rfc_4231() -> None:
    assert keyed_hash(b"Jefe", "what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert keyed_hash(b"one", "x") != keyed_hash(b"two", "x")
