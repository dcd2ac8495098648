"""The Partner API's client against the pocket Shopify: what it brings, when it rests, and what it tells the operator."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from plugin.config import Config
from plugin.shopify.errors import AccessDenied, GatewayError, Misunderstood, Throttled, Unreachable
from plugin.shopify.partner import REST, PartnerApi
from plugin.shopify.transport import partner_client
from sandbox.ids import gid
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.integration.widgets.stage import config

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with running_sandbox(client_id="c", client_secret="a secret of thirty-two bytes, yes") as sim:
        yield sim


@pytest.fixture
def shopify(running: Simulator) -> Iterator[Simulator]:
    yield running
    running.shop().switches.reset()
    running.state.partner.asked.clear()


@pytest.fixture
def settings(shopify: Simulator) -> Config:
    return replace(
        config("sqlite://"),
        partner_org=shopify.state.partner.org,
        partner_token=shopify.state.partner.token,
        partner_origin=f"{shopify.origin}/partners",
        app_gid=gid("App", shopify.state.app_id),
    )


@pytest.fixture
def passed() -> list[float]:
    """The seconds that have gone by."""
    return [0.0]


@pytest.fixture
async def api(settings: Config, passed: list[float]) -> AsyncIterator[PartnerApi]:
    async with partner_client() as http:
        yield PartnerApi(settings, http, monotonic=lambda: passed[0])


async def failure(api: PartnerApi, shop: str) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await api.active_subscription(shop, NOW)
    return caught.value


async def test_a_subscription_comes_with_the_newest_event(api: PartnerApi, shopify: Simulator) -> None:
    shop = shopify.shop("one")
    nothing = await api.active_subscription(shop.gid, NOW)
    assert (nothing.subscription, nothing.event) == (None, None)
    shopify.approve_plan("small", "one")
    shopify.freeze_plan("one")
    rests = await api.active_subscription(shop.gid, NOW)
    assert rests.subscription is None
    assert rests.event is not None
    assert rests.event["state"] == "FROZEN"
    shopify.freeze_plan("one", frozen=False)
    found = await api.active_subscription(shop.gid, NOW)
    assert found.subscription is not None
    assert found.subscription["items"][0]["handle"] == "small"


@pytest.mark.parametrize("day", ["down", "closed", "garbage"])
async def test_an_api_that_is_down_is_left_alone_for_a_while(
    api: PartnerApi, shopify: Simulator, passed: list[float], day: str
) -> None:
    shop = shopify.shop().gid
    shopify.switch(partner=day)
    assert isinstance(await failure(api, shop), Unreachable)
    shopify.switch(partner="ok")
    asked = len(shopify.state.partner.calls)
    passed[0] += REST / 2
    assert isinstance(await failure(api, shop), Unreachable)
    assert len(shopify.state.partner.calls) == asked
    passed[0] += REST
    assert (await api.active_subscription(shop, NOW)).event is None


async def test_too_many_questions_are_told_apart(
    api: PartnerApi, shopify: Simulator, passed: list[float]
) -> None:
    shopify.switch(partner="throttled")
    assert isinstance(await failure(api, shopify.shop().gid), Throttled)
    shopify.switch(partner="ok")
    passed[0] += 1.1
    assert (await api.active_subscription(shopify.shop().gid, NOW)).event is None


async def test_a_wrong_token_is_told_to_the_operator_once(
    settings: Config, shopify: Simulator, passed: list[float]
) -> None:
    wrong = replace(settings, partner_token="prtapi_wrong")
    with capture_logs() as log:
        async with partner_client() as http:
            api = PartnerApi(wrong, http, monotonic=lambda: passed[0])
            for _ in range(3):
                passed[0] += 2 * REST
                assert isinstance(await failure(api, shopify.shop().gid), AccessDenied)
    assert [entry["event"] for entry in log] == ["partner_api_refuses"]
    assert log[0]["log_level"] == "error"
    assert "SHOPIFY_PARTNER_TOKEN" in log[0]["reason"]
    assert "prtapi" not in str(log)


async def test_an_app_of_somebody_else_is_no_free_plan(settings: Config, shopify: Simulator) -> None:
    """Null beside an error is not the null that means: no subscription."""
    foreign = replace(settings, app_gid=gid("App", 1))
    async with partner_client() as http:
        error = await failure(PartnerApi(foreign, http), shopify.shop().gid)
    assert isinstance(error, AccessDenied)
    assert "SHOPIFY_APP_GID" in str(error)


async def test_a_version_that_has_ended_is_misunderstood(settings: Config, shopify: Simulator) -> None:
    gone = replace(settings, partner_origin=f"{shopify.origin}/nowhere")
    async with partner_client() as http:
        assert isinstance(await failure(PartnerApi(gone, http), shopify.shop().gid), Misunderstood)
