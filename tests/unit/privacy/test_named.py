"""Whom a body names, whatever its topic and however broken it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.named import Named, named

ORDER, CUSTOMER = 9_100_000_000_000_001, 7_700_000_000_000_001


def of(topic: str, body: Any) -> tuple[set[int], set[int]]:
    found = named(topic, json.dumps(body).encode())
    return set(found.orders), set(found.customers)


@pytest.mark.parametrize(
    ("topic", "body", "orders", "customers"),
    [
        ("orders/updated", {"id": 1, "customer": {"id": 2}, "line_items": [{"id": 3}]}, {1}, {2}),
        ("orders/updated", {"id": 1, "customer": None, "refunds": [{"id": 4, "order_id": 1}]}, {1}, set()),
        ("orders/delete", {"id": 1}, {1}, set()),
        ("refunds/create", {"id": 4, "order_id": 1, "refund_line_items": [{"id": 5}]}, {1}, set()),
        ("fulfillments/create", {"id": 6, "order_id": 1}, {1}, set()),
        ("orders/edited", {"order_edit": {"id": 7, "order_id": 1}}, {1}, set()),
        ("customers/update", {"id": 2, "default_address": {"id": 8, "customer_id": 2}}, set(), {2}),
        ("customer.tags_added", {"customer_id": 2, "id": 2}, set(), {2}),
        ("customers/redact", {"customer": {"id": 2}, "orders_to_redact": [1, 9]}, {1, 9}, {2}),
        (
            "customers/data_request",
            {"customer": {"id": 2}, "data_request": {"id": 3}, "orders_requested": [1]},
            {1},
            {2},
        ),
        ("products/update", {"id": 1, "variants": [{"id": 2}]}, set(), set()),
        ("shop/update", {"id": 1}, set(), set()),
        ("", [1, "x", None, {"id": 1}], set(), set()),
    ],
)
def test_ids_are_told_apart_by_where_they_stand(
    topic: str, body: Any, orders: set[int], customers: set[int]
) -> None:
    assert of(topic, body) == (orders, customers)


def test_global_ids_are_read_anywhere() -> None:
    body = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{CUSTOMER}",
        "note": f"see gid://shopify/Order/{ORDER}, not gid://shopify/Product/5",
    }
    assert of("customers/merge", body) == ({ORDER}, {CUSTOMER})


@pytest.mark.parametrize(
    "body",
    [
        f'{{"id": {ORDER}, "customer": {{"id":{CUSTOMER}'.encode(),
        f'{{"order_id":"{ORDER}","customer_id": {CUSTOMER},'.encode() + b"\xff",
        f"gid://shopify/Order/{ORDER} gid://shopify/Customer/{CUSTOMER}".encode(),
        b'{"id": %d, "customer": {"id": %d}, "x": ' % (ORDER, CUSTOMER) + b"[" * 5000,
    ],
)
def test_in_a_broken_body_every_id_may_be_anybodys(body: bytes) -> None:
    found = named("orders/create", body)
    assert {ORDER, CUSTOMER} <= found.orders
    assert {ORDER, CUSTOMER} <= found.customers


@given(
    body=st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    ),
    topic=st.sampled_from(["orders/create", "customers/update", "", "a.b"]),
)
def test_no_body_is_too_broken(body: bytes, topic: str) -> None:
    assert isinstance(named(topic, body), Named)


def test_a_body_concerns_either_kind() -> None:
    body = Named(frozenset({1}), frozenset({2}))
    assert body.concerns(frozenset({1}), frozenset())
    assert body.concerns(frozenset(), frozenset({2}))
    assert not body.concerns(frozenset({2}), frozenset({1}))
