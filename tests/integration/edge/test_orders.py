"""An order fetched from the Admin API is the very value its webhook says, however long and whatever happened to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from plugin import guards, install
from plugin.core.orders import OrderFacts, OrderState, merge, net
from plugin.core.parcels import Parcel
from plugin.crypto import Keyring
from plugin.database import open_database
from plugin.guards import Call
from plugin.shopify import (
    Disconnected,
    FetchedOrder,
    Gateway,
    Misunderstood,
    Unreachable,
    changed_orders,
    fetch_order,
    shop_facts,
)
from plugin.shopify.discounts import Amount, Percentage, Terms, create_node
from plugin.shops import Shop, shop
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from sandbox.state import Order
from tests.unit.edge.signing import API_KEY, SECRET, bearer, config
from webhooks import payloads
from webhooks.inbox import Event
from webhooks.topics import TOPICS


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_sandbox(client_id=API_KEY, client_secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def handle(request: pytest.FixtureRequest) -> str:
    """A shop of this test's own."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return name.strip("-")[-60:].strip("-")


@pytest.fixture
async def gateway(sim: Simulator, tmp_path: object) -> AsyncIterator[Gateway]:
    settings = config(DANKBAR_SHOPIFY_ORIGIN=f"{sim.origin}/{{shop}}")
    db = await open_database(f"sqlite:///{tmp_path}/orders.db")
    await db.write(shop.create)
    async with httpx.AsyncClient() as http:
        yield Gateway(settings, db, Keyring(settings.secret_keys), http)
    await db.close()


async def opened(gateway: Gateway, sim: Simulator, handle: str) -> Shop:
    link = gateway.link
    proof = guards.merchant(link.config, Call("GET", "/", bearer(sim.id_token(handle))))
    return await install.open_shop(link.config, link.db, link.keyring, proof, datetime.now(UTC))


def told(sim: Simulator, order: Order) -> tuple[OrderFacts, str | None]:
    """What the last webhook about this order says."""
    bodies = [
        delivery.body
        for delivery in sim.deliveries
        if delivery.topic.startswith("orders/") and delivery.payload["id"] == order.id
    ]
    return payloads.order(bodies[-1])


async def fetched(gateway: Gateway, of: Shop, order: Order) -> FetchedOrder:
    found = await fetch_order(gateway, of, order.id)
    assert found is not None
    return found


def plain(sim: Simulator, handle: str) -> Order:
    return sim.place_order(["49.90", ("10.01", 3)], shop=handle, customer=sim.customer(shop=handle))


def guest(sim: Simulator, handle: str) -> Order:
    return sim.place_order(["49.90"], shop=handle, source_name="pos", locale="en-GB", country="AT")


def digital(sim: Simulator, handle: str) -> Order:
    card = sim.product("Gutschein", "25.00", shop=handle, gift_card=True)
    return sim.place_order([(card, 2), "9.99"], shop=handle, test=True)


def pending(sim: Simulator, handle: str) -> Order:
    return sim.place_order(["49.90"], shop=handle, payment="pending")


def partly_paid(sim: Simulator, handle: str) -> Order:
    order = sim.place_order(["49.90"], shop=handle, payment="pending")
    sim.pay(order, "20.00")
    return order


def refunded(sim: Simulator, handle: str) -> Order:
    order = sim.place_order([("10.01", 3), "5.00"], shop=handle)
    first, second = (line["id"] for line in order.body["line_items"])
    sim.refund(order, {first: 1})
    sim.refund(order, {first: 1, second: 1}, shipping="4.90")
    return order


def generously_refunded(sim: Simulator, handle: str) -> Order:
    order = sim.place_order([("10.00", 3)], shop=handle)
    sim.refund(order, {order.body["line_items"][0]["id"]: 1}, amount="15.00")
    return order


def cancelled(sim: Simulator, handle: str) -> Order:
    order = sim.place_order(["49.90", "1.00"], shop=handle)
    sim.cancel(order)
    return order


def edited(sim: Simulator, handle: str) -> Order:
    order = sim.place_order([("10.00", 3), "7.77"], shop=handle)
    sim.edit_order(order, {order.body["line_items"][0]["id"]: 1}, ["99.00"])
    return order


def long(sim: Simulator, handle: str) -> Order:
    order = sim.place_order([(f"{1 + n}.01", 1) for n in range(150)], shop=handle)
    sim.refund(order, {line["id"]: 1 for line in order.body["line_items"][:130]})
    return order


def huge_id(sim: Simulator, handle: str) -> Order:
    return sim.place_order(["0.01"], shop=handle, order_id=2**63 - 1)


STORIES: list[Callable[[Simulator, str], Order]] = [
    plain,
    guest,
    digital,
    pending,
    partly_paid,
    refunded,
    generously_refunded,
    cancelled,
    edited,
    long,
    huge_id,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_both_tellings_of_an_order_are_one_value(
    gateway: Gateway, sim: Simulator, handle: str, story: Callable[[Simulator, str], Order]
) -> None:
    of = await opened(gateway, sim, handle)
    order = story(sim, handle)
    before = datetime.now(UTC)
    found = await fetched(gateway, of, order)
    snapshot = found.arrival.snapshot
    assert snapshot is not None
    assert (snapshot.facts, found.checkout_token) == told(sim, order)
    assert snapshot.fetched_at is not None
    assert before <= snapshot.fetched_at <= datetime.now(UTC)
    assert (found.arrival.shop_id, found.arrival.order_id, found.lost) == (of.id, order.id, False)
    assert net(merge(OrderState(), found.arrival)) >= 0


def parcels_told(sim: Simulator, of: Shop, order: Order) -> tuple[Parcel, ...]:
    """What all webhooks about the order's parcels say together."""
    state = OrderState()
    for delivery in sim.deliveries:
        decode = TOPICS[delivery.topic].decode
        if delivery.topic.startswith("fulfillment") and decode and delivery.payload["order_id"] == order.id:
            now = datetime.now(UTC)
            event = Event(1, "shopify", of.handle, "w", delivery.topic, now, now, delivery.body, 0)
            state = merge(state, decode(event, of, b"key"))
    return state.parcels


async def test_parcels_are_told_alike(gateway: Gateway, sim: Simulator, handle: str) -> None:
    of = await opened(gateway, sim, handle)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    order = sim.place_order([(f"{n}.00", 2) for n in range(1, 8)], shop=handle, at=start)
    lines = [line["id"] for line in order.body["line_items"]]
    first = sim.fulfil(order, {lines[0]: 1}, at=start + timedelta(hours=2))
    for number in range(12):
        sim.scan(order, first["id"], "in_transit", at=start + timedelta(hours=3 + number))
    assert len((await fetched(gateway, of, order)).arrival.parcels) == 1
    sim.fulfil(order, {lines[0]: 1, lines[1]: 2}, number=None, company=None, url=None, at=start)
    sim.fulfil(order, dict.fromkeys(lines[2:], 1), url="javascript:alert(1)", at=start)
    rest = sim.fulfil(order, None, at=start + timedelta(hours=20))
    sim.scan(order, rest["id"], "delivered", at=start + timedelta(hours=30))
    told = parcels_told(sim, of, order)
    assert sorted((len(one.items or ()), len(one.scans), one.url is None) for one in told) == [
        (1, 12, False),
        (2, 0, True),
        (5, 0, True),
        (5, 1, False),
    ]
    assert all(one.announced for one in told)
    found = await fetched(gateway, of, order)
    known = {one.id: one for one in told}
    assert {one.id for one in found.arrival.parcels} == known.keys()
    for one in found.arrival.parcels:
        mine = known[one.id]
        assert replace(one, announced=True, stages=()) == replace(mine, stages=())
        assert {stage.status for stage in one.stages} <= {stage.status for stage in mine.stages}


@pytest.mark.parametrize(("currency", "price"), [("JPY", "1200"), ("KWD", "3.125"), ("ISK", "990")])
async def test_money_has_the_currencys_own_minor_unit(
    gateway: Gateway, sim: Simulator, handle: str, currency: str, price: str
) -> None:
    sim.shop(handle, currency=currency, taxes_included=False)
    of = await opened(gateway, sim, handle)
    order = sim.place_order([(price, 2)], shop=handle, shipping=None)
    found = await fetched(gateway, of, order)
    assert found.arrival.snapshot is not None
    facts = found.arrival.snapshot.facts
    assert (facts, found.checkout_token) == told(sim, order)
    assert facts.subtotal == 2 * int(price.replace(".", ""))


@pytest.mark.parametrize("value", [Percentage(Decimal(10)), Amount(500, "EUR")], ids=["percentage", "amount"])
async def test_a_used_code_is_told_alike(
    gateway: Gateway, sim: Simulator, handle: str, value: Percentage | Amount
) -> None:
    of = await opened(gateway, sim, handle)
    terms = Terms("Danke", "DANKE-7F3K", value, "EUR", datetime.now(UTC) - timedelta(minutes=1))
    await create_node(gateway, of, terms)
    order = sim.place_order([("33.33", 2), "9.99"], shop=handle, codes=["danke-7f3k"])
    found = await fetched(gateway, of, order)
    assert found.arrival.snapshot is not None
    facts = found.arrival.snapshot.facts
    assert (facts, found.checkout_token) == told(sim, order)
    assert [code.upper() for code in facts.codes] == ["DANKE-7F3K"]
    assert sum(amount for line in facts.lines for _, amount in line.allocations) in {500, 767, 766, 768}


async def test_a_lost_chargeback_is_reported(gateway: Gateway, sim: Simulator, handle: str) -> None:
    of = await opened(gateway, sim, handle)
    order = sim.place_order(["49.90"], shop=handle)
    sim.dispute(order, "NEEDS_RESPONSE")
    assert not (await fetched(gateway, of, order)).lost
    sim.dispute(order, "LOST")
    assert (await fetched(gateway, of, order)).lost


async def test_an_order_that_is_gone_or_somebody_elses_is_none(
    gateway: Gateway, sim: Simulator, handle: str
) -> None:
    of = await opened(gateway, sim, handle)
    order = sim.place_order(["49.90"], shop=handle)
    foreign = sim.place_order(["49.90"], shop="somebody-else")
    sim.delete_order(order)
    assert await fetch_order(gateway, of, order.id) is None
    assert await fetch_order(gateway, of, foreign.id) is None
    assert await fetch_order(gateway, of, 1) is None


async def test_every_changed_order_comes_in_the_order_of_its_change(
    gateway: Gateway, sim: Simulator, handle: str
) -> None:
    of = await opened(gateway, sim, handle)
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(seconds=10_000)
    orders = [sim.place_order(["5.00"], shop=handle, at=start + timedelta(seconds=n)) for n in range(130)]
    sim.mark_test(orders[0], at=now)
    since = start + timedelta(seconds=5) + timedelta(minutes=5)
    found = [one async for one in changed_orders(gateway, of, since)]
    ids = [one.arrival.order_id for one in found]
    assert ids == [*(order.id for order in orders[5:]), orders[0].id]
    told_by_webhook = {order.id: told(sim, order)[0] for order in orders}
    for one in found:
        assert one.arrival.snapshot is not None
        assert one.arrival.snapshot.facts == told_by_webhook[one.arrival.order_id]
    nothing = [one async for one in changed_orders(gateway, of, now + timedelta(hours=1))]
    assert nothing == []


async def test_a_page_too_dear_is_asked_for_in_halves(
    gateway: Gateway, sim: Simulator, handle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = await opened(gateway, sim, handle)
    orders = [sim.place_order(["5.00"], shop=handle) for _ in range(3)]
    monkeypatch.setattr("sandbox.admin_api.HIGHEST", 210)
    found = [one async for one in changed_orders(gateway, of, datetime.now(UTC))]
    assert {one.arrival.order_id for one in found} == {order.id for order in orders}
    monkeypatch.setattr("sandbox.admin_api.HIGHEST", 1)
    with pytest.raises(Misunderstood):
        _ = [one async for one in changed_orders(gateway, of, datetime.now(UTC))]


async def test_the_shop_tells_its_facts(gateway: Gateway, sim: Simulator, handle: str) -> None:
    sim.shop(
        handle, name="Blumen Öz", development=True, country="AT", time_zone="Europe/Vienna", currency="EUR"
    )
    facts = await shop_facts(gateway, await opened(gateway, sim, handle))
    assert (facts.name, facts.country, facts.time_zone, facts.currency) == (
        "Blumen Öz",
        "AT",
        "Europe/Vienna",
        "EUR",
    )
    assert facts.development
    assert facts.gid.startswith("gid://shopify/Shop/")
    assert "." in facts.primary_domain


@pytest.mark.parametrize("bad", ["down", "closed", "garbage"])
async def test_a_bad_day_at_shopify_is_unreachable_and_passes(
    gateway: Gateway, sim: Simulator, handle: str, bad: str
) -> None:
    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    patient = Gateway(
        gateway.link.config, gateway.link.db, gateway.link.keyring, gateway.link.http, sleep=at_once
    )
    of = await opened(patient, sim, handle)
    order = sim.place_order(["49.90"], shop=handle)
    sim.switch(handle, api=bad)
    with pytest.raises(Unreachable):
        await fetch_order(patient, of, order.id)
    sim.switch(handle, api="ok")
    assert await fetch_order(patient, of, order.id) is not None


async def test_a_throttled_shop_is_waited_for(gateway: Gateway, sim: Simulator, handle: str) -> None:
    of = await opened(gateway, sim, handle)
    order = sim.place_order(["49.90"], shop=handle)
    await fetched(gateway, of, order)
    sim.switch(handle, api="throttled")
    assert await fetch_order(gateway, of, order.id) is not None


async def test_ten_workers_refresh_a_pair_of_the_sandbox_once(
    gateway: Gateway, sim: Simulator, handle: str
) -> None:
    of = await opened(gateway, sim, handle)
    later = datetime.now(UTC) + timedelta(hours=2)
    tokens: list[Any] = await asyncio.gather(
        *(install.access_token(gateway.link, of.id, later) for _ in range(10))
    )
    assert len(set(tokens)) == 1
    sim.shop(handle, installed=False)
    with pytest.raises(Disconnected):
        await fetch_order(gateway, of, 1)
