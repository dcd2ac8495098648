"""The life of orders: amounts, statuses and stamps, worked out by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.money import of_set
from sandbox.simulator import Simulator
from sandbox.state import Order, Refused

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def simulator() -> Simulator:
    return Simulator(client_id="client", client_secret="s" * 32, app_url=None, clock=lambda: NOW)


@pytest.fixture
def sim() -> Simulator:
    return simulator()


def line_id(order: Order, index: int = 0) -> int:
    return int(order.body["line_items"][index]["id"])


def topics(sim: Simulator) -> list[str]:
    """What was triggered so far for topics the app subscribes to."""
    return [delivery.topic for delivery in sim.deliveries]


def test_a_paid_order(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2)], shipping="4.90", customer=sim.customer())
    assert order.body["financial_status"] == "paid"
    assert order.body["total_price"] == "44.90"
    assert order.body["total_outstanding"] == "0.00"
    assert order.body["current_subtotal_price_set"]["shop_money"] == {
        "amount": "40.00",
        "currency_code": "EUR",
    }
    # 40 x 19 / 119 = 6.3865
    assert order.body["current_total_tax_set"]["shop_money"]["amount"] == "6.39"
    assert order.body["processed_at"] == "2026-11-22T11:00:00+01:00"
    assert topics(sim) == ["orders/create", "orders/paid", "orders/updated"]


def test_tax_is_added_where_prices_exclude_it(sim: Simulator) -> None:
    sim.shop("usa", currency="USD", taxes_included=False, tax_rate=Decimal("0.0875"), tax_shipping=True)
    order = sim.place_order(["20.00"], shop="usa", shipping="10.00")
    # 1.75 on the goods and 0.875 on the shipping, rounded to 0.88
    assert order.body["total_tax"] == "2.63"
    assert order.body["total_price"] == "32.63"


@pytest.mark.parametrize(
    ("payment", "status", "outstanding"),
    [("pending", "pending", "24.90"), ("authorized", "authorized", "24.90")],
)
def test_an_unpaid_order_becomes_paid(sim: Simulator, payment: str, status: str, outstanding: str) -> None:
    order = sim.place_order(["20.00"], payment="pending" if payment == "pending" else "authorized")
    assert order.body["financial_status"] == status
    assert order.body["total_outstanding"] == outstanding
    sim.pay(order)
    assert order.body["financial_status"] == "paid"
    assert topics(sim) == ["orders/create", "orders/updated", "orders/paid", "orders/updated"]
    with pytest.raises(Refused, match="nothing left to pay"):
        sim.pay(order)


def test_part_of_the_money(sim: Simulator) -> None:
    order = sim.place_order(["20.00"], payment="partially_paid", paid="5.00")
    assert (order.body["financial_status"], order.body["total_outstanding"]) == ("partially_paid", "19.90")
    sim.pay(order, "9.90")
    assert (order.body["financial_status"], order.body["total_outstanding"]) == ("partially_paid", "10.00")
    sim.pay(order)
    assert order.body["financial_status"] == "paid"


def test_editing_up_leaves_something_to_pay(sim: Simulator) -> None:
    order = sim.place_order(["20.00"])
    sim.edit_order(order, {line_id(order): 3}, add=["5.00"])
    first = order.body["line_items"][0]
    assert (first["quantity"], first["current_quantity"]) == (3, 3)
    assert order.body["current_subtotal_price"] == "65.00"
    assert (order.body["financial_status"], order.body["total_outstanding"]) == ("partially_paid", "45.00")


def test_editing_down_keeps_the_quantity_once_bought(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 3)])
    sim.edit_order(order, {line_id(order): 1})
    line = order.body["line_items"][0]
    assert (line["quantity"], line["current_quantity"]) == (3, 1)
    assert order.body["subtotal_price"] == "60.00"
    assert order.body["current_subtotal_price"] == "20.00"
    assert (order.body["financial_status"], order.body["total_outstanding"]) == ("paid", "-40.00")


def test_a_partial_refund(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 3), "10.00"], shipping="4.90")
    made = sim.refund(order, {line_id(order): 2})
    assert made["refund_line_items"][0]["subtotal"] == 40.0
    assert made["refund_line_items"][0]["subtotal_set"]["shop_money"]["amount"] == "40.00"
    assert made["order_adjustments"] == []
    assert [one["amount"] for one in made["transactions"]] == ["40.00"]
    assert order.body["refunds"] == [made]
    assert order.body["financial_status"] == "partially_refunded"
    assert order.body["current_subtotal_price"] == "30.00"
    assert order.body["total_outstanding"] == "0.00"
    assert topics(sim)[-2:] == ["refunds/create", "orders/updated"]


def test_refunding_everything_in_parts(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2)], shipping="4.90")
    sim.refund(order, {line_id(order): 1})
    sim.refund(order, {line_id(order): 1}, shipping="4.90")
    assert order.body["financial_status"] == "refunded"
    assert order.body["current_subtotal_price"] == "0.00"
    assert order.body["current_total_price"] == "0.00"
    with pytest.raises(Refused, match="left to refund"):
        sim.refund(order, {line_id(order): 1})


def test_goodwill_is_a_negative_discrepancy(sim: Simulator) -> None:
    order = sim.place_order(["20.00"])
    made = sim.refund(order, amount="5.00")
    (adjustment,) = made["order_adjustments"]
    assert (adjustment["kind"], adjustment["amount"]) == ("refund_discrepancy", "-5.00")
    assert order.body["current_subtotal_price"] == "20.00"
    assert order.body["total_outstanding"] == "0.00"


def test_less_money_than_the_lines_were_worth_is_a_positive_discrepancy(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2)])
    made = sim.refund(order, {line_id(order): 1}, amount="15.00")
    assert [one["amount"] for one in made["order_adjustments"]] == ["5.00"]


def test_a_shipping_refund_is_no_adjustment(sim: Simulator) -> None:
    order = sim.place_order(["20.00"], shipping="4.90")
    made = sim.refund(order, shipping="4.90")
    assert made["order_adjustments"] == []
    assert made["refund_shipping_lines"][0]["subtotal_amount_set"]["shop_money"]["amount"] == "4.90"
    assert order.body["current_subtotal_price"] == "20.00"


def test_cancelling_a_paid_order_returns_the_money(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2)])
    sim.cancel(order)
    assert order.body["cancelled_at"] is not None
    assert order.body["financial_status"] == "refunded"
    assert len(order.body["refunds"]) == 1
    assert topics(sim)[-3:] == ["orders/cancelled", "refunds/create", "orders/updated"]
    with pytest.raises(Refused, match="cancelled"):
        sim.cancel(order)


def test_cancelling_an_unpaid_order_voids_it(sim: Simulator) -> None:
    order = sim.place_order(["20.00"], payment="pending")
    sim.cancel(order)
    assert order.body["financial_status"] == "voided"
    assert order.body["refunds"] == []


def test_cancelling_without_a_refund_keeps_the_money(sim: Simulator) -> None:
    order = sim.place_order(["20.00"])
    sim.cancel(order, refund=False)
    assert order.body["financial_status"] == "paid"
    assert order.body["refunds"] == []


def test_a_deleted_order_is_gone(sim: Simulator) -> None:
    order = sim.place_order(["20.00"])
    sim.delete_order(order)
    assert sim.deliveries[-1].topic == "orders/delete"
    assert sim.deliveries[-1].payload == {"id": order.id}
    with pytest.raises(Refused, match="deleted"):
        sim.pay(order)


def test_every_change_has_a_later_stamp_unless_asked_otherwise(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 3)])
    stamps = [order.updated_at]
    for change in (
        lambda: sim.edit_order(order, {line_id(order): 2}),
        lambda: sim.refund(order, {line_id(order): 1}),
        lambda: sim.mark_test(order),
        lambda: sim.dispute(order),
        lambda: sim.cancel(order),
    ):
        change()
        stamps.append(order.updated_at)
    assert stamps == sorted(set(stamps))
    other = sim.place_order([("20.00", 3)])
    before = other.updated_at
    sim.edit_order(other, {line_id(other): 2}, same_second=True)
    assert other.updated_at == before


def test_times_can_lie_in_the_past(sim: Simulator) -> None:
    order = sim.place_order(["20.00"], at=NOW - timedelta(days=20), processed_at=NOW - timedelta(days=30))
    assert order.body["created_at"] == "2026-11-02T11:00:00+01:00"
    assert order.body["processed_at"] == "2026-10-23T12:00:00+02:00"
    made = sim.refund(order, {line_id(order): 1}, at=NOW, processed_at=NOW - timedelta(days=1))
    assert made["processed_at"] == "2026-11-21T11:00:00+01:00"
    assert order.updated_at == NOW


def test_a_webhook_keeps_the_state_of_its_moment(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2)])
    sim.refund(order, {line_id(order): 1})
    created = next(one for one in sim.deliveries if one.topic == "orders/create")
    assert created.payload["refunds"] == []
    assert created.payload["line_items"][0]["current_quantity"] == 2


def test_customers_count_their_orders_and_merge(sim: Simulator) -> None:
    anna, ann = sim.customer("anna@example.com"), sim.customer("ann@example.com")
    sim.place_order(["20.00"], customer=anna)
    order = sim.place_order(["10.00"], customer=ann)
    sim.merge_customers(anna, ann)
    assert (anna.number_of_orders, anna.amount_spent) == (2, 2000 + 1000 + 980)
    assert order.customer_id == anna.id
    assert sim.deliveries[-1].payload == {
        "admin_graphql_api_customer_kept_id": anna.gid,
        "admin_graphql_api_customer_deleted_id": ann.gid,
        "status": "completed",
    }


def test_a_merge_that_failed_changes_nothing(sim: Simulator) -> None:
    anna, ann = sim.customer("anna@example.com"), sim.customer("ann@example.com")
    order = sim.place_order(["10.00"], customer=ann)
    sim.merge_customers(anna, ann, status="failed")
    assert order.customer_id == ann.id
    assert ann.id in sim.shop().customers


def test_parcels_and_scans(sim: Simulator) -> None:
    order = sim.place_order([("20.00", 2), sim.product("Datei", "5.00", requires_shipping=False)])
    first = sim.fulfil(order, {line_id(order): 1})
    assert order.body["fulfillment_status"] == "partial"
    sim.fulfil(order)
    assert order.body["fulfillment_status"] == "fulfilled"
    sim.scan(order, first["id"], "delivered", at=NOW + timedelta(days=2))
    sim.scan(order, first["id"], "in_transit", at=NOW + timedelta(days=1))
    assert order.body["fulfillments"][0]["shipment_status"] == "delivered"
    with pytest.raises(Refused, match="nothing to hand over"):
        sim.fulfil(order)


@given(st.data())
def test_whatever_happens_the_parts_sum_to_the_whole(data: st.DataObject) -> None:
    sim = simulator()
    prices = data.draw(st.lists(st.tuples(st.integers(1, 9999), st.integers(1, 5)), min_size=1, max_size=4))
    order = sim.place_order([(str(Decimal(cents).scaleb(-2)), quantity) for cents, quantity in prices])
    bought = of_set(order.body["current_subtotal_price_set"])
    for _ in range(data.draw(st.integers(0, 4))):
        line = data.draw(st.sampled_from(order.body["line_items"]))
        if line["current_quantity"]:
            sim.refund(order, {line["id"]: data.draw(st.integers(1, line["current_quantity"]))})
    given_back = sum(
        of_set(one["subtotal_set"]) for refund in order.body["refunds"] for one in refund["refund_line_items"]
    )
    assert of_set(order.body["current_subtotal_price_set"]) + given_back == bought
    assert order.body["total_outstanding"] == "0.00"
    assert order.refunded == given_back
