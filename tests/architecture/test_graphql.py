"""Every document is valid in both versions we live with, names no deprecated field, and needs just the scopes we ask for."""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import NoDeprecatedCustomRule

from plugin.shopify.documents import API_VERSION, PARTNER_VERSION, document
from tests.schemas import admin_schema, partner_schema, required_scopes
from widgets.coupon import mails

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "plugin" / "graphql"
NAMES = sorted(path.stem for path in FOLDER.glob("*.graphql"))

OWNERS = {"customer": "write_customers", "order": "write_orders"}
"""The scope that a metafield's owner needs; the schema leaves to prose that it is the owner's write scope."""

TOPICS = {
    "orders/": "read_orders",
    "refunds/": "read_orders",
    "fulfillments/": "read_fulfillments",
    "fulfillment_events/": "read_fulfillments",
    "customers/merge": "read_customer_merge",
    "app/": None,
    "shop/": None,
}
"""The scope that each family of webhook topics needs."""


def configuration() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "shopify.app.toml").read_text(encoding="utf-8"))


def granted() -> set[str]:
    return set(str(configuration()["access_scopes"]["scopes"]).split(","))


def satisfied(needed: frozenset[str], scopes: set[str]) -> bool:
    implied = scopes | {scope.replace("write_", "read_", 1) for scope in scopes if scope.startswith("write_")}
    return bool(needed & implied)


def topics() -> Iterator[str]:
    for subscription in configuration()["webhooks"]["subscriptions"]:  # type: ignore[attr-defined]
        yield from subscription.get("topics", ())


@cache
def needs(name: str) -> frozenset[frozenset[str]]:
    """For each type and field that the document touches: the scopes of which one is enough."""
    scopes, info = required_scopes(API_VERSION), TypeInfo(admin_schema(API_VERSION))
    found: set[frozenset[str]] = set()

    class Collect(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent, kind = info.get_parent_type(), info.get_type()
            assert parent is not None
            assert kind is not None
            named = get_named_type(kind)
            assert not isinstance(named, GraphQLInterfaceType) or named.name == "DiscountApplication"
            for key in (f"{parent.name}.{node.name.value}", named.name):
                if key in scopes:
                    found.add(scopes[key])

    visit(parse(document(name).text), TypeInfoVisitor(info, Collect()))
    return frozenset(found)


def test_there_are_documents() -> None:
    assert len(NAMES) >= 15


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_valid_and_names_nothing_deprecated(name: str, version: str) -> None:
    tree = parse(document(name).text)
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert validate(admin_schema(version), tree, rules) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_one_operation_of_its_own_name(name: str) -> None:
    operations = [
        node for node in parse(document(name).text).definitions if isinstance(node, OperationDefinitionNode)
    ]
    assert [node.name.value for node in operations if node.name] == [name]
    assert document(name).mutates == (operations[0].operation.value == "mutation")


def test_a_document_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LookupError):
        document("Nothing")


@pytest.mark.parametrize("name", NAMES)
def test_the_scopes_we_ask_for_are_enough(name: str) -> None:
    missing = [sorted(needed) for needed in needs(name) if not satisfied(needed, granted())]
    assert missing == []


def test_every_topic_has_its_scope() -> None:
    for topic in topics():
        families = [family for family in TOPICS if topic.startswith(family)]
        assert len(families) == 1, topic
        scope = TOPICS[families[0]]
        assert scope is None or satisfied(frozenset({scope}), granted()), topic


def optional() -> set[str]:
    found: Iterable[str] = configuration()["access_scopes"].get("optional_scopes", ())  # type: ignore[assignment]
    return set(found)


def test_each_metafield_of_ours_has_the_scope_to_write_it_and_no_owner_has_one_in_vain() -> None:
    owned = {owner for owner in OWNERS if owner in configuration()}
    assert {OWNERS[owner] for owner in owned} == {
        scope for scope in OWNERS.values() if scope in granted() | optional()
    }
    assert owned == set(OWNERS)
    for scope in granted():
        assert scope.replace("write_", "read_", 1) not in granted() - {scope}, "is implied"


def test_what_only_some_shops_want_is_asked_of_them_alone() -> None:
    """Shopify refuses an optional scope that another one implies."""
    assert optional() == {mails.SCOPE}
    assert not optional() & granted()


def test_no_scope_is_asked_for_in_vain() -> None:
    wanted = {needed for name in NAMES for needed in needs(name)}
    wanted |= {
        frozenset({scope})
        for topic in topics()
        for family, scope in TOPICS.items()
        if scope and topic.startswith(family)
    }
    if "app_proxy" in configuration():
        wanted.add(frozenset({"write_app_proxy"}))
    for scope in granted():
        rest = granted() - {scope}
        assert any(not satisfied(needed, rest) for needed in wanted), f"{scope} is not needed"


def fragments(name: str) -> dict[str, str]:
    return {
        node.name.value: print_ast(node)
        for node in parse(document(name).text).definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def test_what_two_documents_say_of_an_order_is_the_same() -> None:
    """A fetch and a reconciliation read one form, and a further page brings the very fields of the first."""
    assert fragments("OrdersChanged") == fragments("OrderFetch")
    pages = {
        "OrderLines": "LineFacts",
        "RefundLines": "RefundLineFacts",
        "RefundAdjustments": "AdjustmentFacts",
    }
    for name, fragment in pages.items():
        body = fragments("OrderFetch")[fragment].partition("{")[2].rpartition("}")[0]
        assert "".join(body.split()) in "".join(document(name).text.split()), name


PARTNER = sorted(path.stem for path in (FOLDER / "partner").glob("*.graphql"))


@pytest.mark.parametrize("name", PARTNER)
def test_a_document_of_the_partner_api_is_valid_and_names_nothing_deprecated(name: str) -> None:
    found = document(name, "partner")
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert validate(partner_schema(PARTNER_VERSION), parse(found.text), rules) == []
    assert not found.mutates, "nothing is written there"


def test_the_partner_api_is_asked_for_one_thing() -> None:
    assert PARTNER == ["ActiveSubscription"]
