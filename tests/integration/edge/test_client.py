"""The Admin API client: what it waits for, what it tries again, what it never does twice."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from structlog.testing import capture_logs

from plugin import install
from plugin.guards import Merchant
from plugin.install import Link
from plugin.shopify.client import Gateway
from plugin.shopify.documents import Document
from plugin.shopify.errors import AccessDenied, Disconnected, Misunderstood, Throttled, Unreachable
from plugin.shopify.transport import shop_client
from plugin.shops import Shop
from tests.integration.edge.shop_server import ShopServer, cost, says
from tests.ports import free_port
from tests.unit.edge.signing import admin_claims, config, token

QUERY = Document("Name", "query Name { shop { name } }", mutates=False)
MUTATION = Document("Change", "mutation Change { x }", mutates=True)
THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {"cost": cost(available=0, requested=50)},
}


@pytest.fixture
def database_address(tmp_path: object) -> str:
    """SQLite alone: what is tested here does not depend on the database."""
    return f"sqlite:///{tmp_path}/client.db"


@pytest.fixture
async def shop(link: Link) -> Shop:
    claims = admin_claims()
    return await install.open_shop(
        link.config, link.db, link.keyring, Merchant("example", 42, token(claims), claims), datetime.now(UTC)
    )


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
async def gateway(link: Link, waits: list[float]) -> Gateway:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return Gateway(
        link.config, link.db, link.keyring, link.http, sleep=sleep, monotonic=lambda: 1000.0 + sum(waits)
    )


async def test_data_comes_back_with_its_cost(gateway: Gateway, shop: Shop, api: ShopServer) -> None:
    result = await gateway.execute(shop, QUERY, {"id": 7})
    assert result.data == {"shop": {"name": "Example"}}
    assert result.errors == ()
    assert result.cost == 10
    assert api.calls == [{"query": QUERY.text, "variables": {"id": 7}}]
    assert api.tokens_seen == ["shpat_0"]


async def test_a_throttled_call_waits_as_long_as_shopify_needs(
    gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float]
) -> None:
    for document in (QUERY, MUTATION):
        api.api_script = [says(THROTTLED)]
        assert (await gateway.execute(shop, document)).data
    assert len(waits) == 2
    assert all(0.4 <= wait <= 0.8 for wait in waits)


async def test_a_bucket_known_to_be_empty_is_not_asked(
    gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float]
) -> None:
    api.api_script = [says({"data": {"x": 1}, "extensions": {"cost": cost(available=0, requested=150)}})]
    await gateway.execute(shop, QUERY)
    await gateway.execute(shop, QUERY)
    assert len(api.calls) == 2
    assert 1.5 <= sum(waits) <= 1.8


async def test_a_bucket_that_fills_too_slowly_is_given_up(
    gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float]
) -> None:
    slow = cost(available=0, requested=50)
    slow["throttleStatus"]["restoreRate"] = 1.0
    api.api_script = [says({"data": {"x": 1}, "extensions": {"cost": slow}})]
    await gateway.execute(shop, QUERY)
    with pytest.raises(Throttled) as caught:
        await gateway.execute(shop, QUERY)
    assert caught.value.wait is not None
    assert 50 <= caught.value.wait <= 50.2
    assert waits == []


async def test_waiting_is_bounded(gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float]) -> None:
    api.api_script = [says("", 429, {"Retry-After": "30"})]
    with pytest.raises(Throttled) as caught:
        await gateway.execute(shop, QUERY)
    assert caught.value.wait == 30.0
    assert waits == []
    api.api_script = [says("", 503)] * 9
    with pytest.raises(Unreachable):
        await gateway.execute(shop, QUERY)
    assert len(api.api_script) == 5
    assert len(waits) == 3
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("2.5", 2.5, 2.5), ("0", 0, 0), ("soon", 1, 1), ("", 1, 1), ("date", 5, 15), ("past", 0, 0)],
)
async def test_retry_after_is_honoured(
    gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float], header: str, least: float, most: float
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=15 if header == "date" else -60)
    text = format_datetime(at, usegmt=True) if header in {"date", "past"} else header
    api.api_script = [says("", 429, {"Retry-After": text})]
    await gateway.execute(shop, MUTATION)
    assert len(waits) == 1
    assert least <= waits[0] <= most


UNKNOWN = {
    "unavailable": says("", 503),
    "bad gateway": says("<html>", 502),
    "garbage": says("<html>"),
    "half": says('{"data": {"shop"'),
    "list": says([1, 2]),
    "deep": says("[" * 100_000),
    "empty": says(""),
    "null": says({"data": None}),
    "inside": says({"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
}


@pytest.mark.parametrize("kind", sorted(UNKNOWN))
async def test_a_query_is_tried_again_and_a_mutation_of_unknown_outcome_is_not(
    gateway: Gateway, shop: Shop, api: ShopServer, waits: list[float], kind: str
) -> None:
    api.api_script = [UNKNOWN[kind]]
    assert (await gateway.execute(shop, QUERY)).data == {"shop": {"name": "Example"}}
    api.api_script = [UNKNOWN[kind]]
    with pytest.raises(Unreachable) as caught:
        await gateway.execute(shop, MUTATION)
    assert caught.value.unknown
    assert len(api.calls) == 3
    assert len(waits) == 1


async def test_a_shop_that_cannot_be_reached_certainly_did_nothing(
    gateway: Gateway, shop: Shop, link: Link, waits: list[float]
) -> None:
    nowhere = config(DANKBAR_SHOPIFY_ORIGIN=f"http://127.0.0.1:{free_port()}/{{shop}}")

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with httpx.AsyncClient() as http:
        lost = Gateway(nowhere, link.db, link.keyring, http, sleep=sleep)
        with pytest.raises(Unreachable) as caught:
            await lost.execute(shop, MUTATION)
    assert not caught.value.unknown
    assert len(waits) == 3


async def test_partial_data_is_kept_with_the_reason(gateway: Gateway, shop: Shop, api: ShopServer) -> None:
    denied = {"message": "no", "path": ["order", "customer"], "extensions": {"code": "ACCESS_DENIED"}}
    api.api_script = [says({"data": {"order": {"id": "x", "customer": None}}, "errors": [denied]})]
    result = await gateway.execute(shop, QUERY)
    assert result.data["order"] == {"id": "x", "customer": None}
    assert [(error.code, error.path) for error in result.errors] == [("ACCESS_DENIED", ("order", "customer"))]
    for nothing in ({"data": {"order": None}, "errors": [denied]}, {"errors": [denied]}):
        api.api_script = [says(nothing)]
        with pytest.raises(AccessDenied):
            await gateway.execute(shop, QUERY)


async def test_a_mistake_of_ours_is_not_tried_again(gateway: Gateway, shop: Shop, api: ShopServer) -> None:
    wrong = {"errors": [{"message": "no such field", "extensions": {"code": "undefinedField"}}]}
    for answer in (
        says(wrong),
        says({"errors": "Not found"}),
        says({"errors": ["x"]}),
        says("", 400),
        says("", 302),
    ):
        api.api_script = [answer]
        with pytest.raises(Misunderstood):
            await gateway.execute(shop, QUERY)
    assert len(api.calls) == 5


async def test_a_dead_token_is_refreshed_once(gateway: Gateway, shop: Shop, api: ShopServer) -> None:
    api.live.clear()
    assert (await gateway.execute(shop, MUTATION)).data == {"shop": {"name": "Example"}}
    assert api.tokens_seen == ["shpat_0", "shpat_1"]
    api.api_script = [says("", 401), says("", 401)]
    with pytest.raises(Disconnected):
        await gateway.execute(shop, QUERY)
    assert len(api.grants) == 3


@pytest.mark.parametrize("status", [402, 403, 404, 423])
async def test_a_shut_shop_is_disconnected(
    gateway: Gateway, shop: Shop, api: ShopServer, status: int
) -> None:
    api.api_script = [says("", status)]
    with pytest.raises(Disconnected):
        await gateway.execute(shop, QUERY)


async def test_the_client_goes_to_shops_only_and_follows_nobody(
    link: Link, api: ShopServer, shop: Shop
) -> None:
    for url in ("https://evil.example/", "http://example.myshopify.com/", "http://127.0.0.1:1/example/"):
        async with shop_client(link.config) as http:
            with pytest.raises(httpx.UnsupportedProtocol):
                await http.get(url)


async def test_no_log_line_holds_a_token_a_body_or_a_variable(
    gateway: Gateway, shop: Shop, api: ShopServer
) -> None:
    with capture_logs() as lines:
        api.api_script = [says("<html>secret-body")] * 4
        with pytest.raises(Unreachable):
            await gateway.execute(shop, QUERY, {"code": "secret-code"})
        api.live.clear()
        api.refreshable.clear()
        with pytest.raises(Disconnected):
            await gateway.execute(shop, QUERY, {"code": "secret-code"})
    assert lines
    text = repr(lines)
    assert not any(word in text for word in ("secret", "shpat", "shprt", "query Name"))
