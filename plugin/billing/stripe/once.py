"""A write that goes out once however often it is wished for, and is not held to a refusal that Stripe only remembers."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stripe

from plugin.billing.stripe.wire import asked
from plugin.errors import Conflict

TURNS = 8
"""Stripe repeats a refusal under its key for a day; so many may be outlived within it, each by a key of its own."""

T = TypeVar("T")


def key(*parts: object) -> str:
    """Return the idempotency key of a wish."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


async def once(
    write: Callable[[str], Awaitable[T]], *wish: object, still: Callable[[], Awaitable[None]] | None = None
) -> T:
    """Write under the wish's key. Whoever wishes the same at the same moment comes by the same key, or is refused.

    A refusal from Stripe's memory says nothing of now: ``still`` raises where the wish has no ground any more, then the
    next key of the same row is taken.
    """
    for turn in range(TURNS):
        try:
            return await asked(write(key(*wish, turn)))
        except Conflict as error:
            if turn == TURNS - 1 or not _is_remembered(error.__cause__):
                raise
        if still is not None:
            await still()
    raise AssertionError("the last turn returns or raises")


def _is_remembered(error: BaseException | None) -> bool:
    """Tell a repeated refusal, and a key that went with another wish; one that is under way is neither."""
    if not isinstance(error, stripe.StripeError) or error.http_status == 409:
        return False
    headers = error.headers or {}
    replayed = any(name.lower() == "idempotent-replayed" and text == "true" for name, text in headers.items())
    return replayed or isinstance(error, stripe.IdempotencyError)
