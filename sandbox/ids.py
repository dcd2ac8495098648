"""Ids, tokens and instants in the shapes Shopify gives them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/(\d+)")


class Ids:
    """Numbers nobody else in this sandbox has; every third is too large for a JavaScript number."""

    def __init__(self) -> None:
        self.used = 0

    def next(self) -> int:
        """Return a fresh id: thirteen digits mostly, eighteen (above 2**53) every third time."""
        self.used += 1
        n = self.used
        if n % 3 == 0:
            return 820_982_911_946_154_508 + 7_919 * n
        return 5_881_974_834_746 + 32_768 * n


def gid(kind: str, number: int) -> str:
    """Return the global id of a resource."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str, *kinds: str) -> int | None:
    """Return the number in a global id of one of these kinds, else None."""
    match = _GID.fullmatch(global_id)
    return int(match[2]) if match and match[1] in kinds else None


def token() -> str:
    """Return 32 hexadecimal digits, the shape of checkout, cart and order tokens."""
    return secrets.token_hex(16)


def local(instant: datetime, zone: str) -> str:
    """Write an instant as webhooks do: whole seconds in the shop's zone with its offset."""
    return instant.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def utc(instant: datetime) -> str:
    """Write an instant as the Admin API does: whole seconds, UTC, with a Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """Read either spelling back into an aware instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
