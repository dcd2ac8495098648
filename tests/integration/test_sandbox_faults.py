"""Bad days at Shopify, and the sandbox's own addresses."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET, Client, exchange_form

QUERY = "{shop{id}}"


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET, app_url="http://127.0.0.1:9") as sim:
        yield sim


@pytest.fixture
def api(running: Simulator) -> Iterator[Client]:
    yield Client(running).sign_in()
    running.shop().switches.reset()


def switch(client: Client, /, **values: object) -> httpx.Response:
    return httpx.post(f"{client.sim.origin}/sandbox/switches", json=values)


def test_down(api: Client) -> None:
    assert switch(api, api="down").json()["api"] == "down"
    answer = api.post(QUERY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert api.ask_token(exchange_form(api.sim.id_token())).status_code == 503
    switch(api, api="ok")
    assert api.post(QUERY).status_code == 200


def test_a_broken_connection(api: Client) -> None:
    switch(api, api="closed")
    with pytest.raises(httpx.TransportError):
        api.post(QUERY)


def test_garbage_is_no_json(api: Client) -> None:
    switch(api, api="garbage")
    answer = api.post(QUERY)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_slow_is_slower_than_a_patient_client(api: Client) -> None:
    switch(api, api="slow", seconds=5)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{api.base}/admin/api/2026-10/graphql.json", json={"query": QUERY}, timeout=0.2)
    switch(api, api="slow", seconds=0.05)
    assert api.post(QUERY).status_code == 200


def test_throttled_until_the_bucket_has_filled(api: Client) -> None:
    assert len(api.query("{products(first: 250){nodes{id}}}")["products"]["nodes"]) == 0
    costly = "{orders(first: 250){nodes{id lineItems(first: 20){nodes{id}}}}}"
    switch(api, api="throttled")
    answer = api.post(costly)
    body = answer.json()
    assert answer.status_code == 200
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in body
    cost = body["extensions"]["cost"]
    status = cost["throttleStatus"]
    assert status["currentlyAvailable"] < cost["requestedQueryCost"]
    time.sleep((cost["requestedQueryCost"] - status["currentlyAvailable"]) / status["restoreRate"])
    assert "errors" not in api.post(costly).json()
    assert api.ask_token(exchange_form(api.sim.id_token())).status_code == 429


def test_switches_are_checked_before_any_is_turned(api: Client) -> None:
    for bad in ({"api": "tired"}, {"colour": 1}, {"drop": 2}, {"delay": -1}, {"delay": 1, "drop": "often"}):
        answer = switch(api, **bad)
        assert answer.status_code == 422
        assert answer.json()["error"].endswith(".")
    assert switch(api, shop="nowhere").status_code == 404
    assert httpx.post(f"{api.sim.origin}/sandbox/switches", content=b"[").status_code == 422
    state = httpx.get(f"{api.sim.origin}/sandbox/switches").json()
    assert (state["api"], state["delay"], state["drop"]) == ("ok", 0.0, 0.0)


def test_the_addresses_are_told(running: Simulator) -> None:
    assert httpx.get(f"{running.origin}/sandbox.json").json() == {
        "app": "http://127.0.0.1:9",
        "storefront": f"{running.origin}/storefront",
        "admin": f"{running.origin}/admin",
        "shop": "example",
        "client_id": CLIENT,
    }


def test_the_sandbox_runs_as_a_command_of_its_own() -> None:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as other:
        port = int(other.origin.rsplit(":", 1)[1])
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--app", "http://127.0.0.1:9"]
    environment = {**os.environ, "SHOPIFY_API_KEY": CLIENT, "SHOPIFY_API_SECRET": SECRET}
    with subprocess.Popen(command, env=environment) as process:
        try:
            told = _wait_for(f"http://127.0.0.1:{port}/sandbox.json", process)
        finally:
            process.terminate()
    assert told["storefront"] == f"http://127.0.0.1:{port}/storefront"
    assert told["client_id"] == CLIENT


def test_the_command_refuses_to_start_without_a_secret() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SHOPIFY_API_SECRET"}
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "SHOPIFY_API_SECRET" in ended.stderr


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> dict[str, str]:
    for _ in range(400):
        assert process.poll() is None
        try:
            answer: dict[str, str] = httpx.get(url).json()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return answer
    raise AssertionError("The sandbox did not answer.")
