"""Discount nodes and codes at the pocket Shopify: made once, added in bulk, found again, removed one by one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from plugin import guards, install
from plugin.crypto import Keyring
from plugin.database import open_database
from plugin.guards import Call
from plugin.shopify import Gateway, Refused
from plugin.shopify.discounts import (
    Added,
    Amount,
    FreeShipping,
    Percentage,
    Terms,
    add_codes,
    code_ids,
    codes_added,
    create_node,
    find_code,
    job_done,
    node_status,
    remove_codes,
)
from plugin.shops import Shop, shop
from sandbox.discounts import CodeRefused
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.unit.edge.signing import API_KEY, SECRET, bearer, config

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_sandbox(client_id=API_KEY, client_secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def handle(request: pytest.FixtureRequest) -> str:
    return (
        "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[-60:].strip("-").lower()
    )


@pytest.fixture
async def gateway(sim: Simulator, tmp_path: object) -> AsyncIterator[Gateway]:
    settings = config(DANKBAR_SHOPIFY_ORIGIN=f"{sim.origin}/{{shop}}")
    db = await open_database(f"sqlite:///{tmp_path}/discounts.db")
    await db.write(shop.create)
    async with httpx.AsyncClient() as http:
        yield Gateway(settings, db, Keyring(settings.secret_keys), http)
    await db.close()


@pytest.fixture
async def of(gateway: Gateway, sim: Simulator, handle: str) -> Shop:
    link = gateway.link
    proof = guards.merchant(link.config, Call("GET", "/", bearer(sim.id_token(handle))))
    return await install.open_shop(link.config, link.db, link.keyring, proof, datetime.now(UTC))


def terms(code: str = "DANKE-0", **changes: object) -> Terms:
    base: dict[str, object] = {"value": Percentage(Decimal(10)), "currency": "EUR", "starts_at": START}
    return Terms(title="Danke", code=code, **{**base, **changes})  # type: ignore[arg-type]


async def finished(gateway: Gateway, of: Shop, creation: str) -> Added:
    for _ in range(100):
        added = await codes_added(gateway, of, creation)
        if added is not None:
            return added
        await asyncio.sleep(0.02)
    raise AssertionError("the import of codes never ended")


async def test_a_node_is_made_with_its_first_code(gateway: Gateway, of: Shop) -> None:
    node = await create_node(gateway, of, terms())
    assert node.id.startswith("gid://shopify/DiscountCodeNode/")
    assert node.code_id is not None
    assert node.code_id.startswith("gid://shopify/DiscountRedeemCode/")
    assert await find_code(gateway, of, "danke-0") == node.id
    assert await find_code(gateway, of, "danke-1") is None
    status = await node_status(gateway, of, node.id)
    assert status is not None
    assert (status.status, status.codes) == ("ACTIVE", 1)
    with pytest.raises(Refused) as caught:
        await create_node(gateway, of, terms("Danke-0"))
    assert caught.value.has("TAKEN")


async def test_two_hundred_and_fifty_codes_are_added_and_taken_ones_named(gateway: Gateway, of: Shop) -> None:
    node = await create_node(gateway, of, terms())
    codes = ["DANKE-0", *(f"CODE-{n}" for n in range(249))]
    added = await finished(gateway, of, await add_codes(gateway, of, node.id, codes))
    assert set(added.made) == set(codes[1:])
    assert len(set(added.made.values())) == 249
    assert added.failed == {"DANKE-0": "TAKEN"}
    status = await node_status(gateway, of, node.id)
    assert status is not None
    assert status.codes == 250
    again = await finished(gateway, of, await add_codes(gateway, of, node.id, ["code-7"]))
    assert again.failed == {"code-7": "TAKEN"}
    assert await find_code(gateway, of, "code-7") == node.id
    assert await code_ids(gateway, of, node.id, ["code-7", "CODE-8", "NEVER"]) == {
        "code-7": added.made["CODE-7"],
        "CODE-8": added.made["CODE-8"],
    }
    assert "CODE-7" not in repr(added)


@pytest.mark.parametrize("count", [0, 251])
async def test_a_call_takes_between_1_and_250_codes(gateway: Gateway, of: Shop, count: int) -> None:
    with pytest.raises(ValueError, match="250"):
        await add_codes(gateway, of, "gid://shopify/DiscountCodeNode/1", ["x"] * count)
    with pytest.raises(ValueError, match="250"):
        await remove_codes(gateway, of, "gid://shopify/DiscountCodeNode/1", ["x"] * count)


async def test_one_code_is_removed_and_the_others_stay(gateway: Gateway, of: Shop) -> None:
    node = await create_node(gateway, of, terms())
    added = await finished(gateway, of, await add_codes(gateway, of, node.id, ["ONE", "TWO"]))
    job = await remove_codes(gateway, of, node.id, [added.made["ONE"]])
    for _ in range(100):
        if await job_done(gateway, of, job):
            break
        await asyncio.sleep(0.02)
    assert await find_code(gateway, of, "ONE") is None
    assert await find_code(gateway, of, "TWO") == node.id
    assert await job_done(gateway, of, "gid://shopify/Job/1")


async def test_what_is_not_there_is_told(gateway: Gateway, of: Shop) -> None:
    nowhere = "gid://shopify/DiscountCodeNode/1"
    assert await node_status(gateway, of, nowhere) is None
    assert await code_ids(gateway, of, nowhere, ["x"]) == {}
    with pytest.raises(Refused):
        await add_codes(gateway, of, nowhere, ["x"])
    with pytest.raises(Refused):
        await remove_codes(gateway, of, nowhere, ["gid://shopify/DiscountRedeemCode/1"])


async def test_an_amount_with_its_minimum_is_honoured_once(
    gateway: Gateway, of: Shop, sim: Simulator, handle: str
) -> None:
    await create_node(gateway, of, terms("FIVE", value=Amount(500, "EUR"), minimum=2000))
    cart = sim.cart(["15.00"], shop=handle)
    with pytest.raises(CodeRefused):
        sim.quote(cart, ["FIVE"], shop=handle)
    order = sim.place_order(["25.00"], shop=handle, codes=["FIVE"])
    assert order.body["total_discounts"] == "5.00"
    with pytest.raises(CodeRefused):
        sim.place_order(["25.00"], shop=handle, codes=["FIVE"])


async def test_a_code_bound_to_a_customer_serves_nobody_else(
    gateway: Gateway, of: Shop, sim: Simulator, handle: str
) -> None:
    one, other = (sim.customer(f"{name}@example.com", shop=handle) for name in ("one", "other"))
    await create_node(gateway, of, terms("MINE", customer_id=one.id))
    with pytest.raises(CodeRefused):
        sim.place_order(["25.00"], shop=handle, codes=["MINE"], customer=other)
    order = sim.place_order(["25.00"], shop=handle, codes=["MINE"], customer=one)
    assert order.body["total_discounts"] == "2.50"


async def test_an_ended_node_is_expired(gateway: Gateway, of: Shop) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=1)
    node = await create_node(gateway, of, terms("OVER", ends_at=ended))
    status = await node_status(gateway, of, node.id)
    assert status is not None
    assert status.status == "EXPIRED"


async def test_free_shipping_is_a_node_of_its_own_kind(
    gateway: Gateway, of: Shop, sim: Simulator, handle: str
) -> None:
    node = await create_node(gateway, of, terms("SHIP", value=FreeShipping()))
    assert node.code_id is not None
    status = await node_status(gateway, of, node.id)
    assert status is not None
    assert (status.status, status.codes) == ("ACTIVE", 1)
    order = sim.place_order(["25.00"], shop=handle, codes=["SHIP"])
    assert order.body["total_price"] == "25.00"
