"""My data: read, taken along and erased by whoever is signed in, without JavaScript, once, and for good."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import Connection, select, update

from plugin.core import privacy, removals
from plugin.core.removals import Removed
from plugin.database import Database
from plugin.runtime import Runtime
from plugin.shopify import Gateway
from plugin.shopify.transport import shop_client
from plugin.shops import record_uninstall
from plugin.tasks import claim, task
from plugin.worker import Worker
from tests import engine
from tests.integration.privacy.traces import traces
from tests.integration.widgets.stage import CUSTOMER, ORDER, Stage, facts
from webhooks.erasure import erase_customer
from widgets.pages import LIQUID

PAGE, ERASE = "/trust/my-data", "/trust/erase"
OTHER = CUSTOMER + 1
LONG_AGO = timedelta(days=20)


async def page(stage: Stage, customer: int | None = CUSTOMER, locale: str = "en") -> str:
    answer = await stage.proxy(PAGE, customer, locale=locale)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(LIQUID)
    return re.sub(r"\s+", " ", unescape(answer.text))


def form(text: str) -> dict[str, str]:
    found = re.search(r'name="action_token" value="(\w+)"', text)
    assert found is not None
    return {"action_token": found[1], "sure": "yes"}


async def bought(stage: Stage) -> None:
    """An order whose points can be spent, and one whose points are on their way."""
    at = stage.now - LONG_AGO
    await stage.tell(facts(at, processed_at=at, created_at=at))
    await stage.tell(facts(stage.now, ORDER + 1))


async def work(stage: Stage) -> None:
    """Run the task of the erasure, as the worker does."""
    display = stage.display
    async with shop_client(display.config) as http:
        gateway = Gateway(display.config, display.db, display.keyring, http)
        runtime = Runtime(display.config, display.db, display.keyring, display.bells, gateway)
        worker = Worker(runtime)
        claimed = await stage.db.write(lambda conn: claim(conn, worker._owner, datetime.now(UTC), 100))
        for one in claimed:
            if one.name == privacy.ERASE:
                await worker.run_task(one)


async def left(db: Database, name: str = privacy.ERASE) -> int:
    def read(conn: Connection) -> int:
        return len(conn.execute(select(task.c.id).where(task.c.name == name)).all())

    return await db.read(read)


async def test_whoever_is_signed_in_reads_their_record_and_nobody_elses(stage: Stage) -> None:
    await bought(stage)
    await stage.tell(facts(stage.now, ORDER + 9, customer_id=OTHER))
    text = await page(stage)
    assert str(ORDER) in text
    assert str(ORDER + 1) in text
    assert str(ORDER + 9) not in text
    assert str(OTHER) not in text
    assert "€49.90" in text
    signed_out = await page(stage, None)
    assert "Please sign in to see this page." in signed_out
    assert "record" not in signed_out.partition("</style>")[2]
    assert "Nothing is kept about you." in await page(stage, OTHER + 1)


async def test_it_is_spoken_in_the_shops_language_and_tone(stage: Stage) -> None:
    await bought(stage)
    assert "über Sie gespeichert" in await page(stage, locale="de")
    await stage.change("shop", tone="du")
    text = await page(stage, locale="de")
    assert "über dich gespeichert" in text
    assert not re.search(r"\b(Sie|Ihnen|Ihre[nmrs]?)\b", text.partition("</style>")[2])


async def test_the_file_is_the_same_record_as_data(stage: Stage) -> None:
    await bought(stage)
    answer = await stage.proxy(f"{PAGE}.json", CUSTOMER, locale="de")
    assert answer.headers["content-disposition"] == 'attachment; filename="example-my-data.json"'
    record = json.loads(answer.text)
    assert record["customers"] == [str(CUSTOMER)]
    orders = [one["order"] for part in record["data"] for one in part["records"] if "placed_at" in one]
    assert orders == [str(ORDER), str(ORDER + 1)]
    assert (await stage.proxy(f"{PAGE}.json")).status_code == 403


async def test_it_is_erased_once_it_is_meant_and_the_points_are_told_first(stage: Stage) -> None:
    await bought(stage)
    text = await page(stage)
    assert "Your 98 points lapse, also what is still on its way." in text
    answer = await stage.act(ERASE, form(text), CUSTOMER)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(LIQUID)
    assert "wird" not in answer.text
    assert "is being erased" in answer.text
    assert "is being erased" in await page(stage)
    await work(stage)
    assert "Your data was erased." in await page(stage)
    assert (await stage.proxy(f"{PAGE}.json", CUSTOMER)).json()["customers"] == [str(CUSTOMER)]
    assert await left(stage.db) == 0

    def check(conn: Connection) -> None:
        assert traces(conn, [CUSTOMER, ORDER, ORDER + 1]) == []
        [run] = removals.runs(conn, stage.shop.id, 10)
        assert run.counts == {Removed.PEOPLE: 1}

    await stage.db.read(check)
    assert (await engine.verified(stage.db, datetime.now(UTC))).breaches == ()


async def test_without_the_tick_the_token_or_a_sign_in_nothing_is_erased(stage: Stage) -> None:
    await bought(stage)
    good = form(await page(stage))
    unticked = await stage.act(ERASE, {"action_token": good["action_token"]}, CUSTOMER)
    assert unticked.status_code == 422
    assert unticked.headers["content-type"].startswith(LIQUID)
    assert "Please tick the box first" in unticked.text
    assert 'role="alert"' in unticked.text
    assert (await stage.act(ERASE, {**good, "action_token": "no"}, CUSTOMER)).status_code == 403
    assert (await stage.act(ERASE, good, OTHER)).status_code == 403
    assert (await stage.act(ERASE, good)).status_code == 403
    assert (await stage.act(ERASE, good, CUSTOMER, Sec_Fetch_Site="cross-site")).status_code == 403
    assert await left(stage.db) == 0
    assert str(ORDER) in await page(stage)


async def test_asking_twice_and_being_asked_for_by_shopify_meanwhile_erases_once(stage: Stage) -> None:
    await bought(stage)
    good = form(await page(stage))
    await stage.act(ERASE, good, CUSTOMER)
    await stage.act(ERASE, good, CUSTOMER)
    assert await left(stage.db) == 1
    await work(stage)
    await stage.act(ERASE, good, CUSTOMER)
    await work(stage)

    def check(conn: Connection) -> None:
        assert [run.counts for run in removals.runs(conn, stage.shop.id, 10)] == [{Removed.PEOPLE: 1}]
        assert traces(conn, [CUSTOMER, ORDER]) == []

    await stage.db.read(check)


async def test_an_erasure_asked_for_is_done_though_the_app_is_uninstalled_before(stage: Stage) -> None:
    await bought(stage)
    await stage.act(ERASE, form(await page(stage)), CUSTOMER)
    now = datetime.now(UTC)
    await stage.db.write(lambda conn: record_uninstall(conn, stage.shop.id, now, now))
    await work(stage)
    assert await left(stage.db) == 0
    await stage.db.read(_gone)


async def test_an_erasure_that_failed_for_good_can_be_asked_for_again(stage: Stage) -> None:
    await bought(stage)
    good = form(await page(stage))
    await stage.act(ERASE, good, CUSTOMER)
    await stage.db.write(lambda conn: conn.execute(update(task).values(state="parked")))
    text = await page(stage)
    assert "is being erased" not in text
    await stage.act(ERASE, form(text), CUSTOMER)
    assert "is being erased" in await page(stage)
    await work(stage)
    assert "Your data was erased." in await page(stage)


@pytest.mark.parametrize("state", ["waiting", "parked"])
async def test_shopifys_erasure_takes_the_task_of_their_own_with_it(stage: Stage, state: str) -> None:
    await bought(stage)
    await stage.act(ERASE, form(await page(stage)), CUSTOMER)

    def redacted(conn: Connection) -> None:
        conn.execute(update(task).values(state=state))
        erase_customer(conn, stage.display.keyring, stage.shop, CUSTOMER, (), datetime.now(UTC))

    await stage.db.write(redacted)
    assert await left(stage.db) == 0
    await stage.db.read(_gone)
    assert "Your data was erased." in await page(stage)


async def test_what_is_told_late_brings_nothing_back(stage: Stage) -> None:
    await bought(stage)
    await stage.act(ERASE, form(await page(stage)), CUSTOMER)
    await work(stage)
    await stage.tell(facts(stage.now + timedelta(minutes=1)))
    await stage.tell(facts(stage.now, ORDER + 2))
    assert "Your data was erased." in await page(stage)
    await stage.db.read(_gone)
    loyalty = (await stage.proxy("/loyalty.json", CUSTOMER)).json()
    assert not loyalty.get("entries")


async def test_debt_and_points_on_their_way_go_with_their_owner_and_the_books_stay_right(
    stage: Stage,
) -> None:
    await bought(stage)
    now = datetime.now(UTC)
    await stage.db.write(lambda conn: engine.redeem(conn, stage.shop, CUSTOMER, 40, now, now))
    at = stage.now - LONG_AGO
    await stage.tell(
        facts(
            stage.now, processed_at=at, created_at=at, cancelled_at=stage.now, status="refunded", subtotal=0
        )
    )
    text = await page(stage)
    assert "What still has to be made up for is settled with that." in text
    await stage.act(ERASE, form(text), CUSTOMER)
    await work(stage)
    assert (await engine.verified(stage.db, datetime.now(UTC))).breaches == ()
    await stage.db.read(_gone)


def _gone(conn: Connection) -> None:
    assert traces(conn, [CUSTOMER, ORDER]) == []
