"""Webhooks over HTTP: headers, signature, retries, and the switches that make them arrive badly."""

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET


@dataclass
class Listener:
    """An app that only writes down what it hears; the next statuses are answered first."""

    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        self.heard.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    @property
    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for headers, _ in self.heard]

    @property
    def webhook_ids(self) -> list[str]:
        return [headers["x-shopify-webhook-id"] for headers, _ in self.heard]


@contextmanager
def listening(path: str = "/webhooks/shopify") -> Iterator[Listener]:
    listener = Listener()
    app = Starlette(routes=[Route(path, listener.receive, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off"))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)
        listener.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def sim(listener: Listener) -> Iterator[Simulator]:
    with running_sandbox(
        client_id=CLIENT, client_secret=SECRET, app_url=listener.url, retry_scale=0.0002
    ) as running:
        yield running


def test_a_delivery_is_signed_and_named(sim: Simulator, listener: Listener) -> None:
    sim.place_order(["20.00"])
    assert sim.settle()
    assert sorted(listener.topics) == ["orders/create", "orders/paid", "orders/updated"]
    events = set()
    for headers, body in listener.heard:
        digest = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
        assert headers["x-shopify-hmac-sha256"] == digest
        assert headers["x-shopify-shop-domain"] == "example.myshopify.com"
        assert headers["x-shopify-api-version"] == "2026-07"
        assert headers["x-shopify-name"] == "orders"
        assert headers["content-type"] == "application/json"
        datetime.fromisoformat(headers["x-shopify-triggered-at"])
        events.add(headers["x-shopify-event-id"])
    assert len(events) == 1
    assert len(set(listener.webhook_ids)) == 3


def test_what_is_not_accepted_comes_again_unchanged(sim: Simulator, listener: Listener) -> None:
    listener.statuses = [500, 302, 401]
    sim.uninstall()
    assert sim.settle()
    (delivery,) = sim.deliveries
    assert delivery.attempts == [500, 302, 401, 200]
    assert len(set(listener.webhook_ids)) == 1
    assert len({body for _, body in listener.heard}) == 1


def test_after_eight_retries_it_is_given_up(sim: Simulator, listener: Listener) -> None:
    listener.statuses = [503] * 20
    sim.uninstall()
    assert sim.settle(30)
    (delivery,) = sim.deliveries
    assert (delivery.state, delivery.attempts) == ("failed", [503] * 9)


def test_an_app_that_is_not_there_yet_is_waited_for(listener: Listener) -> None:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as sim:
        sim.place_order(["20.00"])
        assert not sim.settle(0.1)
        sim.point_at(listener.url)
        assert sim.settle()
    assert len(listener.heard) == 3


def test_dropped_webhooks_never_arrive(sim: Simulator, listener: Listener) -> None:
    sim.switch(drop=True)
    sim.place_order(["20.00"])
    assert sim.settle()
    assert {delivery.state for delivery in sim.deliveries} == {"dropped"}
    sim.switch(drop=False)
    sim.place_order(["20.00"])
    assert sim.settle()
    assert len(listener.heard) == 3


def test_duplicated_webhooks_arrive_twice_with_one_id(sim: Simulator, listener: Listener) -> None:
    sim.switch(duplicate=True)
    sim.place_order(["20.00"])
    assert sim.settle()
    assert len(listener.heard) == 6
    assert len(set(listener.webhook_ids)) == 3


def test_reordered_webhooks_arrive_in_another_order(sim: Simulator, listener: Listener) -> None:
    sim.switch(reorder=0.2)
    for _ in range(4):
        sim.place_order(["20.00"])
    assert sim.settle()
    sent = [delivery.webhook_id for delivery in sim.deliveries]
    assert sorted(listener.webhook_ids) == sorted(sent)
    assert listener.webhook_ids != sent


def test_reordered_duplicates_of_which_some_fail_all_arrive_in_the_end(
    sim: Simulator, listener: Listener
) -> None:
    sim.switch(reorder=0.1, duplicate=True)
    listener.statuses = [500, 200, 503]
    for _ in range(3):
        sim.place_order(["20.00"])
    assert sim.settle()
    assert len(sim.deliveries) == 18
    assert {delivery.state for delivery in sim.deliveries} == {"accepted"}
    assert len(listener.heard) == 20
    assert len(set(listener.webhook_ids)) == 9


def test_delayed_webhooks_arrive_later(sim: Simulator, listener: Listener) -> None:
    sim.switch(delay=0.3)
    sim.place_order(["20.00"])
    assert not sim.settle(0.05)
    assert listener.heard == []
    assert sim.settle()
    assert len(listener.heard) == 3


def test_after_an_uninstall_only_compliance_topics_come(sim: Simulator, listener: Listener) -> None:
    anna = sim.customer()
    order = sim.place_order(["20.00"], customer=anna)
    assert sim.settle()
    sim.uninstall()
    sim.place_order(["20.00"])
    sim.redact_customer(anna, [order.id])
    sim.redact_shop()
    assert sim.settle()
    assert listener.topics.count("orders/create") == 1
    assert set(listener.topics[3:]) == {"app/uninstalled", "customers/redact", "shop/redact"}


def test_shop_and_scopes(sim: Simulator, listener: Listener) -> None:
    sim.update_shop(name="Neuer Name")
    sim.grant_scopes(["read_orders"])
    assert sim.settle()
    by_topic = {delivery.topic: delivery.payload for delivery in sim.deliveries}
    assert by_topic["shop/update"]["name"] == "Neuer Name"
    assert "email" not in by_topic["shop/update"]
    assert by_topic["app/scopes_update"]["current"] == ["read_orders"]


def test_each_shop_has_its_own_name_and_switches(sim: Simulator, listener: Listener) -> None:
    sim.shop("second")
    sim.switch("second", drop=True)
    sim.place_order(["20.00"], shop="second")
    sim.place_order(["20.00"])
    assert sim.settle()
    assert {headers["x-shopify-shop-domain"] for headers, _ in listener.heard} == {"example.myshopify.com"}
