"""Shopify's own GraphQL schemas, as `make setup` put them into `.cache/schemas`."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from graphql import GraphQLSchema, build_ast_schema, parse

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "schemas"


class SchemaMissing(Exception):
    """The schemas were never fetched here; the message says what to run."""


def schema_folder() -> Path:
    """Where the schemas are: `DANKBAR_SCHEMAS`, else `.cache/schemas` beside the packages."""
    return Path(os.environ.get("DANKBAR_SCHEMAS") or CACHE)


@cache
def admin_schema(version: str) -> GraphQLSchema:
    """The whole Admin API of that version (`2026-10`), built once a process in about half a second."""
    return _build(f"admin_{version}.graphql")


@cache
def partner_schema(version: str) -> GraphQLSchema:
    """The whole Partner API of that version (`2026-07`), built once a process."""
    return _build(f"partner_{version}.graphql")


@cache
def required_scopes(version: str) -> Mapping[str, frozenset[str]]:
    """Scopes of which an app needs one, by `Type` or `Type.field` of the Admin API; what is absent needs none.

    Source: the access notes that Shopify publishes with the schema (offline tokens).
    """
    lines = _read(f"admin_{version}.scopes.tsv").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return MappingProxyType({name: frozenset(scopes.split(",")) for _, name, scopes, _ in rows if scopes})


def _read(name: str) -> str:
    path = schema_folder() / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SchemaMissing(f"{path} is missing: run `make schemas`.") from None


def _build(name: str) -> GraphQLSchema:
    document = parse(_read(name), no_location=True)
    return build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
