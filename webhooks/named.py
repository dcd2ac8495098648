"""Whom a stored body names: the orders and customers in it, whatever its topic and however broken it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

_GID = re.compile(r"gid://shopify/(Order|Customer)/([1-9][0-9]{0,18})(?![0-9])")
_NUMBER = re.compile(r'"(?:id|order_id|customer_id)"\s*:\s*"?([1-9][0-9]{0,18})(?![0-9])')
_ORDERS = {"orders_to_redact", "orders_requested"}


@dataclass(frozen=True, slots=True)
class Named:
    """Shopify's ids in a body."""

    orders: frozenset[int] = frozenset()
    customers: frozenset[int] = frozenset()

    def concerns(self, orders: frozenset[int], customers: frozenset[int]) -> bool:
        """Tell whether the body is about any of these."""
        return not (self.orders.isdisjoint(orders) and self.customers.isdisjoint(customers))


def named(topic: str, body: bytes) -> Named:
    """Return whom the body names. In one that is no JSON every id may be an order's or a customer's."""
    try:
        found = list(_walk(msgspec.json.decode(body), re.split("[/.]", topic)[0]))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _guessed(body.decode("utf-8", "replace"))
    return Named(
        frozenset(id for kind, id in found if kind == "Order"),
        frozenset(id for kind, id in found if kind == "Customer"),
    )


def _guessed(text: str) -> Named:
    numbers = frozenset(int(id) for id in _NUMBER.findall(text))
    numbers |= {int(id) for _, id in _GID.findall(text)}
    return Named(numbers, numbers)


def _walk(value: Any, about: str) -> Iterator[tuple[str, int]]:
    """Yield (Order or Customer, id); ``about`` is what an ``id`` here belongs to: orders, customer(s), or neither."""
    if isinstance(value, str):
        yield from ((kind, int(id)) for kind, id in _GID.findall(value))
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, about)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(key, item, about)


def _entry(key: str, item: Any, about: str) -> Iterator[tuple[str, int]]:
    if isinstance(item, int):
        if key == "order_id" or (key == "id" and about in {"orders", "order"}):
            yield ("Order", item)
        elif key == "customer_id" or (key == "id" and about in {"customers", "customer"}):
            yield ("Customer", item)
    elif key in _ORDERS and isinstance(item, list):
        yield from (("Order", id) for id in item if isinstance(id, int))
    else:
        yield from _walk(item, key)
