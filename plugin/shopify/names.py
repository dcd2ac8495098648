"""How Shopify names things: shops by host, objects by global id."""

import re

MAX_ID = 2**63 - 1
"""The greatest id Shopify gives."""

_DOMAIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,62})\.myshopify\.com")
_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,19})(\?.*)?")


def handle_of(domain: str) -> str | None:
    """The handle of ``example.myshopify.com``, in lower case; None for any other host."""
    found = _DOMAIN.fullmatch(domain)
    return found[1].lower() if found else None


def gid(kind: str, number: int) -> str:
    """The global id of that object: ``gid("Order", 7)`` is ``gid://shopify/Order/7``."""
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str, kind: str | None = None) -> int:
    """The number in a global id. ValueError when it is not one, or not of that kind."""
    found = _GID.fullmatch(global_id)
    if found is None or (kind is not None and found[1] != kind):
        raise ValueError(f"this is not a global id of a {kind or 'Shopify object'}")
    number = int(found[2])
    if not 0 < number <= MAX_ID:
        raise ValueError("this global id has an impossible number")
    return number
