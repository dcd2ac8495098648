"""The promise book: made once, then decided by facts alone, however late and by whatever parcels."""

from datetime import date, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Delete, Update, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from plugin import settings
from plugin.core import privacy
from plugin.core.order_book import order
from plugin.database import Database
from plugin.shops import Shop
from tests import engine
from tests.integration.delivery.parcels import GERMANY, Sent, at, bought, opened, tell
from tests.oracle.bodies import Piece
from widgets.base import Export, Subject
from widgets.delivery.privacy import erase, export
from widgets.delivery.settings import DeliverySettings, Lane
from widgets.delivery.tables import delivery_change, delivery_parcel, delivery_promise
from widgets.processing import ORDERS

MONDAY = "2026-03-02T09:00"
"""Before the cut-off in Berlin: packed by Tuesday, with its buyer by Thursday the 5th."""


async def promise(db: Database, sent: Sent) -> Any:
    """The order's promise, or None."""
    found = select(delivery_promise).join(order, order.c.id == delivery_promise.c.order_ref)
    return await db.read(lambda conn: conn.execute(found.where(order.c.order_id == sent.id)).one_or_none())


async def parcels(db: Database, sent: Sent) -> list[Any]:
    """The rows of the order's parcels, in the order of their hand-over."""
    found = select(delivery_parcel).join(order, order.c.id == delivery_parcel.c.order_ref)
    found = found.where(order.c.order_id == sent.id).order_by(delivery_parcel.c.handed_over_at)
    return list(await db.read(lambda conn: conn.execute(found).all()))


def _listed(conn: Connection, of: Export, subject: Subject) -> list[Any]:
    return list(of(conn, subject))


def _execute(conn: Connection, statement: Update | Delete) -> None:
    conn.execute(statement)


async def booked(db: Database) -> set[int]:
    """Our keys of the orders of which anything is in the book."""

    def work(conn: Connection) -> set[int]:
        tables = (delivery_promise, delivery_change, delivery_parcel)
        return {ref for table in tables for ref in conn.execute(select(table.c.order_ref)).scalars()}

    return await db.read(work)


async def outcome(db: Database, shop: Shop, sent: Sent, now: str) -> str | None:
    """What became of the promise by then."""
    await tell(db, shop, now, *sent.told)
    found = await promise(db, sent)
    return None if found is None else found.outcome


async def test_an_order_is_promised_a_day_once_by_the_settings_of_its_time(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    await tell(db, shop, "2026-03-02T09:01", *sent.told)
    first = await promise(db, sent)
    assert (first.earliest, first.latest) == (date(2026, 3, 3), date(2026, 3, 5))
    assert (first.taken_on, first.hand_over_by) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (first.lane, first.country, first.weekday, first.after_cutoff) == ("DE|DHL", "DE", 0, False)
    assert (first.rule_version, first.level, first.chance, first.outcome) == (1, 90, None, None)
    slower = {"lanes": [Lane(countries=("DE",), min=9, max=9, carrier="UPS").model_dump()]}
    await db.write(
        lambda conn: settings.change(conn, shop.id, DeliverySettings, slower, at("2026-03-02T10:00"))
    )
    sent.purchase.clock = at("2026-03-02T11:00")
    sent.purchase.tell("orders/updated")
    late = bought("2026-03-02T09:30")
    await tell(db, shop, "2026-03-02T11:01", *sent.told, *late.told)
    again = await promise(db, sent)
    assert (again.latest, again.made_at) == (first.latest, first.made_at)
    assert (await promise(db, late)).latest == first.latest


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("a test", {"test": True}),
        ("before the shop took part", {"created_at": at("2026-02-01T08:00")}),
    ],
)
async def test_what_does_not_count_is_promised_nothing(
    db: Database, what: str, changes: dict[str, Any]
) -> None:
    shop = await opened(db, active_from=at("2026-02-15T00:00"))
    sent = bought(MONDAY, **changes)
    await tell(db, shop, "2026-03-02T09:01", *sent.told)
    assert await promise(db, sent) is None, what
    counted = bought(MONDAY)
    await tell(db, shop, "2026-03-02T09:01", *counted.told)
    assert await promise(db, counted) is not None


async def test_nothing_is_promised_where_nothing_travels_or_no_lane_leads(db: Database) -> None:
    shop = await opened(db, GERMANY.model_copy(update={"lanes": ()}))
    sent, card = bought(MONDAY), bought(MONDAY, Piece(77, 5000, gift=True))
    await tell(db, shop, "2026-03-02T09:01", *sent.told, *card.told)
    assert await promise(db, sent) is None
    lanes = {"lanes": [lane.model_dump() for lane in GERMANY.lanes]}
    await db.write(
        lambda conn: settings.change(conn, shop.id, DeliverySettings, lanes, at("2026-03-03T10:00"))
    )
    earlier, another = bought(MONDAY), bought(MONDAY, Piece(78, 5000, gift=True))
    await tell(db, shop, "2026-03-03T10:01", *earlier.told, *another.told)
    assert (await promise(db, earlier)).rule_version == 2, "the first lanes reach back for ever"
    assert await promise(db, another) is None
    await db.write(
        lambda conn: settings.change(
            conn, shop.id, DeliverySettings, {"enabled": "false"}, at("2026-03-04T10:00")
        )
    )
    off = bought("2026-03-04T11:00")
    await tell(db, shop, "2026-03-04T11:01", *off.told)
    assert await promise(db, off) is None


@pytest.mark.parametrize(
    ("delivered", "expected"), [("2026-03-05T22:59", "kept"), ("2026-03-05T23:00", "missed")]
)
async def test_kept_is_decided_by_the_local_day_of_delivery(
    db: Database, delivered: str, expected: str
) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.scan(parcel, "2026-03-03T20:00")
    sent.scan(parcel, delivered, "delivered", known="2026-03-09T10:00")
    assert await outcome(db, shop, sent, "2026-03-09T10:01") == expected
    found = await promise(db, sent)
    assert (found.handed_over_on, found.tracked, found.decided_at) == (date(2026, 3, 3), True, at(delivered))
    (row,) = await parcels(db, sent)
    assert (row.ended, row.delivered_at, row.known_at) == ("delivered", at(delivered), at("2026-03-09T10:00"))
    assert (row.first_scan_at, row.seen_at) == (at("2026-03-03T20:00"), at("2026-03-03T15:00"))
    assert (row.lane, row.carrier, row.taken_on) == ("DE|DHL", "DHL", date(2026, 3, 2))


async def test_of_several_parcels_the_last_one_counts(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY, Piece(11, 1000, 2), Piece(12, 2000), Piece(13, 500, gift=True))
    card = sent.hand_over("2026-03-02T09:05", {2: 1}, number=None)
    first = sent.hand_over("2026-03-02T15:00", {0: 1})
    sent.scan(first, "2026-03-03T10:00", "delivered")
    assert await outcome(db, shop, sent, "2026-03-03T10:01") is None
    assert (await promise(db, sent)).handed_over_on is None, "one piece and a book are still here"
    second = sent.hand_over("2026-03-03T15:00", {0: 1, 1: 1})
    assert await outcome(db, shop, sent, "2026-03-03T15:01") is None
    assert (await promise(db, sent)).handed_over_on == date(2026, 3, 3)
    sent.scan(second, "2026-03-06T10:00", "delivered")
    assert await outcome(db, shop, sent, "2026-03-06T10:01") == "missed"
    assert (await promise(db, sent)).delivered_on == date(2026, 3, 6)
    assert card not in {row.number for row in await parcels(db, sent)}, "a gift card does not travel"


@pytest.mark.parametrize("inside", [[], [{"id": 999, "quantity": 1}]])
async def test_a_parcel_of_which_nobody_knows_what_is_in_it_holds_everything(
    db: Database, inside: list[dict[str, int]]
) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00", line_items=inside)
    sent.scan(parcel, "2026-03-04T10:00", "delivered")
    assert await outcome(db, shop, sent, "2026-03-04T10:01") == "kept"


async def test_a_parcel_told_by_its_state_alone_is_delivered_when_that_was_first_told(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.update(parcel, "2026-03-05T12:00", shipment_status="delivered")
    sent.update(parcel, "2026-03-08T12:00", tracking_number="0035")
    assert await outcome(db, shop, sent, "2026-03-08T12:01") == "kept"


async def test_a_parcel_that_is_taken_back_and_sent_again_counts_once(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    wrong = sent.hand_over("2026-03-02T15:00")
    sent.update(wrong, "2026-03-02T16:00", status="cancelled")
    await tell(db, shop, "2026-03-02T16:01", *sent.told)
    assert (await promise(db, sent)).handed_over_on is None
    right = sent.hand_over("2026-03-03T15:00")
    sent.scan(right, "2026-03-04T15:00", "delivered")
    assert await outcome(db, shop, sent, "2026-03-04T15:01") == "kept"
    assert [row.ended for row in await parcels(db, sent)] == ["cancelled", "delivered"]


@pytest.mark.parametrize(("when", "expected"), [("2026-03-05T22:00", "void"), ("2026-03-06T09:00", "missed")])
@pytest.mark.parametrize("how", ["cancelled", "refunded"])
async def test_what_is_called_off_before_the_day_is_void_and_after_it_missed(
    db: Database, how: str, when: str, expected: str
) -> None:
    shop = await opened(db)
    sent, letter = bought(MONDAY), bought(MONDAY)
    sent.scan(sent.hand_over("2026-03-03T15:00"), "2026-03-04T10:00")
    letter.hand_over("2026-03-03T15:00", number=None)
    for one in (sent, letter):
        if how == "cancelled":
            one.cancel(when)
        else:
            one.refund(when, {0: 1})
    assert await outcome(db, shop, sent, "2026-03-06T10:00") == expected
    unseen = await outcome(db, shop, letter, "2026-03-06T10:00")
    assert unseen == ("void" if expected == "void" else "unknown"), "nobody knows that it had not come"


async def test_what_came_in_time_stays_kept_when_it_is_sent_back(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.scan(parcel, "2026-03-04T15:00", "delivered")
    sent.refund("2026-03-20T12:00", {0: 1})
    assert await outcome(db, shop, sent, "2026-03-20T12:01") == "kept"


async def test_an_unpaid_order_that_runs_out_is_void_whenever_that_is(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY, status="authorized")
    sent.purchase.clock = at("2026-03-20T12:00")
    sent.purchase.expire()
    sent.purchase.tell("orders/updated")
    assert await outcome(db, shop, sent, "2026-03-20T12:01") == "void"


async def test_without_tracking_nobody_knows(db: Database) -> None:
    shop = await opened(db)
    letter, silent = bought(MONDAY), bought(MONDAY)
    letter.hand_over("2026-03-03T15:00", number=None)
    number = silent.hand_over("2026-03-03T15:00")
    assert await outcome(db, shop, letter, "2026-03-04T10:00") == "unknown"
    assert await outcome(db, shop, silent, "2026-03-04T10:00") is None
    await db.write(lambda conn: engine.tick(conn, at("2026-03-24T14:59")))
    assert (await promise(db, silent)).outcome is None
    await db.write(lambda conn: engine.tick(conn, at("2026-03-24T15:00")))
    assert (await promise(db, silent)).outcome == "unknown"
    silent.scan(number, "2026-03-05T10:00", "delivered", known="2026-03-25T10:00")
    assert await outcome(db, shop, silent, "2026-03-25T10:01") == "kept", "a late fact still decides"


async def test_time_alone_decides_what_no_fact_does(db: Database) -> None:
    shop = await opened(db)
    moving, silent, forgotten = bought(MONDAY), bought(MONDAY), bought(MONDAY)
    one, other = moving.hand_over("2026-03-03T15:00"), silent.hand_over("2026-03-03T15:00")
    moving.scan(one, "2026-03-04T10:00")
    silent.scan(other, "2026-03-04T10:00")
    await tell(db, shop, "2026-03-04T10:01", *moving.told, *silent.told, *forgotten.told)
    await db.write(lambda conn: engine.tick(conn, at("2026-03-07T22:59")))
    assert [(await promise(db, sent)).outcome for sent in (moving, silent, forgotten)] == [None] * 3
    await db.write(lambda conn: engine.tick(conn, at("2026-03-07T23:00")))
    assert [(await promise(db, sent)).outcome for sent in (moving, silent, forgotten)] == [
        "missed",
        "missed",
        "missed",
    ]
    moving.scan(one, "2026-03-05T10:00", "delivered", known="2026-03-08T10:00")
    assert await outcome(db, shop, moving, "2026-03-08T10:01") == "kept"
    await db.write(lambda conn: engine.tick(conn, at("2026-03-25T10:00")))
    assert [row.ended for row in await parcels(db, silent)] == ["lost"]
    forgotten.hand_over("2026-03-04T15:00", number=None)
    assert await outcome(db, shop, forgotten, "2026-03-25T11:00") == "unknown", (
        "told late that it left in time"
    )


async def test_a_parcel_that_came_back_is_missed_until_another_one_arrives(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-02T15:00")
    sent.scan(parcel, "2026-03-03T10:00", "failure")
    assert await outcome(db, shop, sent, "2026-03-03T10:01") == "missed"
    again = sent.hand_over("2026-03-04T15:00")
    sent.scan(again, "2026-03-05T10:00", "delivered")
    assert await outcome(db, shop, sent, "2026-03-05T10:01") == "kept"
    assert [row.ended for row in await parcels(db, sent)] == ["failed", "delivered"]


async def test_what_is_told_of_a_parcel_before_its_order_is_kept(db: Database) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.scan(parcel, "2026-03-05T10:00", "delivered")
    for one in reversed(sent.parcel_webhooks):
        await tell(db, shop, "2026-03-05T10:01", one)
    assert await parcels(db, sent) == []
    await tell(db, shop, "2026-03-05T10:02", *sent.purchase.deliveries)
    assert (await promise(db, sent)).outcome == "kept"
    assert len(await parcels(db, sent)) == 1


async def test_a_parcel_on_its_way_before_the_shop_took_part_is_watched_from_what_is_told_then(
    db: Database,
) -> None:
    shop = await opened(db, active_from=at("2026-03-04T00:00"))
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-02T15:00")
    sent.parcel_webhooks.clear()
    sent.scan(parcel, "2026-03-03T10:00")
    sent.scan(parcel, "2026-03-04T10:00", known="2026-03-04T11:00")
    sent.scan(parcel, "2026-03-05T10:00", "delivered")
    await tell(db, shop, "2026-03-05T10:01", *sent.told)
    assert await promise(db, sent) is None
    (row,) = await parcels(db, sent)
    assert (row.seen_at, row.lane, row.taken_on) == (at("2026-03-04T11:00"), "DE|DHL", date(2026, 3, 2))


async def test_what_was_said_is_never_changed_and_erasure_takes_all_of_it(db: Database) -> None:
    shop = await opened(db)
    sent, other = bought(MONDAY), bought(MONDAY)
    sent.hand_over("2026-03-03T15:00")
    await tell(db, shop, "2026-03-03T15:01", *sent.told, *other.told)
    refs = [(await promise(db, one)).order_ref for one in (sent, other)]
    said = {"shop_id": shop.id, "at": at("2026-03-06T10:00"), "reason": "overdue"}
    rows = [said | {"order_ref": ref} for ref in refs]
    await db.write(lambda conn: conn.execute(insert(delivery_change), rows))
    for statement in (update(delivery_change).values(reason="x"), delete(delivery_change)):
        with pytest.raises(DBAPIError, match="never changed"):
            await db.write(partial(_execute, statement=statement))
    subject = Subject(shop.id, (), (refs[0],))
    kinds = [name for told in await db.read(lambda conn: list(export(conn, subject))) for name in told]
    assert kinds == ["promise", "later", "parcel"]
    assert ORDERS.export is not None
    (told,) = await db.read(partial(_listed, of=ORDERS.export, subject=subject))
    (parcel,) = told["parcels"]
    assert (parcel["tracking_number"], parcel["lines"][0]["quantity"]) == ("0034", 1)
    await db.write(lambda conn: erase(conn, subject, datetime.max.replace(tzinfo=at(MONDAY).tzinfo)))
    assert await booked(db) == {refs[1]}
    await db.write(lambda conn: privacy.erase_shop(conn, shop.id))
    assert await booked(db) == set()


@pytest.mark.parametrize(
    ("planted", "breach"),
    [
        (update(delivery_promise).values(outcome="missed"), "delivery promise"),
        (update(delivery_promise).values(delivered_on=None), "delivery promise"),
        (update(delivery_parcel).values(ended="lost"), "delivery parcel"),
        (delete(delivery_parcel), "delivery parcel"),
        (update(order).values(sealed=True), "delivery shop"),
    ],
)
async def test_verify_finds_what_does_not_follow_from_the_facts(
    db: Database, planted: Update | Delete, breach: str
) -> None:
    shop = await opened(db)
    sent = bought(MONDAY)
    parcel = sent.hand_over("2026-03-03T15:00")
    sent.scan(parcel, "2026-03-04T10:00", "delivered")
    await tell(db, shop, "2026-03-04T10:01", *sent.told)
    assert (await engine.verified(db, at("2026-03-05T10:00"))).breaches == ()
    await db.write(partial(_execute, statement=planted))
    found = (await engine.verified(db, at("2026-03-05T10:00"))).breaches
    assert breach in {one.invariant for one in found}
