"""The theme's side of app blocks: the shipped Liquid, rendered with the settings of its schema, where it was placed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.state import Customer, Shop

if TYPE_CHECKING:
    from liquid import Environment

EXTENSION = Path(__file__).resolve().parents[2] / "extensions" / "theme"
ASSETS = "/sandbox/theme/assets/"
TEMPLATES = ("index", "product", "cart")
EVERYWHERE = "body"
NO_CART: Mapping[str, Any] = {
    "item_count": 0,
    "items": (),
    "requires_shipping": False,
    "discount_applications": (),
}
"""An empty cart as Liquid sees it."""
NO_PAGE: Mapping[str, Any] = {"cart": NO_CART, "product": None, "country": "DE", "page_type": "index"}
"""A page that is about nothing: whose ``country`` the prices are for, and its own product."""

CHOSEN: Mapping[str, Mapping[str, Any]] = {
    "light": {"radius": 4, "paper": "#fffdf9"},
    "dark": {"radius": 14},
    "loud": {"radius": 22, "paper": "#fffaf0"},
}
"""What whoever made each theme has chosen for the blocks in the theme editor."""

_SCHEMA = re.compile(r"{%-?\s*schema\s*-?%}(.*?){%-?\s*endschema\s*-?%}", re.DOTALL)
_SLOT = re.compile(r"{{\s*(\w+)\s*}}")
_USUAL: Mapping[str, tuple[str, ...]] = {
    "loyalty": ("index", "cart"),
    "coupon": TEMPLATES,
    "trust": ("index",),
}
_OTHERWISE = ("product", "cart")


@dataclass(frozen=True, slots=True)
class Block:
    """One file in blocks/: an app block (``target`` section) or an app embed (body, head)."""

    handle: str
    source: str
    schema: Mapping[str, Any]

    @property
    def target(self) -> str:
        """Where a theme takes it."""
        return str(self.schema.get("target", "section"))

    @property
    def defaults(self) -> dict[str, Any]:
        """What the theme editor fills in for a merchant who changes nothing."""
        return {one["id"]: one.get("default", "") for one in self.schema.get("settings", ()) if one.get("id")}

    @property
    def places(self) -> tuple[str, ...]:
        """The templates on which it can stand."""
        return TEMPLATES if self.target == "section" else (EVERYWHERE,)

    def name(self, locale: str) -> str:
        """Return its name in the theme editor."""
        return str(translated(f"{locale}.schema", "en.default.schema", str(self.schema.get("name", ""))))


def blocks() -> list[Block]:
    """Read the extension's blocks, as they are on disk now."""
    found = []
    for path in sorted((EXTENSION / "blocks").glob("*.liquid")):
        text = path.read_text(encoding="utf-8")
        schema = _SCHEMA.search(text)
        rest = _SCHEMA.sub("", text)
        found.append(Block(path.stem, rest, json.loads(schema[1]) if schema else {}))
    return found


class Placement:
    """Which block stands on which template of the shop's theme; a person may move them in the theme editor."""

    def __init__(self) -> None:
        self._chosen: dict[str, set[str]] | None = None

    def of(self, block: Block) -> set[str]:
        """Return the templates on which a block stands."""
        if self._chosen is not None:
            return self._chosen.get(block.handle, set())
        return set(_USUAL.get(block.handle, _OTHERWISE)) if block.target == "section" else set()

    def choose(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Place blocks (handle, template) and no others."""
        chosen: dict[str, set[str]] = {}
        for handle, template in pairs:
            chosen.setdefault(handle, set()).add(template)
        self._chosen = chosen


def rendered(
    placement: Placement,
    template: str,
    shop: Shop,
    locale: str,
    customer: Customer | None,
    settings: Mapping[str, Any] | None = None,
    page: Mapping[str, Any] = NO_PAGE,
) -> list[str]:
    """Render every block that stands on this template, framed as Shopify frames app blocks."""
    return [
        f'<div id="shopify-block-{block.handle}" class="shopify-block shopify-app-block">'
        f"{render(block, shop, locale, customer, settings, page)}</div>"
        for block in sorted(blocks(), key=lambda one: one.handle == "coupon")
        if template in placement.of(block)
    ]


def render(
    block: Block,
    shop: Shop,
    locale: str,
    customer: Customer | None = None,
    settings: Mapping[str, Any] | None = None,
    page: Mapping[str, Any] = NO_PAGE,
) -> str:
    """Render one block with its defaults and ``settings``, for whoever is signed in, on that page."""
    placed = {
        "id": block.handle,
        "settings": {**block.defaults, **(settings or {})},
        "shopify_attributes": "",
    }
    facts = {**_facts(shop, locale, customer, {**NO_PAGE, **page}), "block": placed}
    return _environment().from_string(block.source, globals=facts).render()


def liquid(source: str, shop: Shop, locale: str, customer: Customer | None = None) -> str:
    """Render what an app answered through its proxy as Liquid, as a page of the theme."""
    return _environment().from_string(source, globals=_facts(shop, locale, customer, NO_PAGE)).render()


def _facts(shop: Shop, locale: str, customer: Customer | None, page: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "request": {
            "locale": {"iso_code": locale},
            "design_mode": False,
            "page_type": page["page_type"],
        },
        "localization": {"country": {"iso_code": page["country"]}},
        "product": page["product"],
        "customer": customer
        and {
            "id": customer.id,
            "first_name": customer.first_name,
            "email": customer.email,
            "orders_count": customer.number_of_orders,
        },
        "cart": page["cart"],
        "shop": {"name": shop.name, "permanent_domain": shop.domain, "currency": shop.currency},
        "routes": {
            "root_url": "/storefront",
            "account_url": "/storefront/account",
            "cart_url": "/storefront/cart",
        },
        "locale": locale,
    }


@cache
def _environment() -> Environment:
    from liquid import CachingFileSystemLoader, Environment
    from liquid.filter import with_context

    loader = CachingFileSystemLoader(EXTENSION / "snippets", ext=".liquid", auto_reload=True)
    environment = Environment(loader=loader, strict_filters=True)
    environment.filters["asset_url"] = lambda name: f"{ASSETS}{name}"
    environment.filters["t"] = environment.filters["translate"] = with_context(_t)
    return environment


def _t(key: object, *, context: Any, **facts: object) -> str:
    locale = str(context.resolve("locale"))
    text = translated(locale, "en.default", f"t:{key}")
    return _SLOT.sub(lambda slot: str(facts.get(slot[1], "")), text)


def translated(name: str, default: str, text: str) -> str:
    """Look a ``t:`` key up in a locale file, then in the default one; other texts stay what they are."""
    if not text.startswith("t:"):
        return text
    for candidate in (name, default):
        found: Any = _locale(candidate)
        for part in text.removeprefix("t:").split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str):
            return found
    return f"Translation missing: {text.removeprefix('t:')}"


@cache
def _locale(name: str) -> Mapping[str, Any]:
    path = EXTENSION / "locales" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
