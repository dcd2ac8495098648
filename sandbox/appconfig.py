"""What the app asks of Shopify in its shopify.app.toml: scopes, webhook subscriptions, the app proxy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.money import Body

CONFIG_FILE = Path(__file__).resolve().parent.parent / "shopify.app.toml"

_TOPIC_SCOPES = {
    "orders/": "read_orders",
    "refunds/": "read_orders",
    "order_transactions/": "read_orders",
    "fulfillments/": "read_fulfillments",
    "fulfillment_events/": "read_fulfillments",
    "customers/merge": "read_customer_merge",
    "customers/": "read_customers",
    "discounts/": "read_discounts",
}
_COMPLIANCE = frozenset({"customers/data_request", "customers/redact", "shop/redact"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """One [[webhooks.subscriptions]] table; ``include_fields`` None asks for whole bodies."""

    topics: frozenset[str]
    uri: str
    include_fields: tuple[str, ...] | None
    name: str | None


@dataclass(frozen=True, slots=True)
class AppConfig:
    """The parts of shopify.app.toml that change how Shopify behaves."""

    scopes: tuple[str, ...]
    api_version: str
    subscriptions: tuple[Subscription, ...]
    proxy_url: str
    proxy_prefix: str
    proxy_subpath: str
    application_url: str = ""
    name: str = ""
    optional_scopes: tuple[str, ...] = ()
    handle: str = ""

    @property
    def proxy_path(self) -> str:
        """Where shoppers reach the app proxy on the shop's own host."""
        return f"/{self.proxy_prefix}/{self.proxy_subpath}"

    def subscribed(self, topic: str, granted: Sequence[str]) -> Iterator[Subscription]:
        """Yield the subscriptions of a topic that the granted scopes allow; compliance topics need none."""
        needed = scope_of_topic(topic)
        if needed is None or allows(granted, needed):
            yield from (one for one in self.subscriptions if topic in one.topics)


def read_config(path: Path = CONFIG_FILE) -> AppConfig:
    """Read a shopify.app.toml; raises KeyError when a table that Shopify requires is missing."""
    toml: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    proxy = toml["app_proxy"]
    tables = toml["webhooks"]["subscriptions"]
    return AppConfig(
        scopes=tuple(scope.strip() for scope in toml["access_scopes"]["scopes"].split(",") if scope.strip()),
        api_version=toml["webhooks"]["api_version"],
        subscriptions=tuple(_subscription(table) for table in tables),
        proxy_url=proxy["url"],
        proxy_prefix=proxy["prefix"],
        proxy_subpath=proxy["subpath"],
        application_url=toml["application_url"],
        name=toml["name"],
        optional_scopes=tuple(toml["access_scopes"].get("optional_scopes", ())),
        handle=toml["handle"],
    )


def _subscription(table: dict[str, Any]) -> Subscription:
    fields = table.get("include_fields")
    return Subscription(
        topics=frozenset([*table.get("topics", ()), *table.get("compliance_topics", ())]),
        uri=table["uri"],
        include_fields=None if fields is None else tuple(fields),
        name=table.get("name"),
    )


def scope_of_topic(topic: str) -> str | None:
    """Return the scope without which Shopify does not deliver a topic (from its list of webhook topics)."""
    if topic in _COMPLIANCE:
        return None
    return next((scope for start, scope in _TOPIC_SCOPES.items() if topic.startswith(start)), None)


def allows(granted: Iterable[str], scope: str) -> bool:
    """Say whether granted scopes hold this one; writing implies reading."""
    held = set(granted)
    return scope in held or (scope.startswith("read_") and f"write_{scope[5:]}" in held)


def reduced(body: Body, include_fields: Sequence[str] | None) -> Body:
    """Keep the listed fields of a webhook body alone; a dotted name goes one level into objects and lists.

    A null stays null and an absent key absent; a name given whole wins over its parts.
    """
    if include_fields is None:
        return body
    tree: dict[str, set[str] | None] = {}
    for field in include_fields:
        head, _, rest = field.partition(".")
        if not rest:
            tree[head] = None
        else:
            parts = tree.setdefault(head, set())
            if parts is not None:
                parts.add(rest)
    return {key: _part(value, tree[key]) for key, value in body.items() if key in tree}


def _part(value: Any, names: set[str] | None) -> Any:
    if names is None:
        return value
    if isinstance(value, list):
        return [_part(item, names) for item in value]
    if isinstance(value, dict):
        return reduced(value, sorted(names))
    return value
