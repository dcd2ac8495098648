"""What pages say about the erased: nothing, and at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from plugin.database import Database
from tests.integration.widgets.stage import CHECKOUT, CUSTOMER, ORDER, Stage, config, facts, open_stage
from webhooks.erasure import erase_customer
from widgets.waits import Waits


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    """One process and its shop; nobody waits, so that a 404 can only come at once."""
    made = await open_stage(db, config(database_url), datetime.now(UTC).replace(microsecond=0))
    yield replace(made, display=replace(made.display, waits=Waits(longest=0)))
    await made.close()


async def erased(stage: Stage, customer: int | None, *orders: int) -> None:
    def work(conn: Connection) -> None:
        erase_customer(conn, stage.display.keyring, stage.shop, customer, orders, stage.now)

    await stage.db.write(work)


async def test_an_erased_order_is_not_found_whatever_the_page_proves(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    assert (await stage.order(checkout_token=CHECKOUT)).status_code == 200
    await erased(stage, CUSTOMER, ORDER)
    assert (await stage.order(checkout_token=CHECKOUT)).status_code == 404
    assert (await stage.order(customer=CUSTOMER)).status_code == 404
    await stage.tell(facts(stage.now))
    assert (await stage.order(checkout_token=CHECKOUT)).status_code == 404
    assert (await stage.order(ORDER + 1, checkout_token=CHECKOUT)).status_code == 202


async def test_an_order_that_was_erased_before_it_was_told_is_not_awaited(stage: Stage) -> None:
    await erased(stage, None, ORDER)
    assert (await stage.order(checkout_token=CHECKOUT)).status_code == 404


async def test_an_erased_customers_new_order_is_shown_to_its_checkout_alone(stage: Stage) -> None:
    await erased(stage, CUSTOMER)
    await stage.tell(facts(stage.now))
    shown = await stage.order(checkout_token=CHECKOUT)
    assert shown.status_code == 200
    assert shown.json()["widgets"]["loyalty"].get("available") is None
    assert (await stage.order(customer=CUSTOMER)).status_code == 404


async def test_an_erased_customer_who_signs_in_again_has_no_points(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    await erased(stage, CUSTOMER, ORDER)
    answer = await stage.account(CUSTOMER)
    assert answer.status_code == 200
    assert not answer.json()["widgets"]["loyalty"].get("entries")
