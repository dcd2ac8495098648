"""Every s-* element of the templates is one that Polaris has, with attributes, values and slots it knows."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = ROOT / "node_modules/@shopify/polaris-types/dist/custom-elements.json"
TEMPLATES = sorted((ROOT / "plugin/templates/admin").glob("*.html"))

EVERYWHERE = re.compile(r"id|slot|lang|hidden|role|tabindex|title|(aria|data|hx)-[\w:-]+")
"""What HTML and htmx allow on any element."""

OF_APP_BRIDGE = {"s-app-nav": set[str](), "s-link": {"rel"}}
"""Not Polaris's but App Bridge's: its navigation, and the mark of the home link inside."""

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands where a template puts a value of its own."""


@dataclass
class Element:
    """What the manifest says of one element."""

    attributes: dict[str, set[str]] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)


@cache
def known() -> dict[str, Element]:
    found: dict[str, Element] = {}
    for module in json.loads(MANIFEST.read_text("utf-8"))["modules"]:
        for declared in module.get("declarations", []):
            if tag := declared.get("tagName"):
                made = found.setdefault(tag, Element())
                made.slots |= {slot["name"] for slot in declared.get("slots", [])}
                for one in declared.get("attributes", []):
                    made.attributes[one["name"].lower()] = _choices(one)
    return found


def _choices(attribute: dict[str, Any]) -> set[str]:
    """The values it may have, where the manifest lists all of them."""
    text = str(attribute.get("type", {}).get("text", ""))
    parts = [part.strip() for part in text.split("|")]
    return {part[1:-1] for part in parts} if all(re.fullmatch(r'"[^"]*"', part) for part in parts) else set()


class Linter(HTMLParser):
    """Collects what is wrong with one template."""

    def __init__(self) -> None:
        super().__init__()
        self.path: list[str] = []
        self.wrong: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.startswith("s-"):
            self.seen.add(tag)
            self._check(tag, attrs)
        slot = dict(attrs).get("slot")
        if slot and slot not in self._slots():
            self.wrong.append(f"<{tag} slot={slot}> inside {self.path[-1:]}")
        if tag not in {"meta", "link", "input", "br"}:
            self.path.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.path and self.path[-1] == tag:
            self.path.pop()

    def _slots(self) -> set[str]:
        parent = next((one for one in reversed(self.path) if one.startswith("s-")), None)
        return known()[parent].slots if parent else set()

    def _check(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = known().get(tag)
        if element is None:
            if tag not in OF_APP_BRIDGE:
                self.wrong.append(f"<{tag}>")
            return
        for name, value in attrs:
            if name in OF_APP_BRIDGE.get(tag, set()) and "s-app-nav" in self.path:
                continue
            if name not in element.attributes and not EVERYWHERE.fullmatch(name):
                self.wrong.append(f"<{tag} {name}>")
            choices = element.attributes.get(name, set())
            if choices and value and UNKNOWN not in value and value not in choices:
                self.wrong.append(f"<{tag} {name}={value}>")


def linted(text: str) -> Linter:
    """Look at a template: its comments and statements left out, its values unknown."""
    plain = re.sub(r"{#.*?#}|{%.*?%}", " ", text, flags=re.DOTALL)
    linter = Linter()
    linter.feed(re.sub(r"{{.*?}}", UNKNOWN, plain, flags=re.DOTALL))
    linter.close()
    return linter


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_polaris_as_it_is(path: Path) -> None:
    assert linted(path.read_text("utf-8")).wrong == []


def test_the_templates_were_read() -> None:
    seen = {tag for path in TEMPLATES for tag in linted(path.read_text("utf-8")).seen}
    assert {"s-page", "s-section", "s-switch", "s-select", "s-money-field", "s-badge", "s-app-nav"} <= seen
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize(
    "text",
    [
        "<s-pages></s-pages>",
        '<s-page title-hidden="x"></s-page>',
        '<s-badge tone="purple">x</s-badge>',
        '<s-section><s-link slot="breadcrumb-actions">x</s-link></s-section>',
        '<s-link rel="home" href="/">x</s-link>',
        '<s-button variant="{# #}loud">x</s-button>',
    ],
)
def test_what_polaris_does_not_know_is_found(text: str) -> None:
    assert linted(text).wrong


def test_an_attribute_is_known_whatever_its_case() -> None:
    assert linted('<s-link accessibilityLabel="x" href="{{ y }}">x</s-link>').wrong == []


PARTS = [path for path in TEMPLATES if path.name.startswith("_")]


class Roots(HTMLParser):
    """Collects the outermost elements of a part."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.found.append(dict(attrs))
        self.depth += tag not in {"input", "br"}

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_a_part_has_one_root_with_an_id(path: Path) -> None:
    roots, text = Roots(), path.read_text("utf-8")
    plain = re.sub(r"{#.*?#}|{%.*?%}", " ", text, flags=re.DOTALL)
    roots.feed(re.sub(r"{{.*?}}", "x", plain, flags=re.DOTALL))
    assert roots.depth == 0
    made_of_parts = not plain.strip() and "{% include" in text
    assert made_of_parts or [bool(root.get("id")) for root in roots.found] == [True]
