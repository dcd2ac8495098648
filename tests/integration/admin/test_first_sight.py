"""The first time a merchant opens the app: the token is exchanged, the shop is set up, and the home page is there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from plugin.database import Database
from plugin.settings import ShopSettings, versions
from plugin.shops import find_shop
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.integration.admin.stage import Stage, open_stage
from tests.integration.widgets.stage import CLIENT, SECRET, config


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with running_sandbox(client_id=CLIENT, client_secret=SECRET, shop="newcomer") as running:
        yield running


async def opened(sim: Simulator, db: Database, database_url: str) -> Stage:
    return await open_stage(db, replace(config(database_url), shopify_origin=f"{sim.origin}/{{shop}}"))


async def test_the_first_document_installs_the_shop(sim: Simulator, db: Database, database_url: str) -> None:
    stage = await opened(sim, db, database_url)
    found = await stage.document("/", "newcomer", id_token=sim.id_token("newcomer"), locale="de")
    assert found.status_code == 200
    assert "Was als Nächstes zu tun ist" in found.text
    shop = await db.read(lambda conn: find_shop(conn, "newcomer"))
    assert shop is not None
    known = shop.id
    assert await db.read(lambda conn: versions(conn, [known], [ShopSettings]).stored(known, ShopSettings))
    assert shop.installed
    await stage.close()


async def test_while_shopify_is_down_a_sentence_says_so_and_later_it_works(
    sim: Simulator, db: Database, database_url: str
) -> None:
    stage = await opened(sim, db, database_url)
    sim.shop("later")
    sim.switch("later", api="down")
    found = await stage.document("/", "later", id_token=sim.id_token("later"), locale="de")
    assert found.status_code in {200, 503}
    assert "Was als Nächstes zu tun ist" not in found.text
    sim.switch("later", api="ok")
    found = await stage.document("/", "later", id_token=sim.id_token("later"), locale="de")
    assert "Was als Nächstes zu tun ist" in found.text
    await stage.close()
