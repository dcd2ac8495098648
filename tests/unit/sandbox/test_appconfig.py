"""What the app asks of Shopify, and how that cuts its webhooks down."""

from sandbox.appconfig import allows, read_config, reduced, scope_of_topic
from sandbox.simulator import Simulator

ORDER_FIELDS = {
    "id",
    "updated_at",
    "created_at",
    "processed_at",
    "cancelled_at",
    "test",
    "currency",
    "taxes_included",
    "financial_status",
    "total_outstanding",
    "current_subtotal_price_set",
    "current_total_tax_set",
    "checkout_token",
    "source_name",
    "customer_locale",
    "customer",
    "discount_codes",
    "discount_applications",
    "line_items",
    "refunds",
    "shipping_lines",
    "shipping_address",
}
LINE_FIELDS = {
    "id",
    "product_id",
    "quantity",
    "current_quantity",
    "gift_card",
    "requires_shipping",
    "price_set",
    "discount_allocations",
}


def test_only_listed_fields_are_kept() -> None:
    body = {"a": 1, "b": {"c": 2, "d": 3}, "list": [{"x": 1, "y": 2}, {"y": 3}], "null": None, "rest": 0}
    fields = ["a", "b.c", "list.x", "null.deep", "absent", "absent.too"]
    assert reduced(body, fields) == {"a": 1, "b": {"c": 2}, "list": [{"x": 1}, {}], "null": None}
    assert reduced(body, None) is body


def test_a_name_given_whole_wins_over_its_parts() -> None:
    body = {"b": {"c": 2, "d": 3}}
    assert reduced(body, ["b", "b.c"]) == body
    assert reduced(body, ["b.c", "b"]) == body


def test_order_webhooks_hold_level_one_data_alone() -> None:
    sim = Simulator(client_id="client", client_secret="s" * 32)
    anna = sim.customer("anna@example.com", first_name="Annegret", last_name="Beispielhaft")
    order = sim.place_order([("20.00", 2)], customer=anna, country="CA", province="ON")
    sim.refund(order, {order.body["line_items"][0]["id"]: 1})
    last = sim.deliveries[-1]
    assert last.topic == "orders/updated"
    payload = last.payload
    assert set(payload) == ORDER_FIELDS
    assert payload["customer"] == {"id": anna.id}
    assert set(payload["line_items"][0]) == LINE_FIELDS
    assert payload["shipping_address"] == {"country_code": "CA", "province_code": "ON"}
    assert set(payload["shipping_lines"][0]) == {"title"}
    for delivery in sim.deliveries:
        text = delivery.body.decode()
        assert not [
            word for word in ("anna@", "Annegret", "Beispielhaft", "80331", "Musterweg") if word in text
        ]


def test_a_guest_is_null_and_not_absent() -> None:
    sim = Simulator(client_id="client", client_secret="s" * 32)
    sim.place_order(["20.00"])
    assert sim.deliveries[0].payload["customer"] is None


def test_refund_webhooks_hold_six_fields() -> None:
    sim = Simulator(client_id="client", client_secret="s" * 32)
    order = sim.place_order(["20.00"])
    made = sim.refund(order, amount="1.00", note="Entschuldigung, Frau Beispiel")
    sent = next(one for one in sim.deliveries if one.topic == "refunds/create").payload
    assert set(sent) == {
        "id",
        "order_id",
        "created_at",
        "processed_at",
        "refund_line_items",
        "order_adjustments",
    }
    assert sent["order_adjustments"] == made["order_adjustments"]


def test_every_subscribed_topic_is_covered_by_a_scope() -> None:
    config = read_config()
    topics = {topic for one in config.subscriptions for topic in one.topics}
    needed = {scope for topic in topics if (scope := scope_of_topic(topic))}
    assert {scope for scope in needed if not allows(config.scopes, scope)} == set()
    assert {"customers/data_request", "customers/redact", "shop/redact"} <= topics
    assert {"orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/delete"} <= topics
    assert all(one.uri == "/webhooks/shopify" for one in config.subscriptions)


def test_fields_are_asked_for_at_most_one_level_deep() -> None:
    fields = [name for one in read_config().subscriptions for name in one.include_fields or ()]
    assert max(name.count(".") for name in fields) == 1
    whole = [one for one in read_config().subscriptions if one.include_fields is not None]
    assert all("id" in {name.split("_")[-1] for name in one.include_fields or ()} for one in whole)


def test_writing_implies_reading() -> None:
    assert allows(["write_discounts"], "read_discounts")
    assert not allows(["read_discounts"], "write_discounts")


def test_a_topic_without_its_scope_is_not_delivered() -> None:
    sim = Simulator(client_id="client", client_secret="s" * 32)
    sim.shop(scopes=("read_customers",))
    sim.place_order(["20.00"])
    assert sim.deliveries == []


def test_the_proxy_is_where_the_configuration_says() -> None:
    config = read_config()
    assert (config.proxy_url, config.proxy_path) == ("/proxy", "/apps/dankbar")
