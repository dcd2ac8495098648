"""What codes take off carts, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.discounts import CodeRefused
from sandbox.ids import gid
from sandbox.simulator import Simulator
from sandbox.state import Discount, RedeemCode

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ALL: dict[str, Any] = {"all": True}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(client_id="client", client_secret="s" * 32, clock=lambda: NOW)


def discount(
    sim: Simulator,
    code: str,
    value: dict[str, Any] | None = None,
    *,
    items: dict[str, Any] = ALL,
    kind: str = "basic",
    starts_at: datetime = NOW - timedelta(days=1),
    ends_at: datetime | None = None,
    **given: Any,
) -> Discount:
    gets = {"customerGets": {"value": value, "items": items}} if kind == "basic" else {}
    made = Discount(
        id=sim.state.ids.next(),
        kind="basic" if kind == "basic" else "free_shipping",
        input={"context": {"all": "ALL"}, **gets, **given},
        created_at=NOW,
        updated_at=NOW,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    made.codes[code.casefold()] = RedeemCode(sim.state.ids.next(), code)
    sim.shop().discounts[made.id] = made
    return made


def test_a_percentage_is_rounded_once_and_shared_among_the_lines(sim: Simulator) -> None:
    discount(sim, "TEN", {"percentage": 0.1})
    order = sim.place_order([("19.99", 3), "5.00"], codes=["ten"])
    # 59.97 + 5.00 = 64.97; a tenth is 6.497, so 6.50: 5.9997 and 0.5003 of it, which is 6.00 and 0.50.
    shares = [line["discount_allocations"][0]["amount"] for line in order.body["line_items"]]
    assert shares == ["6.00", "0.50"]
    assert order.body["current_subtotal_price"] == "58.47"
    assert order.body["total_discounts"] == "6.50"
    assert order.body["total_price"] == "63.37"
    assert order.body["discount_codes"] == [{"code": "ten", "amount": "6.50", "type": "percentage"}]
    (application,) = order.body["discount_applications"]
    assert application["value"] == "10.0"
    assert (application["allocation_method"], application["target_selection"]) == ("across", "all")


def test_an_amount_is_shared_in_proportion_and_never_exceeds_the_cart(sim: Simulator) -> None:
    discount(sim, "FIVE", {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}})
    (applied,) = sim.quote(sim.cart(["20.00", "10.00"]), ["FIVE"])
    assert applied.per_line == (333, 167)
    (small,) = sim.quote(sim.cart(["3.00"]), ["FIVE"])
    assert small.per_line == (300,)


def test_an_amount_on_each_item_counts_items(sim: Simulator) -> None:
    discount(sim, "EACH", {"discountAmount": {"amount": "2.00", "appliesOnEachItem": True}})
    (applied,) = sim.quote(sim.cart([("10.00", 3), "1.50"]), ["EACH"])
    assert applied.per_line == (600, 150)


def test_gift_cards_are_never_discounted(sim: Simulator) -> None:
    discount(sim, "TEN", {"percentage": 0.1})
    card = sim.product("Gutschein", "50.00", gift_card=True)
    (applied,) = sim.quote(sim.cart([card, "10.00"]), ["TEN"])
    assert applied.per_line == (0, 100)
    with pytest.raises(CodeRefused, match="does not apply"):
        sim.quote(sim.cart([card]), ["TEN"])


def test_the_minimum_counts_goods_that_the_code_is_for(sim: Simulator) -> None:
    minimum = {"subtotal": {"greaterThanOrEqualToSubtotal": "30.00"}}
    discount(sim, "MIN", {"percentage": 0.5}, minimumRequirement=minimum)
    assert sim.quote(sim.cart(["30.00"]), ["MIN"])[0].total == 1500
    with pytest.raises(CodeRefused, match="at least"):
        sim.quote(sim.cart(["29.99"]), ["MIN"])
    card = sim.product("Gutschein", "50.00", gift_card=True)
    with pytest.raises(CodeRefused, match="at least"):
        sim.quote(sim.cart([card, "29.99"]), ["MIN"])


def test_a_minimum_quantity_counts_items(sim: Simulator) -> None:
    discount(
        sim,
        "TWO",
        {"percentage": 0.5},
        minimumRequirement={"quantity": {"greaterThanOrEqualToQuantity": "2"}},
    )
    assert sim.quote(sim.cart([("10.00", 2)]), ["TWO"])[0].total == 1000
    with pytest.raises(CodeRefused, match="at least"):
        sim.quote(sim.cart(["10.00"]), ["TWO"])


def test_only_the_named_products_and_collections_are_discounted(sim: Simulator) -> None:
    shirt, bag = sim.product("Hemd", "40.00"), sim.product("Tasche", "20.00", collections=[77])
    discount(
        sim, "SHIRT", {"percentage": 0.5}, items={"products": {"productsToAdd": [gid("Product", shirt.id)]}}
    )
    discount(sim, "BAGS", {"percentage": 0.5}, items={"collections": {"add": [gid("Collection", 77)]}})
    cart = sim.cart([shirt, bag])
    assert sim.quote(cart, ["SHIRT"])[0].per_line == (2000, 0)
    assert sim.quote(cart, ["BAGS"])[0].per_line == (0, 1000)
    assert sim.quote(cart, ["BAGS"])[0].selection == "entitled"


def test_a_code_of_one_customer_is_no_others(sim: Simulator) -> None:
    anna, bela = sim.customer("anna@example.com"), sim.customer("bela@example.com")
    discount(sim, "ANNA", {"percentage": 0.5}, context={"customers": {"add": [anna.gid]}})
    assert sim.quote(sim.cart(["10.00"], customer=anna), ["ANNA"])
    for other in (bela, None):
        with pytest.raises(CodeRefused, match="another customer"):
            sim.quote(sim.cart(["10.00"], customer=other), ["ANNA"])


def test_the_limit_holds_for_each_code_alone(sim: Simulator) -> None:
    made = discount(sim, "ONE", {"percentage": 0.5}, usageLimit=1)
    made.codes["two"] = RedeemCode(1, "TWO")
    sim.place_order(["10.00"], codes=["ONE"])
    with pytest.raises(CodeRefused, match="as often"):
        sim.place_order(["10.00"], codes=["one"])
    assert sim.place_order(["10.00"], codes=["TWO"]).body["total_discounts"] == "5.00"


def test_once_per_customer_is_once_per_customer(sim: Simulator) -> None:
    discount(sim, "OPC", {"percentage": 0.5}, appliesOncePerCustomer=True)
    anna = sim.customer()
    sim.place_order(["10.00"], codes=["OPC"], customer=anna)
    with pytest.raises(CodeRefused, match="once"):
        sim.place_order(["10.00"], codes=["OPC"], customer=anna)
    other = sim.place_order(["10.00"], codes=["OPC"], customer=sim.customer("bela@example.com"))
    assert other.body["total_discounts"] == "5.00"


def test_a_code_holds_from_its_start_to_its_end(sim: Simulator) -> None:
    discount(sim, "SOON", {"percentage": 0.5}, starts_at=NOW + timedelta(seconds=1))
    discount(sim, "OVER", {"percentage": 0.5}, ends_at=NOW)
    discount(sim, "LAST", {"percentage": 0.5}, ends_at=NOW + timedelta(seconds=1))
    cart = sim.cart(["10.00"])
    with pytest.raises(CodeRefused, match="scheduled"):
        sim.quote(cart, ["SOON"])
    with pytest.raises(CodeRefused, match="expired"):
        sim.quote(cart, ["OVER"])
    assert sim.quote(cart, ["LAST"])
    with pytest.raises(CodeRefused, match="no discount code"):
        sim.quote(cart, ["NEVER"])


def test_free_shipping_takes_the_shipping_off_and_nothing_else(sim: Simulator) -> None:
    discount(sim, "POST", kind="free_shipping", maximumShippingPrice="5.00", destination={"all": True})
    order = sim.place_order(["10.00"], codes=["POST"], shipping="4.90")
    assert order.body["total_price"] == "10.00"
    assert order.body["current_subtotal_price"] == "10.00"
    assert order.body["shipping_lines"][0]["discounted_price"] == "0.00"
    assert order.body["discount_applications"][0]["target_type"] == "shipping_line"
    with pytest.raises(CodeRefused, match="way of shipping"):
        sim.place_order(["10.00"], codes=["POST"], shipping="5.01")


def test_codes_combine_only_where_both_allow_it(sim: Simulator) -> None:
    discount(sim, "ALONE", {"percentage": 0.1})
    discount(sim, "WITH", {"percentage": 0.1}, combinesWith={"shippingDiscounts": True})
    discount(sim, "POST", kind="free_shipping", combinesWith={"orderDiscounts": True})
    cart = sim.cart(["10.00"])
    assert sum(one.total for one in sim.quote(cart, ["POST", "WITH"])) == 100 + 490
    with pytest.raises(CodeRefused, match="combined"):
        sim.quote(cart, ["ALONE", "POST"])


def test_a_product_discount_comes_before_the_order_discount(sim: Simulator) -> None:
    both = {"orderDiscounts": True, "productDiscounts": True}
    shirt = sim.product("Hemd", "40.00")
    named = {"products": {"productsToAdd": [gid("Product", shirt.id)]}}
    discount(sim, "HALF", {"percentage": 0.5}, items=named, combinesWith=both)
    discount(sim, "TEN", {"percentage": 0.1}, combinesWith=both)
    order = sim.place_order([shirt, "10.00"], codes=["TEN", "HALF"])
    # 40 - 20 = 20 and 10 remain; a tenth of 30 is 3: 2 and 1.
    assert order.body["current_subtotal_price"] == "27.00"
    by_index = [
        {one["discount_application_index"]: one["amount"] for one in line["discount_allocations"]}
        for line in order.body["line_items"]
    ]
    assert by_index == [{0: "20.00", 1: "2.00"}, {1: "1.00"}]


def test_yen_have_no_minor_unit(sim: Simulator) -> None:
    sim.shop("nippon", currency="JPY", country="JP", time_zone="Asia/Tokyo")
    order = sim.place_order([("1980", 2)], shop="nippon", shipping="500")
    assert order.body["current_subtotal_price"] == "3960"
    assert order.body["total_price"] == "4460"
    assert sim.cart(["100"], shop="nippon").shipping == 490
