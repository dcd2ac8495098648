"""Tags on customers: who is unknown is told apart from what is refused, and no answer is no success."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from plugin import install
from plugin.guards import Merchant
from plugin.install import Link
from plugin.shopify import Gateway, Refused, Unreachable, add_tags, remove_tags
from plugin.shops import Shop
from tests.integration.edge.shop_server import ShopServer, says
from tests.unit.edge.signing import admin_claims, token

Change = Callable[..., Awaitable[bool]]
BOTH = pytest.mark.parametrize(("change", "field"), [(add_tags, "tagsAdd"), (remove_tags, "tagsRemove")])


@pytest.fixture
def database_address(tmp_path: object) -> str:
    """SQLite alone: what is tested here does not depend on the database."""
    return f"sqlite:///{tmp_path}/tags.db"


@pytest.fixture
async def shop(link: Link) -> Shop:
    claims = admin_claims()
    return await install.open_shop(
        link.config, link.db, link.keyring, Merchant("example", 42, token(claims), claims), datetime.now(UTC)
    )


@pytest.fixture
async def gateway(link: Link) -> Gateway:
    return Gateway(link.config, link.db, link.keyring, link.http)


def refusal(field: list[str] | None) -> dict[str, Any]:
    return {"userErrors": [{"field": field, "message": "No."}]}


@BOTH
async def test_a_customer_is_known_or_not(
    gateway: Gateway, shop: Shop, api: ShopServer, change: Change, field: str
) -> None:
    for payload, known in (({"userErrors": []}, True), (refusal(["id"]), False)):
        api.api_script = [says({"data": {field: payload}})]
        assert await change(gateway, shop, 7, {"Gold"}) is known
    assert await change(gateway, shop, 7, ()) is True
    assert [call["variables"] for call in api.calls] == [
        {"id": "gid://shopify/Customer/7", "tags": ["Gold"]}
    ] * 2


@BOTH
@pytest.mark.parametrize("where", [["tags"], ["tags", "0"], None])
async def test_a_refused_tag_is_no_unknown_customer(
    gateway: Gateway, shop: Shop, api: ShopServer, change: Change, field: str, where: list[str] | None
) -> None:
    api.api_script = [says({"data": {field: refusal(where)}})]
    with pytest.raises(Refused):
        await change(gateway, shop, 7, {"Gold"})


@BOTH
async def test_an_empty_answer_is_no_success(
    gateway: Gateway, shop: Shop, api: ShopServer, change: Change, field: str
) -> None:
    api.api_script = [says({"data": {field: None}})]
    with pytest.raises(Unreachable) as caught:
        await change(gateway, shop, 7, {"Gold"})
    assert caught.value.unknown
