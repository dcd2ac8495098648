"""The token a form carries back: only what is shown to this customer, proved, knows it."""

import hmac
from datetime import datetime

from plugin.crypto import keyed_hash

HOUR = 3600


def action_token(key: bytes, shop_id: int, customer_id: int, now: datetime) -> str:
    """Return the token of this shop (by its pseudonym key), customer and hour."""
    return _of(key, shop_id, customer_id, _hour(now))


def action_token_ok(key: bytes, shop_id: int, customer_id: int, given: str, now: datetime) -> bool:
    """Tell whether the token is of this hour or of the one before."""
    hour, text = _hour(now), given.encode()
    made = [_of(key, shop_id, customer_id, past).encode() for past in (hour, hour - 1)]
    return any([hmac.compare_digest(text, one) for one in made])  # noqa: C419  both are compared, whichever fits


def _of(key: bytes, shop_id: int, customer_id: int, hour: int) -> str:
    return keyed_hash(key, f"action:{shop_id}:{customer_id}:{hour}")


def _hour(now: datetime) -> int:
    return int(now.timestamp() // HOUR)
