"""What is asked of Shopify, kept in tables, shown in the data panel and promised there is one and the same."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

import widgets
from plugin import retention
from plugin.core import access_log, adjustments, data_requests, order_book
from plugin.shopify.documents import API_VERSION, document
from tests.schemas import admin_schema
from widgets.inventory import declared
from widgets.processing import ACCESS, CHECKOUT, MESSAGES, PROTECTED_DATA, REQUESTS
from widgets.records import Declared
from widgets.trust.promises import PROMISES, Promise

ROOT = Path(__file__).resolve().parents[2]
NOT_OF_PEOPLE = frozenset({"shop", "app", "app-scopes", "compliance"})
"""Subscriptions about the shop, and those that Shopify requires of everybody."""

SCOPES_WITHOUT_PEOPLE = frozenset({"write_app_proxy", "read_products"})

LEVEL_TWO = frozenset(
    "name first_name last_name display_name company email contact_email email_address default_email_address phone "
    "phone_number default_phone_number address address1 address2 formatted formatted_area city zip postal_code "
    "latitude longitude coordinates_validated browser_ip client_ip client_details billing_address display_address "
    "default_address addresses addresses_v2 destination note note_attributes customer_email".split()
)
"""Fields by which Shopify counts an app as one that knows who somebody is or where they live."""

OF_PEOPLE = frozenset({"Customer", "MailingAddress", "CustomerEmailAddress", "CustomerPhoneNumber", "Order"})
"""Types whose fields can be of the second level; an order's ``name`` is its number."""


def configuration() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "shopify.app.toml").read_text(encoding="utf-8"))


def requested() -> set[str]:
    """Every field of every subscription about people, as ``subscription: field``."""
    return {
        f"{one['name']}: {field}"
        for one in configuration()["webhooks"]["subscriptions"]
        if one["name"] not in NOT_OF_PEOPLE
        for field in one["include_fields"]
    }


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def selected() -> Iterator[tuple[str, str]]:
    """Type and field of everything that our documents ask about people."""
    for path in sorted((ROOT / "plugin" / "graphql").glob("*.graphql")):
        info = TypeInfo(admin_schema(API_VERSION))
        found: set[tuple[str, str]] = set()

        class Collect(Visitor):
            def enter_field(
                self, node: FieldNode, *_: object, info: TypeInfo = info, found: set[tuple[str, str]] = found
            ) -> None:
                parent = info.get_parent_type()
                if parent is not None and get_named_type(parent).name in OF_PEOPLE:
                    found.add((parent.name, node.name.value))

        visit(parse(document(path.stem).text), TypeInfoVisitor(info, Collect()))
        yield from sorted(found)


def test_every_field_asked_of_shopify_belongs_to_a_declared_activity_and_the_other_way_round() -> None:
    declared_fields = [field for one in widgets.everything() for field in one.asks]
    assert set(declared_fields) == requested()
    assert len(declared_fields) == len(set(declared_fields))


def test_every_scope_about_people_belongs_to_a_declared_activity_and_the_other_way_round() -> None:
    scopes = configuration()["access_scopes"]
    granted = {*scopes["scopes"].split(","), *scopes.get("optional_scopes", ())}
    claimed = {scope for one in widgets.everything() for scope in one.scopes}
    assert claimed == granted - SCOPES_WITHOUT_PEOPLE


def test_nothing_asked_of_shopify_names_or_locates_anybody() -> None:
    """Protected customer data of the first level is all there is, and the panel's first promise rests on it."""
    fields = {field.partition(": ")[2] for field in requested()}
    assert not [field for field in fields if LEVEL_TWO & set(field.split("."))]
    found = {(kind, field) for kind, field in selected() if snake(field) in LEVEL_TWO}
    assert found - {("Order", "name")} == set()
    assert any(kind == "Customer" for kind, _ in selected())
    assert PROTECTED_DATA == 1


def test_the_second_level_would_be_noticed() -> None:
    for field in ("customer.email", "shipping_address.zip", "customer.first_name", "email", "note"):
        assert LEVEL_TWO & set(field.split("."))
    for named in ("displayName", "address1", "defaultEmailAddress", "phone"):
        assert snake(named) in LEVEL_TWO


@pytest.mark.parametrize(("tag", "tone"), [("de", "sie"), ("de", "du"), ("en", "sie")])
def test_the_panel_has_a_row_for_every_activity_that_has_a_column(tag: str, tone: str) -> None:
    shown = declared(frozenset(), tag, tone)
    known = widgets.everything()
    assert len(shown) == len(known)
    for row, one in zip(shown, known, strict=True):
        assert row.what
        assert one.columns
        if tag == "en":
            assert row == Declared(one.what, one.purpose, one.basis, one.retention, one.recipients)
        else:
            assert row.what != one.what
            assert row.purpose != one.purpose


def test_the_times_promised_are_the_times_kept() -> None:
    assert CHECKOUT.retention == f"{order_book.PROOF.days} days after we first hear of the order."
    assert f"at most {retention.BODIES_FOR.days} days" in MESSAGES.retention
    assert f"that they came for {retention.HANDLED_FOR.days} days" in MESSAGES.retention
    assert (ACCESS.retention, access_log.KEPT_FOR.days) == ("One year.", 365)
    corrections = next(one for one in widgets.everything() if "adjustment.author" in one.columns)
    assert "at most three years" in corrections.retention
    assert adjustments.AUTHORS_FOR.days == 3 * 365
    assert data_requests.TIME.days == 30
    assert REQUESTS.export is not None


def test_the_guide_tells_the_times_that_are_kept() -> None:
    text = " ".join((ROOT / "docs" / "privacy.md").read_text(encoding="utf-8").split())
    for told in (
        f"rows of handled messages after {retention.HANDLED_FOR.days} days",
        f"could not be handled after {retention.BODIES_FOR.days} days",
        f"after {retention.UNKNOWN_FOR.days * 24} hours",
        f"proofs of a checkout after {order_book.PROOF.days} days",
        f"due {data_requests.TIME.days} days after it came",
        f"needs level {PROTECTED_DATA}:",
    ):
        assert told in text


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.proof.partition("::")[2])
def test_every_promise_has_the_test_that_proves_it(promise: Promise) -> None:
    path, _, name = promise.proof.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert name in tests
