"""Offline tokens over HTTP: exchanged for an id token, refreshed, replaced, ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.sandbox.client import CLIENT, SECRET, Client, exchange_form

SHOP = "{shop{id}}"


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
def sim(clock: Clock) -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET, clock=clock) as running:
        yield running


def error(client: Client, form: dict[str, str]) -> tuple[int, str]:
    answer = client.ask_token(form)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("as_json", [True, False])
def test_an_id_token_is_exchanged(sim: Simulator, as_json: bool) -> None:
    client = Client(sim)
    answer = client.ask_token(exchange_form(sim.id_token()), as_json=as_json).json()
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (3600, 7776000)
    assert "write_discounts" in answer["scope"].split(",")
    assert client.post(SHOP, token=answer["access_token"]).status_code == 200


def test_what_is_no_id_token_of_this_shop_and_app_is_refused(sim: Simulator, clock: Clock) -> None:
    client = Client(sim)
    sim.shop("other")
    old = sim.id_token(now=clock.now - timedelta(minutes=2))
    for token in (
        "nonsense",
        old,
        sim.id_token("other"),
        sim.id_token(aud="another-app"),
        sim.id_token(secret="another secret of thirty-two bytes"),
        sim.shopper_token(customer=1),
        sim.id_token(exp=None),
    ):
        assert error(client, exchange_form(token)) == (400, "invalid_subject_token")


def test_the_app_must_prove_itself(sim: Simulator) -> None:
    client = Client(sim)
    for change in ({"client_secret": "wrong"}, {"client_id": "wrong"}, {"client_secret": "schlüssel"}):
        assert error(client, exchange_form(sim.id_token(), **change)) == (401, "invalid_client")


def test_only_expiring_tokens_are_given(sim: Simulator) -> None:
    form = exchange_form(sim.id_token(), expiring="0")
    assert error(Client(sim), form) == (400, "invalid_request")


def test_an_access_token_lives_an_hour(sim: Simulator, clock: Clock) -> None:
    client = Client(sim).sign_in()
    clock.forward(minutes=59, seconds=59)
    assert client.post(SHOP).status_code == 200
    clock.forward(seconds=1)
    assert client.post(SHOP).status_code == 401


def test_a_refresh_gives_a_new_pair_and_the_old_one_ends_with_its_first_use(sim: Simulator) -> None:
    client = Client(sim)
    first = client.ask_token(exchange_form(sim.id_token())).json()["refresh_token"]
    second = client.refresh(first).json()
    again = client.refresh(first)
    assert again.status_code == 200, "until a successor is used, the old one keeps working"
    assert len({first, second["refresh_token"], again.json()["refresh_token"]}) == 3
    assert client.refresh(second["refresh_token"]).status_code == 200
    answer = client.refresh(first)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert client.post(SHOP, token=second["access_token"]).status_code == 200


def test_a_used_refresh_token_ends_after_thirty_days(sim: Simulator, clock: Clock) -> None:
    client = Client(sim)
    first = client.ask_token(exchange_form(sim.id_token())).json()["refresh_token"]
    client.refresh(first)
    clock.forward(days=29)
    assert client.refresh(first).status_code == 200
    clock.forward(days=1)
    assert client.refresh(first).json()["error"] == "invalid_grant"


def test_an_unused_refresh_token_ends_after_ninety_days(sim: Simulator, clock: Clock) -> None:
    client = Client(sim)
    first = client.ask_token(exchange_form(sim.id_token())).json()["refresh_token"]
    clock.forward(days=90)
    assert client.refresh(first).json()["error"] == "invalid_grant"
    assert client.refresh("never-given").json()["error"] == "invalid_grant"


def test_uninstalling_ends_every_token_and_installing_allows_new_ones(sim: Simulator) -> None:
    client = Client(sim).sign_in()
    refresh = client.ask_token(exchange_form(sim.id_token())).json()["refresh_token"]
    sim.uninstall()
    assert client.post(SHOP).status_code == 401
    assert client.refresh(refresh).json()["error"] == "invalid_grant"
    assert error(client, exchange_form(sim.id_token())) == (400, "invalid_subject_token")
    sim.install()
    assert client.sign_in().post(SHOP).status_code == 200


def test_an_unknown_shop_has_no_token_endpoint(sim: Simulator) -> None:
    assert Client(sim, "nowhere").ask_token(exchange_form("x")).status_code == 404
