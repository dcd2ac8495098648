"""An order is found by the name people know it by, through the Admin API; an outage there is one sentence."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count

import pytest

from plugin.admin import look_up
from plugin.database import Database
from plugin.shops import Shop, find_shop
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from sandbox.state import Order
from tests.integration.admin.stage import Stage, open_stage
from tests.integration.widgets.stage import CLIENT, CUSTOMER, SECRET, config

_handles = count(1)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET) as running:
        yield running


@pytest.fixture
async def stage(sim: Simulator, db: Database, database_url: str) -> AsyncIterator[Stage]:
    """A process whose shop has opened the app in the pocket Shopify."""
    made = await open_stage(db, replace(config(database_url), shopify_origin=f"{sim.origin}/{{shop}}"))
    handle = f"named-{next(_handles)}"
    await made.document("/", handle, id_token=sim.id_token(handle))
    shop = await db.read(lambda conn: find_shop(conn, handle))
    assert shop is not None
    made.shop = shop
    yield made
    sim.switch(handle, api="ok")
    await made.close()


async def looked_up(stage: Stage, asked: str, shop: Shop | None = None) -> str:
    found = await stage.part("/admin/ledger", shop, q=asked, locale="en")
    assert found.status_code == 200
    return re.sub(r"\s+", " ", found.text)


async def bought(stage: Stage, sim: Simulator) -> Order:
    """An order that has arrived, of a customer whom only its webhook named."""
    order = sim.place_order(["49.90"], shop=stage.shop.handle)
    await stage.tell(order.id)
    return order


async def test_the_name_leads_to_the_customer_however_it_is_written(stage: Stage, sim: Simulator) -> None:
    order = await bought(stage, sim)
    name = str(order.body["name"])
    assert re.fullmatch(r"#\d{4}", name)
    for asked in (name, name[1:], f" {name} "):
        assert f"Customer {CUSTOMER}" in await looked_up(stage, asked)


async def test_a_known_number_asks_nobody(stage: Stage, sim: Simulator) -> None:
    order = await bought(stage, sim)
    sim.switch(stage.shop.handle, api="down")
    assert f"Customer {CUSTOMER}" in await looked_up(stage, str(order.id))


async def test_an_order_that_never_arrived_is_said_to_be_known_to_shopify_alone(
    stage: Stage, sim: Simulator
) -> None:
    order = sim.place_order(["49.90"], shop=stage.shop.handle)
    assert "Shopify knows this order, but nothing of it has arrived here." in await looked_up(
        stage, str(order.body["name"])
    )


async def test_another_shops_name_is_unknown(stage: Stage, sim: Simulator) -> None:
    await bought(stage, sim)
    others = [sim.place_order(["49.90"], shop="elsewhere") for _ in range(3)]
    for asked in (str(others[-1].body["name"]), "#9999", "9999", "EN-1001", "1001-A", "ä 1", "101"):
        assert "Nothing is known here" in await looked_up(stage, asked)


async def test_what_could_be_no_name_is_not_asked_for(stage: Stage, sim: Simulator) -> None:
    sim.switch(stage.shop.handle, api="down")
    for asked in ('1042" OR name:*', "'", "\\", "-1", "x" * 41, "(1)"):
        assert "Enter the number of a customer or an order, or the name" in await looked_up(stage, asked)


@pytest.mark.parametrize(("api", "patience"), [("down", 60.0), ("slow", 0.1)])
async def test_an_outage_is_one_sentence_and_does_not_keep_anybody_waiting(
    stage: Stage, sim: Simulator, api: str, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_up, "PATIENCE", patience)
    order = await bought(stage, sim)
    sim.switch(stage.shop.handle, api=api)
    page = await looked_up(stage, str(order.body["name"]))
    assert "Shopify does not answer just now" in page
    assert "Customer" not in page.replace("Customer or order", "")
