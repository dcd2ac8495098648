"""The GraphQL documents, one self-contained operation a file in ``plugin/graphql``; those of the Partner API in its ``partner``."""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

API_VERSION = "2026-10"
"""The Admin API's version that every document is written for; tests hold them to 2026-07 as well."""

PARTNER_VERSION = "2026-07"
"""The Partner API's version, the first with ``activeSubscription``."""

_KIND = re.compile(r"\A(?:\s|#[^\n]*\n)*(query|mutation)\s+([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Document:
    """One operation: its name, its text, and whether it changes anything."""

    name: str
    text: str = field(repr=False)
    mutates: bool


@cache
def document(name: str, api: str = "") -> Document:
    """The operation of that name, of the ``partner`` API or of the Admin API. LookupError when there is no such file, ValueError when it holds another one."""
    path = files("plugin") / "graphql" / api / f"{name}.graphql"
    if not path.is_file():
        raise LookupError(f"there is no document {name}")
    text = path.read_text(encoding="utf-8")
    found = _KIND.match(text)
    if found is None or found[2] != name:
        raise ValueError(f"{name}.graphql does not begin with the operation {name}")
    return Document(name, text, mutates=found[1] == "mutation")
