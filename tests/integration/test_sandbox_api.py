"""The Admin API over HTTP: the real schema, real state, and the same facts as in the webhooks."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox.money import Body
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET, Client

ORDER = """
fragment facts on Order {
  id createdAt updatedAt processedAt cancelledAt test currencyCode taxesIncluded displayFinancialStatus
  totalOutstandingSet { shopMoney { amount currencyCode } }
  currentSubtotalPriceSet { shopMoney { amount currencyCode } }
  currentTotalTaxSet { shopMoney { amount currencyCode } }
  checkoutToken sourceName customerLocale customer { id numberOfOrders } discountCodes
  discountApplications(first: 5) { nodes {
    index allocationMethod targetSelection targetType
    value { __typename ... on PricingPercentageValue { percentage } ... on MoneyV2 { amount currencyCode } }
    ... on DiscountCodeApplication { code }
  } }
  lineItems(first: 10) { nodes {
    id product { id } quantity currentQuantity isGiftCard requiresShipping
    originalUnitPriceSet { shopMoney { amount currencyCode } }
    discountAllocations { allocatedAmountSet { shopMoney { amount currencyCode } } discountApplication { index } }
  } }
  refunds(first: 10) {
    id createdAt processedAt
    refundLineItems(first: 10) { nodes {
      quantity lineItem { id } subtotalSet { shopMoney { amount currencyCode } }
      totalTaxSet { shopMoney { amount currencyCode } }
    } }
    orderAdjustments(first: 5) { nodes { amountSet { shopMoney { amount currencyCode } } reason } }
  }
  shippingLines(first: 3) { nodes { title } }
  shippingAddress { countryCodeV2 provinceCode }
  disputes { status }
}
"""
ONE = f"query One($id: ID!) {{ order(id: $id) {{ ...facts }} }} {ORDER}"
SINCE = """query Since($q: String, $after: String, $n: Int!) {
  orders(first: $n, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes { id updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as sim:
        yield sim


@pytest.fixture
def api(running: Simulator, request: pytest.FixtureRequest) -> Client:
    """A client of a shop that no other test uses."""
    handle = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")
    running.shop(handle)
    return Client(running, handle).sign_in()


def number(gid: str) -> int:
    return int(gid.rsplit("/", 1)[1])


def seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def amount(money: Body) -> tuple[Decimal, str]:
    return Decimal(money["amount"]), money.get("currencyCode") or money["currency_code"]


def facts_of_webhook(body: Body) -> dict[str, Any]:
    """What an order webhook says, free of its spelling."""
    return {
        "id": body["id"],
        "times": [seconds(body[k]) for k in ("created_at", "updated_at", "processed_at", "cancelled_at")],
        "flags": [body["test"], body["taxes_included"], body["currency"], body["financial_status"]],
        "outstanding": (Decimal(body["total_outstanding"]), body["currency"]),
        "subtotal": amount(body["current_subtotal_price_set"]["shop_money"]),
        "tax": amount(body["current_total_tax_set"]["shop_money"]),
        "origin": [body["checkout_token"], body["source_name"], body["customer_locale"]],
        "customer": body["customer"] and body["customer"]["id"],
        "codes": [one["code"] for one in body["discount_codes"]],
        "applications": [
            (
                one["code"],
                one["allocation_method"],
                one["target_selection"],
                one["target_type"],
                Decimal(one["value"]),
            )
            for one in body["discount_applications"]
        ],
        "lines": [
            (
                *(
                    one[k]
                    for k in (
                        "id",
                        "product_id",
                        "quantity",
                        "current_quantity",
                        "gift_card",
                        "requires_shipping",
                    )
                ),
                amount(one["price_set"]["shop_money"]),
                [
                    (a["discount_application_index"], amount(a["amount_set"]["shop_money"]))
                    for a in one["discount_allocations"]
                ],
            )
            for one in body["line_items"]
        ],
        "refunds": [
            (
                one["id"],
                seconds(one["created_at"]),
                seconds(one["processed_at"]),
                [
                    (
                        line["line_item_id"],
                        line["quantity"],
                        amount(line["subtotal_set"]["shop_money"]),
                        amount(line["total_tax_set"]["shop_money"]),
                    )
                    for line in one["refund_line_items"]
                ],
                [(amount(a["amount_set"]["shop_money"]), a["kind"]) for a in one["order_adjustments"]],
            )
            for one in body["refunds"]
        ],
        "shipping": [one["title"] for one in body["shipping_lines"]],
        "zone": body["shipping_address"]
        and (body["shipping_address"]["country_code"], body["shipping_address"]["province_code"]),
    }


def facts_of_api(node: Body) -> dict[str, Any]:
    """What the Admin API says of an order, free of its spelling."""
    return {
        "id": number(node["id"]),
        "times": [seconds(node[k]) for k in ("createdAt", "updatedAt", "processedAt", "cancelledAt")],
        "flags": [
            node["test"],
            node["taxesIncluded"],
            node["currencyCode"],
            node["displayFinancialStatus"].lower(),
        ],
        "outstanding": amount(node["totalOutstandingSet"]["shopMoney"]),
        "subtotal": amount(node["currentSubtotalPriceSet"]["shopMoney"]),
        "tax": amount(node["currentTotalTaxSet"]["shopMoney"]),
        "origin": [node["checkoutToken"], node["sourceName"], node["customerLocale"]],
        "customer": node["customer"] and number(node["customer"]["id"]),
        "codes": node["discountCodes"],
        "applications": [
            (
                one["code"],
                *(one[k].lower() for k in ("allocationMethod", "targetSelection", "targetType")),
                Decimal(str(one["value"].get("percentage", one["value"].get("amount")))),
            )
            for one in node["discountApplications"]["nodes"]
        ],
        "lines": [
            (
                number(one["id"]),
                one["product"] and number(one["product"]["id"]),
                *(one[k] for k in ("quantity", "currentQuantity", "isGiftCard", "requiresShipping")),
                amount(one["originalUnitPriceSet"]["shopMoney"]),
                [
                    (a["discountApplication"]["index"], amount(a["allocatedAmountSet"]["shopMoney"]))
                    for a in one["discountAllocations"]
                ],
            )
            for one in node["lineItems"]["nodes"]
        ],
        "refunds": [
            (
                number(one["id"]),
                seconds(one["createdAt"]),
                seconds(one["processedAt"]),
                [
                    (
                        number(line["lineItem"]["id"]),
                        line["quantity"],
                        amount(line["subtotalSet"]["shopMoney"]),
                        amount(line["totalTaxSet"]["shopMoney"]),
                    )
                    for line in one["refundLineItems"]["nodes"]
                ],
                [
                    (amount(a["amountSet"]["shopMoney"]), a["reason"].lower())
                    for a in one["orderAdjustments"]["nodes"]
                ],
            )
            for one in node["refunds"]
        ],
        "shipping": [one["title"] for one in node["shippingLines"]["nodes"]],
        "zone": node["shippingAddress"]
        and (node["shippingAddress"]["countryCodeV2"], node["shippingAddress"]["provinceCode"]),
    }


BASIC = """mutation Create($input: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $input) {
    codeDiscountNode { id } userErrors { field code message }
  }
}"""


def create_code(api: Client, code: str, value: dict[str, Any]) -> None:
    given = {
        "title": code,
        "code": code,
        "startsAt": "2026-01-01T00:00:00Z",
        "context": {"all": "ALL"},
        "customerGets": {"value": value, "items": {"all": True}},
    }
    assert api.query(BASIC, input=given)["discountCodeBasicCreate"]["userErrors"] == []


def test_webhook_and_api_say_the_same_of_an_order_all_its_life(api: Client) -> None:
    sim, shop = api.sim, api.shop
    create_code(api, "TEN", {"percentage": 0.1})
    create_code(api, "FIVE", {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}})
    card = sim.product("Gutschein", "25.00", shop=shop, gift_card=True)
    order = sim.place_order(
        [("19.99", 3), "5.00", card],
        shop=shop,
        codes=["ten"],
        customer=sim.customer(shop=shop),
        payment="pending",
    )
    lines = [one["id"] for one in order.body["line_items"]]
    guest = sim.place_order(["80.00"], shop=shop, codes=["FIVE"], country="CA", province="ON")
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: sim.pay(order, "10.00"),
        lambda: sim.pay(order),
        lambda: sim.edit_order(order, {lines[1]: 2}, add=["7.50"]),
        lambda: sim.edit_order(order, {lines[1]: 1}),
        lambda: sim.refund(order, {lines[0]: 1}, amount="10.00"),
        lambda: sim.refund(order, {lines[0]: 1, lines[2]: 1}, shipping="1.00"),
        lambda: sim.refund(order, amount="1.00"),
        lambda: sim.mark_test(order),
        lambda: sim.attach(order, None),
        lambda: sim.cancel(order),
    ]
    seen = []
    for change in changes:
        change()
        for one in (order, guest):
            sent = [
                d.payload for d in sim.deliveries if d.topic == "orders/updated" and d.payload["id"] == one.id
            ][-1]
            facts = facts_of_api(api.query(ONE, id=one.gid)["order"])
            assert facts == facts_of_webhook(sent)
            seen.append(str(facts))
    assert len(set(seen)) == len(changes) + 1, "every change was seen in the facts"


def test_only_the_owner_of_a_live_token_is_answered(api: Client) -> None:
    assert api.post("{shop{id}}", token="").status_code == 401
    assert api.post("{shop{id}}", token="shpua_guess").status_code == 401
    other = Client(api.sim, "somebody-else")
    api.sim.shop("somebody-else")
    assert other.post("{shop{id}}", token=api.token).status_code == 401
    assert Client(api.sim, "nowhere").post("{shop{id}}", token=api.token).status_code == 404


def test_a_document_must_fit_the_real_schema(api: Client) -> None:
    assert "Cannot query field 'loyalty'" in api.errors("{shop{loyalty}}")[0]["message"]
    assert "Cannot query field 'points'" in api.errors("{points{id}}")[0]["message"]
    assert "Syntax Error" in api.errors("{shop{")[0]["message"]
    both = {"all": "ALL", "customers": {"add": []}}
    assert "exactly one field" in api.errors(BASIC, input={"title": "T", "context": both})[0]["message"]
    assert api.query("{__schema{queryType{name}}}") == {"__schema": {"queryType": {"name": "QueryRoot"}}}


def test_what_is_not_simulated_is_an_error_and_not_null(api: Client) -> None:
    (error,) = api.errors("{shop{description}}")
    assert error["extensions"]["code"] == "NOT_SIMULATED"
    errors = api.errors("{locations(first:1){nodes{id}}}")
    assert {one["extensions"]["code"] for one in errors} == {"NOT_SIMULATED"}


def test_a_scope_that_was_not_granted_leaves_null_and_an_error(api: Client) -> None:
    order = api.sim.place_order(["20.00"], shop=api.shop)
    api.sim.shop(api.shop, scopes=("read_orders",))
    query = "query($id: ID!){order(id: $id){name lineItems(first: 1){nodes{quantity product{id}}}}}"
    answer = api.post(query, {"id": order.gid}).json()
    assert answer["data"]["order"]["lineItems"]["nodes"] == [{"quantity": 1, "product": None}]
    assert [one["extensions"]["code"] for one in answer["errors"]] == ["ACCESS_DENIED"]
    denied = api.errors(BASIC, input={"title": "T"})
    assert denied[0]["extensions"]["code"] == "ACCESS_DENIED"


def test_versions_fall_forward_and_unreleased_ones_do_not_exist(api: Client) -> None:
    for asked, served in (("2026-07", "2026-07"), ("2026-10", "2026-10"), ("2025-01", "2026-07")):
        answer = Client(api.sim, api.shop, asked, api.token).post("{shop{id}}")
        assert answer.headers["X-Shopify-API-Version"] == served
    assert Client(api.sim, api.shop, "2031-01", api.token).post("{shop{id}}").status_code == 404


def test_changed_orders_are_found_page_by_page(api: Client) -> None:
    sim, start = api.sim, datetime.now(UTC) - timedelta(days=10)
    made = [sim.place_order(["5.00"], shop=api.shop, at=start + timedelta(hours=i)) for i in range(7)]
    sim.edit_order(made[2], {}, at=start + timedelta(days=3))
    since = (start + timedelta(hours=1)).strftime("updated_at:>='%Y-%m-%dT%H:%M:%SZ'")
    found: list[str] = []
    page: dict[str, Any] = {}
    after = None
    for _ in range(3):
        page = api.query(SINCE, q=since, n=2, after=after)["orders"]
        found += [one["id"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert found == [made[i].gid for i in (1, 3, 4, 5, 6, 2)]
    assert api.query(SINCE, q=since, n=2, after=after)["orders"]["nodes"] == []


def test_a_refund_is_found_by_its_own_id(api: Client) -> None:
    order = api.sim.place_order(["5.00", "6.00"], shop=api.shop)
    made = api.sim.refund(order, {one["id"]: 1 for one in order.body["line_items"]})
    query = """query($id: ID!, $after: String) { refund(id: $id) { id order { id }
      refundLineItems(first: 1, after: $after) { nodes { lineItem { id } } pageInfo { hasNextPage endCursor } } } }"""
    first = api.query(query, id=made["admin_graphql_api_id"])["refund"]
    assert first["order"] == {"id": order.gid}
    assert first["refundLineItems"]["pageInfo"]["hasNextPage"]
    after = first["refundLineItems"]["pageInfo"]["endCursor"]
    second = api.query(query, id=made["admin_graphql_api_id"], after=after)["refund"]["refundLineItems"]
    found = [one["lineItem"]["id"] for one in (first["refundLineItems"]["nodes"] + second["nodes"])]
    assert sorted(map(number, found)) == sorted(one["id"] for one in order.body["line_items"])
    assert not second["pageInfo"]["hasNextPage"]
    assert api.query(query, id="gid://shopify/Refund/1")["refund"] is None


def test_lines_keep_their_order_over_pages(api: Client) -> None:
    order = api.sim.place_order([f"{i}.00" for i in range(1, 8)], shop=api.shop)
    query = """query($id: ID!, $after: String) { order(id: $id) {
      lineItems(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    found: list[int] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = api.query(query, id=order.gid, after=page["pageInfo"]["endCursor"])["order"]["lineItems"]
        found += [number(one["id"]) for one in page["nodes"]]
    assert found == [one["id"] for one in order.body["line_items"]]
    assert found != sorted(found), "ids do not ascend"


def test_orders_older_than_sixty_days_need_another_scope(api: Client) -> None:
    order = api.sim.place_order(["5.00"], shop=api.shop, at=datetime.now(UTC) - timedelta(days=61))
    assert api.query(ONE, id=order.gid)["order"] is None
    api.sim.shop(api.shop, scopes=(*api.sim.shop(api.shop).scopes, "read_all_orders"))
    assert api.query(ONE, id=order.gid)["order"]["id"] == order.gid


def test_a_deleted_order_is_unknown(api: Client) -> None:
    order = api.sim.place_order(["5.00"], shop=api.shop)
    api.sim.delete_order(order)
    assert api.query(ONE, id=order.gid)["order"] is None


def test_disputes_parcels_and_customers(api: Client) -> None:
    sim = api.sim
    anna = sim.customer(shop=api.shop)
    order = sim.place_order(["5.00"], shop=api.shop, customer=anna)
    sim.dispute(order)
    parcel = sim.fulfil(order)
    promised = datetime(2026, 12, 1, tzinfo=UTC)
    sim.scan(order, parcel["id"], "in_transit", estimated_delivery_at=promised)
    answer = api.query(
        """query($id: ID!, $who: ID!) {
          order(id: $id) { displayFulfillmentStatus disputes { status initiatedAs } fulfillments(first: 5) {
            id displayStatus estimatedDeliveryAt inTransitAt deliveredAt
            trackingInfo(first: 5) { company number url } events(first: 5) { nodes { status happenedAt } } } }
          customer(id: $who) { id numberOfOrders tags defaultEmailAddress { emailAddress } }
        }""",
        id=order.gid,
        who=anna.gid,
    )
    assert answer["order"]["disputes"] == [{"status": "LOST", "initiatedAs": "CHARGEBACK"}]
    (shown,) = answer["order"]["fulfillments"]
    assert (shown["displayStatus"], shown["estimatedDeliveryAt"]) == ("IN_TRANSIT", "2026-12-01T00:00:00Z")
    assert shown["deliveredAt"] is None
    assert shown["trackingInfo"][0]["company"] == "DHL"
    assert answer["customer"]["numberOfOrders"] == "1"


def test_shop_and_installation(api: Client) -> None:
    answer = api.query("""{ currentAppInstallation { id accessScopes { handle } activeSubscriptions { id } }
      shop { id myshopifyDomain name currencyCode ianaTimezone plan { partnerDevelopment } } }""")
    assert answer["shop"]["myshopifyDomain"] == f"{api.shop}.myshopify.com"
    assert answer["shop"]["ianaTimezone"] == "Europe/Berlin"
    assert {"handle": "read_orders"} in answer["currentAppInstallation"]["accessScopes"]


SET = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
  metafields { id key namespace compareDigest } userErrors { field code message elementIndex } } }"""


def test_metafields_are_compared_and_set_together_or_not_at_all(api: Client) -> None:
    api.sim.shop(api.shop, scopes=(*api.sim.shop(api.shop).scopes, "write_customers"))
    anna = api.sim.customer(shop=api.shop)
    field = {
        "ownerId": anna.gid,
        "namespace": "$app",
        "key": "points",
        "type": "number_integer",
        "value": "12",
    }
    first = api.query(SET, m=[{**field, "compareDigest": None}])["metafieldsSet"]
    digest = first["metafields"][0]["compareDigest"]
    stale = api.query(SET, m=[{**field, "value": "13", "compareDigest": None}])["metafieldsSet"]
    assert [one["code"] for one in stale["userErrors"]] == ["STALE_OBJECT"]
    other = {**field, "key": "tier", "value": "not a number"}
    mixed = api.query(SET, m=[{**field, "value": "13", "compareDigest": digest}, other])["metafieldsSet"]
    assert mixed["metafields"] is None
    read = (
        'query($id: ID!){customer(id: $id){points: metafield(namespace: "$app", key: "points"){jsonValue}}}'
    )
    assert api.query(read, id=anna.gid)["customer"]["points"]["jsonValue"] == 12
    api.query(SET, m=[{**field, "value": "13", "compareDigest": digest}])
    assert api.query(read, id=anna.gid)["customer"]["points"]["jsonValue"] == 13


def test_tags_and_flow_triggers(api: Client) -> None:
    anna = api.sim.customer(shop=api.shop)
    api.sim.shop(api.shop, scopes=("read_customers",))
    add = 'mutation($id: ID!){tagsAdd(id: $id, tags: ["thanks"]){node{id} userErrors{message}}}'
    assert api.errors(add, id=anna.gid)[0]["extensions"]["code"] == "ACCESS_DENIED"
    api.sim.shop(api.shop, scopes=("write_customers",))
    assert api.query(add, id=anna.gid)["tagsAdd"] == {"node": {"id": anna.gid}, "userErrors": []}
    assert anna.tags == ["thanks"]
    flow = """mutation($p: JSON) {
      flowTriggerReceive(handle: "points-earned", payload: $p) { userErrors { message } } }"""
    api.query(flow, p={"points": 5})
    assert api.sim.shop(api.shop).flow_triggers == [{"handle": "points-earned", "payload": {"points": 5}}]


def test_answers_tell_their_cost(api: Client) -> None:
    cost = api.post("{shop{id name}}").json()["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 1
    assert cost["throttleStatus"]["maximumAvailable"] == 2000
    deep = """{orders(first:250){nodes{lineItems(first:250){nodes{discountAllocations{discountApplication{index}}}}
      refunds(first:250){refundLineItems(first:250){nodes{lineItem{id}}}}}}}"""
    assert api.errors(deep)[0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_the_cost_of_the_one_query_whose_cost_was_published(api: Client) -> None:
    query = "query($id: ID!){product(id: $id){variants(first: 250){nodes{product{id}}}}}"
    answer = api.post(query, {"id": "gid://shopify/Product/1"}).json()
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 25


def test_pages_are_bounded(api: Client) -> None:
    assert "between 1 and 250" in api.errors(SINCE, n=251)[0]["message"]
    assert "first or last" in api.errors("{orders{nodes{id}}}")[0]["message"]
    assert "cannot search" in api.errors(SINCE, n=1, q="colour:red")[0]["message"]


def test_what_is_no_graphql_request(api: Client) -> None:
    url = f"{api.base}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": api.token}
    assert httpx.post(url, content=b"not json", headers=headers).status_code == 400
    assert httpx.get(url, headers=headers).status_code == 405
