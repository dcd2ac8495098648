"""Flow is told of a late order once, with what holds now, and never of one that came or was erased meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from plugin.core.order_book import order
from plugin.tasks import task
from tests.integration.books.office import NewOffice, Office
from tests.integration.privacy.traces import traces
from webhooks import erasure
from widgets.delivery.settings import DeliverySettings, Lane
from widgets.delivery.tables import delivery_change, delivery_parcel, delivery_promise

GERMANY = DeliverySettings(
    lanes=(Lane(countries=("DE",), min=1, max=2, carrier="DHL"),), dispatch_days="mon-sun"
)


def told(office: Office) -> list[dict[str, Any]]:
    """What Flow was told, in its order."""
    found = office.sim.state.shops[office.handle].flow_triggers
    assert {one["handle"] for one in found} <= {"promise-at-risk"}
    return [one["payload"] for one in found]


async def late(office: Office, **more: Any) -> Any:
    """An order of twenty days ago that its carrier has had for eighteen."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
    made = office.order(at=start, country="DE", **more)
    parcel = office.sim.fulfil(made, at=start + timedelta(days=1))
    office.sim.scan(made, parcel["id"], "in_transit", at=start + timedelta(days=2))
    await office.tell()
    return made


async def test_a_late_order_is_told_once_with_what_holds_now(new_office: NewOffice) -> None:
    office = await new_office(GERMANY)
    made, today = await late(office), datetime.now(UTC).date()
    office.order(at=datetime.now(UTC) - timedelta(minutes=5), country="DE")
    await office.tell()
    for _ in range(2):
        await office.tick("delivery.watch")
        await office.work()
    (one,) = told(office)
    assert (one["order_id"], one["Reason"], one["Carrier"]) == (made.id, "overdue", "DHL")
    assert one["Promised date"] < today.isoformat() <= one["New earliest date"] <= one["New latest date"]
    assert one["Tracking link"].startswith("https://www.dhl.de/")


async def test_two_workers_that_tell_of_it_at_the_same_moment_tell_once(new_office: NewOffice) -> None:
    office = await new_office(GERMANY)
    await late(office)
    await office.tick("delivery.watch")
    await office.work_twice()
    assert len(told(office)) == 1


async def test_what_came_meanwhile_is_not_told(new_office: NewOffice) -> None:
    office = await new_office(GERMANY)
    made = await late(office)
    await office.tick("delivery.watch")
    (parcel,) = made.body["fulfillments"]
    office.sim.scan(made, parcel["id"], "delivered")
    await office.tell()
    await office.work()
    assert told(office) == []


@pytest.mark.parametrize("how", ["cancel", "refund"])
async def test_what_was_called_off_while_shopify_did_not_answer_is_not_told(
    new_office: NewOffice, how: str
) -> None:
    office = await new_office(GERMANY)
    switches = office.sim.state.shops[office.handle].switches
    made = await late(office)
    await office.tick("delivery.watch")
    switches.turn(api="garbage")
    await office.work()
    switches.reset()
    getattr(office.sim, how)(made)
    await office.tell()
    again = task.update().values(due_at=datetime.now(UTC), state="waiting")
    await office.db.write(lambda conn: conn.execute(again))
    await office.work()
    assert told(office) == []


async def test_what_flow_may_have_heard_is_not_told_twice_and_what_it_refused_is(
    new_office: NewOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await new_office(GERMANY)
    switches = office.sim.state.shops[office.handle].switches
    await late(office)
    await office.tick("delivery.watch")
    monkeypatch.setattr("sandbox.admin_api.HIGHEST", 1)
    await office.work()
    assert told(office) == []
    monkeypatch.undo()
    again = task.update().values(due_at=datetime.now(UTC), state="waiting")
    await office.db.write(lambda conn: conn.execute(again))
    await office.work()
    assert len(told(office)) == 1
    await late(office)
    await office.tick("delivery.watch")
    switches.turn(api="garbage")
    await office.work()
    switches.reset()
    await office.db.write(lambda conn: conn.execute(again))
    await office.tick("delivery.watch")
    await office.work()
    assert len(told(office)) == 1


async def test_what_webhooks_missed_is_learned_by_comparing(new_office: NewOffice) -> None:
    office = await new_office(GERMANY)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
    made = office.order(at=start, country="DE")
    await office.tell()
    parcel = office.sim.fulfil(made, at=start + timedelta(days=1))
    office.sim.scan(made, parcel["id"], "delivered", at=start + timedelta(hours=30))
    office.miss()
    await office.tick("delivery.watch")
    office.sim.mark_test(made)
    office.miss()
    await office.tick("orders.reconcile")
    await office.work()
    mine = select(order.c.id).where(order.c.order_id == made.id).scalar_subquery()
    kept = select(delivery_promise.c.outcome).where(delivery_promise.c.order_ref == mine)
    assert await office.db.read(lambda conn: conn.execute(kept).scalar_one()) == "kept"


async def test_an_erased_customer_leaves_nothing_in_the_book_and_is_told_nothing(
    new_office: NewOffice,
) -> None:
    office = await new_office(GERMANY)
    anna = office.person()
    made = await late(office, customer=anna)
    await office.tick("delivery.watch")
    keyring, now = office.runtime.keyring, datetime.now(UTC)
    (parcel,) = made.body["fulfillments"]
    assert await office.db.read(lambda conn: traces(conn, [parcel["id"]])) != []
    await office.db.write(lambda conn: erasure.erase_customer(conn, keyring, office.shop, anna.id, (), now))

    def booked(conn: Connection) -> int:
        tables = (delivery_promise, delivery_change, delivery_parcel)
        mine = [select(func.count()).where(table.c.shop_id == office.shop.id) for table in tables]
        return sum(conn.execute(counted).scalar_one() for counted in mine)

    assert await office.db.read(booked) == 0
    gone = [anna.id, made.id, parcel["id"]]
    assert await office.db.read(lambda conn: traces(conn, gone)) == []
    await office.work()
    assert told(office) == []
