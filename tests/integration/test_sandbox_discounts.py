"""Discount codes through the Admin API: made, filled in bulk, looked up, removed, ended, and used in orders."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.discounts import CodeRefused
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET, Client

BULK_SECONDS = 0.2
CREATE = """mutation($input: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $input) {
  codeDiscountNode { id codeDiscount { __typename ... on DiscountCodeBasic { title status usageLimit
    codesCount { count } codes(first: 5) { nodes { id code asyncUsageCount } } } } }
  userErrors { field code message extraInfo } } }"""
FREE = """mutation($input: DiscountCodeFreeShippingInput!) {
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {
    codeDiscountNode { id codeDiscount { __typename } } userErrors { field code } } }"""
ADD = """mutation($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done codesCount importedCount failedCount } userErrors { field code message } } }"""
POLL = """query($id: ID!, $after: String) { discountRedeemCodeBulkCreation(id: $id) {
  id done codesCount importedCount failedCount
  codes(first: 250, after: $after) { nodes { code discountRedeemCode { id } errors { code message } }
    pageInfo { hasNextPage endCursor } } } }"""
LOOKUP = """query($code: String!) { codeDiscountNodeByCode(code: $code) {
  id codeDiscount { __typename ... on DiscountCodeBasic { status asyncUsageCount } } } }"""
REMOVE = """mutation($id: ID!, $ids: [ID!]) { discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $ids) {
  job { id done } userErrors { field code message } } }"""
END = """mutation($id: ID!) { discountCodeDeactivate(id: $id) {
  codeDiscountNode { codeDiscount { ... on DiscountCodeBasic { status } } } userErrors { code } } }"""


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET, bulk_seconds=BULK_SECONDS) as sim:
        yield sim


@pytest.fixture
def api(running: Simulator, request: pytest.FixtureRequest) -> Client:
    handle = request.node.name.replace("_", "-").replace("[", "-").replace("]", "").lower()
    running.shop(handle)
    return Client(running, handle).sign_in()


def given(code: str = "FIRST", value: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "title": "Danke",
        "code": code,
        "startsAt": "2026-01-01T00:00:00Z",
        "usageLimit": 1,
        "appliesOncePerCustomer": False,
        "context": {"all": "ALL"},
        "customerGets": {"value": value or {"percentage": 0.1}, "items": {"all": True}},
        **more,
    }


def create(api: Client, **more: Any) -> str:
    made = api.query(CREATE, input=given(**more))["discountCodeBasicCreate"]
    assert made["userErrors"] == []
    return str(made["codeDiscountNode"]["id"])


def add(api: Client, node: str, *codes: str) -> dict[str, Any]:
    """Add codes and poll until it is done."""
    added = api.query(ADD, id=node, codes=[{"code": code} for code in codes])["discountRedeemCodeBulkAdd"]
    assert (added["userErrors"], added["bulkCreation"]["done"]) == ([], False)
    while True:
        found: dict[str, Any] = api.query(POLL, id=added["bulkCreation"]["id"])[
            "discountRedeemCodeBulkCreation"
        ]
        if found["done"]:
            return found
        time.sleep(BULK_SECONDS / 4)


def test_a_new_discount_holds_its_first_code(api: Client) -> None:
    made = api.query(CREATE, input=given())["discountCodeBasicCreate"]["codeDiscountNode"]["codeDiscount"]
    assert (made["__typename"], made["status"], made["usageLimit"]) == ("DiscountCodeBasic", "ACTIVE", 1)
    assert [one["code"] for one in made["codes"]["nodes"]] == ["FIRST"]


def test_codes_are_added_in_the_background(api: Client) -> None:
    node = create(api)
    added = api.query(ADD, id=node, codes=[{"code": "LATER"}])["discountRedeemCodeBulkAdd"]["bulkCreation"]
    assert (added["done"], added["importedCount"]) == (False, 0)
    assert api.query(LOOKUP, code="LATER")["codeDiscountNodeByCode"] is None
    with pytest.raises(CodeRefused):
        api.sim.place_order(["10.00"], shop=api.shop, codes=["LATER"])
    time.sleep(BULK_SECONDS)
    assert api.query(LOOKUP, code="later")["codeDiscountNodeByCode"]["id"] == node
    assert api.sim.place_order(["10.00"], shop=api.shop, codes=["LATER"]).body["total_discounts"] == "1.00"


def test_taken_codes_fail_and_the_others_are_added(api: Client) -> None:
    node, other = create(api), create(api, code="OTHER")
    done = add(api, node, "A", "a", "other", "B")
    assert (done["codesCount"], done["importedCount"], done["failedCount"]) == (4, 2, 2)
    by_code = {one["code"]: one for one in done["codes"]["nodes"]}
    assert by_code["A"]["discountRedeemCode"]["id"].startswith("gid://shopify/DiscountRedeemCode/")
    assert [one["code"] for one in by_code["a"]["errors"]] == ["TAKEN"]
    assert by_code["other"]["discountRedeemCode"] is None
    assert api.query(LOOKUP, code="OTHER")["codeDiscountNodeByCode"]["id"] == other


def test_at_most_250_codes_at_a_time(api: Client) -> None:
    node = create(api)
    many = [{"code": f"C{i}"} for i in range(251)]
    assert api.errors(ADD, id=node, codes=many)[0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert add(api, node, *(f"C{i}" for i in range(250)))["importedCount"] == 250


def test_one_code_is_removed_and_the_others_stay(api: Client) -> None:
    node = create(api)
    done = add(api, node, "STAY", "GO")
    ids = {one["code"]: one["discountRedeemCode"]["id"] for one in done["codes"]["nodes"]}
    removed = api.query(REMOVE, id=node, ids=[ids["GO"]])["discountCodeRedeemCodeBulkDelete"]
    assert removed["job"]["done"] is False
    time.sleep(BULK_SECONDS)
    job = "query($id: ID!){job(id: $id){done}}"
    assert api.query(job, id=removed["job"]["id"])["job"] == {"done": True}
    assert api.query(LOOKUP, code="GO")["codeDiscountNodeByCode"] is None
    assert api.query(LOOKUP, code="STAY")["codeDiscountNodeByCode"]["id"] == node


def test_deactivating_ends_every_code_of_the_node(api: Client) -> None:
    node = create(api)
    add(api, node, "SECOND")
    ended = api.query(END, id=node)["discountCodeDeactivate"]["codeDiscountNode"]["codeDiscount"]
    assert ended == {"status": "EXPIRED"}
    for code in ("FIRST", "SECOND"):
        with pytest.raises(CodeRefused, match="expired"):
            api.sim.place_order(["10.00"], shop=api.shop, codes=[code])


def test_use_is_counted_by_code(api: Client) -> None:
    node = create(api)
    add(api, node, "SECOND")
    api.sim.place_order(["10.00"], shop=api.shop, codes=["first"])
    assert api.query(LOOKUP, code="FIRST")["codeDiscountNodeByCode"]["codeDiscount"]["asyncUsageCount"] == 1
    with pytest.raises(CodeRefused, match="as often"):
        api.sim.place_order(["10.00"], shop=api.shop, codes=["FIRST"])
    assert api.sim.place_order(["10.00"], shop=api.shop, codes=["SECOND"]).body["total_discounts"] == "1.00"


def test_a_node_says_what_it_was_given(api: Client) -> None:
    minimum = {"subtotal": {"greaterThanOrEqualToSubtotal": "25.00"}}
    node = create(api, value={"discountAmount": {"amount": "5.00"}}, minimumRequirement=minimum)
    read = """query($id: ID!) { discountNode(id: $id) { id discount { __typename ... on DiscountCodeBasic {
      title startsAt endsAt appliesOncePerCustomer context { __typename }
      minimumRequirement { ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount } } }
      customerGets { value { ... on DiscountAmount { amount { amount currencyCode } appliesOnEachItem } } }
      combinesWith { orderDiscounts } } } } }"""
    found = api.query(read, id=node)["discountNode"]["discount"]
    assert found["minimumRequirement"]["greaterThanOrEqualToSubtotal"] == {"amount": "25.0"}
    assert found["customerGets"]["value"]["amount"] == {"amount": "5.0", "currencyCode": "EUR"}
    assert found["context"] == {"__typename": "DiscountBuyerSelectionAll"}
    assert found["combinesWith"] == {"orderDiscounts": False}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": {"percentage": 10.0}}, "VALUE_OUTSIDE_RANGE"),
        ({"value": {"percentage": 0.0}}, "VALUE_OUTSIDE_RANGE"),
        ({"value": {"discountAmount": {"amount": "0.00"}}}, "GREATER_THAN"),
        ({"value": {"discountAmount": {"amount": "1.005"}}}, "GREATER_THAN"),
        ({"title": ""}, "BLANK"),
        ({"code": ""}, "BLANK"),
        ({"code": "X" * 256}, "TOO_LONG"),
        ({"startsAt": None}, "BLANK"),
        ({"endsAt": "2025-12-31T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
        ({"usageLimit": 0}, "GREATER_THAN"),
        ({"context": None}, "BLANK"),
        ({"context": {"customers": {"add": ["gid://shopify/Customer/1"]}}}, "INVALID"),
        ({"customerGets": {"value": {"percentage": 0.1}}}, "BLANK"),
        ({"customerGets": {"items": {"all": True}}}, "BLANK"),
    ],
)
def test_bad_input_is_refused_with_shopifys_code(
    running: Simulator, change: dict[str, Any], code: str
) -> None:
    api = Client(running).sign_in()
    answer = api.query(CREATE, input=given(**change))["discountCodeBasicCreate"]
    assert [one["code"] for one in answer["userErrors"]] == [code]
    assert answer["codeDiscountNode"] is None


def test_a_code_that_exists_in_any_case_is_taken(api: Client) -> None:
    create(api)
    answer = api.query(CREATE, input=given("first"))["discountCodeBasicCreate"]
    assert [(one["code"], one["field"]) for one in answer["userErrors"]] == [
        ("TAKEN", ["basicCodeDiscount", "code"])
    ]


def test_free_shipping(api: Client) -> None:
    wanted = {key: value for key, value in given("POST").items() if key != "customerGets"}
    made = api.query(FREE, input={**wanted, "destination": {"all": True}})["discountCodeFreeShippingCreate"]
    assert made["codeDiscountNode"]["codeDiscount"]["__typename"] == "DiscountCodeFreeShipping"
    order = api.sim.place_order(["10.00"], shop=api.shop, codes=["POST"])
    assert order.body["total_price"] == "10.00"


def test_unknown_nodes_are_refused(api: Client) -> None:
    nowhere = "gid://shopify/DiscountCodeNode/1"
    for query, field, more in (
        (ADD, "discountRedeemCodeBulkAdd", {"codes": [{"code": "X"}]}),
        (REMOVE, "discountCodeRedeemCodeBulkDelete", {"ids": []}),
        (END, "discountCodeDeactivate", {}),
    ):
        assert [one["code"] for one in api.query(query, id=nowhere, **more)[field]["userErrors"]] == [
            "INVALID"
        ]
