"""The Partner API over HTTP: who may ask, how often, what is said of a subscription, and bad days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.ids import gid
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET, post

ACTIVE = """query A($app: ID!, $shop: ID!) { activeSubscription(appId: $app, shopId: $shop) {
  billingPeriod cancelAtEndOfCycle trialEndsAt currentBillingCycle { startTime endTime } legacySubscriptionId
  shop { myshopifyDomain } items { handle description price { active currency ... on FlatRatePrice { amount } } }
  pendingUpdate { items { handle } } } }"""
EVENTS = """query E($filter: EventFilterInput) { events(first: 10, filter: $filter) { edges { node {
  id eventType occurredAt ... on SubscriptionStatus { state cancelEffectiveOn plan { handle } } } }
  pageInfo { hasNextPage } } }"""


@pytest.fixture
def shopify() -> Iterator[Simulator]:
    present = [datetime(2026, 11, 1, 12, tzinfo=UTC)]

    def clock() -> datetime:
        present[0] += timedelta(seconds=1)
        return present[0]

    with running_sandbox(client_id=CLIENT, client_secret=SECRET, clock=clock) as sim:
        sim.shop()
        yield sim


def ask(
    sim: Simulator, query: str, org: str | None = None, token: str | None = None, **more: Any
) -> httpx.Response:
    partner = sim.state.partner
    return post(
        f"{sim.origin}/partners/{org or partner.org}/api/2026-07/graphql.json",
        json={"query": query, "variables": more},
        headers={"X-Shopify-Access-Token": token or partner.token},
    )


def active(sim: Simulator, shop: str = "example") -> Any:
    answer = ask(sim, ACTIVE, app=gid("App", sim.state.app_id), shop=sim.shop(shop).gid).json()
    assert "errors" not in answer, answer
    return answer["data"]["activeSubscription"]


def events(sim: Simulator, **more: Any) -> list[dict[str, Any]]:
    filters = {"subjectId": gid("App", sim.state.app_id), "shopId": sim.shop().gid, **more}
    answer = ask(sim, EVENTS, filter=filters).json()
    assert "errors" not in answer, answer
    return [edge["node"] for edge in answer["data"]["events"]["edges"]]


def test_no_subscription_is_null_and_one_is_told_whole(shopify: Simulator) -> None:
    assert active(shopify) is None
    shopify.approve_plan("large")
    shopify.approve_plan("small")
    found = active(shopify)
    assert found["items"] == [
        {
            "handle": "large",
            "description": "Large",
            "price": {"active": True, "currency": "EUR", "amount": "149.00"},
        }
    ]
    assert found["pendingUpdate"] == {"items": [{"handle": "small"}]}
    assert (found["billingPeriod"], found["cancelAtEndOfCycle"], found["trialEndsAt"]) == (
        "EVERY_30_DAYS",
        False,
        None,
    )
    assert found["shop"]["myshopifyDomain"] == "example.myshopify.com"
    assert active(shopify, "another") is None


def test_a_frozen_subscription_is_told_by_the_history(shopify: Simulator) -> None:
    shopify.approve_plan("small")
    shopify.freeze_plan()
    assert active(shopify) is None
    newest = events(shopify)[0]
    assert (newest["state"], newest["plan"]) == ("FROZEN", {"handle": "small"})
    assert [one["state"] for one in events(shopify, eventTypes=["SUBSCRIPTION_CREATED"])] == ["CREATED"]


def test_the_history_goes_back_thirty_days_unless_asked_and_a_year_at_most(shopify: Simulator) -> None:
    shopify.approve_plan("small")
    began = shopify.state.now()
    later = (began + timedelta(days=200)).isoformat()
    assert events(shopify, occurredAtMin=(began + timedelta(days=1)).isoformat(), occurredAtMax=later) == []
    assert (
        len(events(shopify, occurredAtMin=(began - timedelta(days=100)).isoformat(), occurredAtMax=later))
        == 1
    )
    assert events(shopify, occurredAtMax=later) == [], "thirty days before its end"
    filters = {"occurredAtMin": "2025-01-01T00:00:00Z", "occurredAtMax": "2026-11-01T00:00:00Z"}
    assert "365" in ask(shopify, EVENTS, filter=filters).json()["errors"][0]["message"]


def test_only_the_organisations_client_may_ask(shopify: Simulator) -> None:
    assert ask(shopify, ACTIVE, org="1").status_code == 401
    assert ask(shopify, ACTIVE, token="prtapi_x").status_code == 401
    answer = ask(shopify, ACTIVE, app=gid("App", 1), shop=shopify.shop().gid).json()
    assert answer["data"] == {"activeSubscription": None}
    assert answer["errors"][0]["path"] == ["activeSubscription"]
    url = f"{shopify.origin}/partners/{shopify.state.partner.org}/api/2019-01/graphql.json"
    assert post(url, json={}).status_code == 404


def test_four_a_second_and_not_one_more(shopify: Simulator) -> None:
    still = shopify.state.now()
    shopify.state.clock = lambda: still
    variables = {"app": gid("App", shopify.state.app_id), "shop": shopify.shop().gid}
    assert [ask(shopify, ACTIVE, **variables).status_code for _ in range(6)] == [200] * 4 + [429] * 2
    shopify.state.clock = lambda: still + timedelta(seconds=1)
    assert ask(shopify, ACTIVE, **variables).status_code == 200


def test_bad_days(shopify: Simulator) -> None:
    shopify.switch(partner="down")
    assert ask(shopify, ACTIVE).status_code == 503
    shopify.switch(partner="throttled")
    assert ask(shopify, ACTIVE).status_code == 429
    shopify.switch(partner="garbage")
    assert "html" in ask(shopify, ACTIVE).text
    shopify.switch(partner="closed")
    with pytest.raises(httpx.TransportError):
        ask(shopify, ACTIVE)
    shopify.switch(partner="ok")
    assert active(shopify) is None
    assert shopify.shop().switches.api == "ok"


def test_what_the_schema_does_not_know_and_what_is_not_simulated_is_refused(shopify: Simulator) -> None:
    assert ask(shopify, "{ activeSubscription { nothing } }").json()["errors"]
    assert (
        "does not simulate" in ask(shopify, "{ publicApiVersions { handle } }").json()["errors"][0]["message"]
    )
    url = f"{shopify.origin}/partners/{shopify.state.partner.org}/api/2026-07/graphql.json"
    headers = {"X-Shopify-Access-Token": shopify.state.partner.token}
    assert post(url, content=b"[", headers=headers).status_code == 400
