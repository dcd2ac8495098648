"""What the merchant reads: kept by lane and month, stated against kept, and the orders that wait beyond their day."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, event, insert, update

import widgets
from plugin import settings
from plugin.core.order_book import order
from plugin.language import language
from plugin.settings import ShopSettings
from tests.integration.delivery.test_followed import ago, daily, parcel, tell
from tests.integration.widgets.stage import ORDER, Stage, install
from widgets import ALL, Reading, Sheet
from widgets.delivery.estimates import store
from widgets.delivery.learned import Learned
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.tables import KEPT, MISSED, UNKNOWN, delivery_promise
from widgets.delivery.waiting import alerts

__all__ = ["daily"]

EN = language("en", "sie", folder=ALL["delivery"].locales)


async def read(stage: Stage, name: str) -> Sheet:
    report = next(one for one in ALL["delivery"].reports if one.name == name)

    def work(conn: Connection) -> Sheet:
        versions = settings.versions(conn, [stage.shop.id], widgets.SECTIONS.values())
        own = versions.current(stage.shop.id, DeliverySettings).value
        shop = versions.current(stage.shop.id, ShopSettings).value
        return report.read(conn, Reading(stage.shop.id, own, versions, shop, EN, stage.now))

    return await stage.db.read(work)


def texts(sheet: Sheet) -> list[list[str]]:
    return [[cell.text for cell in row] for row in (*sheet.rows, *([sheet.total] if sheet.total else []))]


async def promised(
    stage: Stage,
    count: int,
    *,
    outcome: str | None,
    lane: str = "DE|DHL",
    days: int = 10,
    chance: float | None = None,
    early: bool = False,
) -> None:
    """Write promises into the book whose day was so long ago, as orders would have."""
    latest = stage.now.date() - timedelta(days=days)
    at = datetime.combine(latest, time(), stage.now.tzinfo)

    def work(conn: Connection) -> None:
        for _ in range(count):
            ref = conn.execute(
                insert(order).values(shop_id=stage.shop.id, processed_at=at, net=100).returning(order.c.id)
            ).scalar_one()
            row: dict[str, Any] = {
                "order_ref": ref,
                "shop_id": stage.shop.id,
                "made_at": at,
                "ordered_at": at,
                "rule_version": 1,
                "lane": lane,
                "country": lane[:2] if lane[0] != "*" else "JP",
                "taken_on": latest,
                "after_cutoff": False,
                "weekday": 0,
                "inputs": "{}",
                "hand_over_by": latest,
                "earliest": latest,
                "latest": latest,
                "level": 90,
                "chance": chance,
                "outcome": outcome,
                "handed_over_on": latest if outcome == KEPT else None,
                "delivered_on": latest - timedelta(days=early) if outcome == KEPT else None,
            }
            conn.execute(insert(delivery_promise).values(row))

    await stage.db.write(work)


async def test_a_fresh_shop_reads_when_there_will_be_something(stage: Stage) -> None:
    for name in ("late", "lanes", "calibration"):
        found = await read(stage, name)
        assert (found.rows, found.facts, found.plot) == ((), (), None)
        assert found.empty
    assert (await read(stage, "months")).rows == ()


async def test_lanes_stand_worst_first_with_their_range(stage: Stage) -> None:
    await promised(stage, 27, outcome=KEPT)
    await promised(stage, 3, outcome=MISSED)
    await promised(stage, 9, outcome=KEPT, early=True, lane="AT|Post")
    await promised(stage, 9, outcome=MISSED, lane="AT|Post")
    await promised(stage, 2, outcome=UNKNOWN, lane="AT|Post")
    await promised(stage, 1, outcome=UNKNOWN, lane="*|DPD")
    await promised(stage, 5, outcome=None)
    await promised(stage, 4, outcome=KEPT, days=1)
    await promised(stage, 7, outcome=MISSED, days=95)
    found = await read(stage, "lanes")
    assert texts(found) == [
        ["Austria, Post", "18", "9", "50%", "29% and 71%"],
        ["Germany, DHL", "30", "27", "90%", "74.4% and 96.5%"],
        ["All", "48", "36", "75%", "61.2% and 85.1%"],
    ]
    assert [(fact.title, fact.text) for fact in found.facts] == [
        ("Kept in 90 days", "75%"),
        ("Before the first day", "18.8%"),
        ("Without a word from the carrier", "5.9%"),
    ]
    assert found.facts[0].note == "Shoppers read it."


async def test_months_stand_newest_first(stage: Stage) -> None:
    await promised(stage, 3, outcome=KEPT, days=10)
    await promised(stage, 1, outcome=MISSED, days=100)
    found = await read(stage, "months")
    months = [date.fromisoformat(f"{row[0].value}-01") for row in found.rows]
    assert months == sorted(months, reverse=True)
    assert [row[3].text for row in found.rows] == ["100%", "0%"]


async def test_what_was_stated_stands_against_what_came_true(stage: Stage) -> None:
    await promised(stage, 18, outcome=KEPT, chance=0.91)
    await promised(stage, 2, outcome=MISSED, chance=0.93)
    await promised(stage, 4, outcome=KEPT, chance=0.97)
    await promised(stage, 4, outcome=KEPT, chance=None)
    found = await read(stage, "calibration")
    assert texts(found) == [
        ["91.2%", "20", "18", "90%", "69.9% and 97.2%"],
        ["97%", "4", "4", "100%", "51% and 100%"],
    ]
    assert found.plot is not None
    assert found.plot.least == 50
    assert found.plot.label == "stated 91.2%, kept 90%; stated 97%, kept 100%"
    assert [(round(one.across, 1), one.upwards) for one in found.plot.points] == [(91.2, 90.0), (97.0, 100.0)]
    await promised(stage, 4, outcome=MISSED, chance=0.5)
    after = await read(stage, "calibration")
    assert after.plot is not None
    assert after.plot.least == 0


async def test_who_waits_is_one_tap_away_from_shopifys_page(daily: Stage) -> None:
    sent = daily.now - timedelta(days=9)
    await tell(daily, number=ORDER + 1, **ago(daily, 8))
    await tell(daily, [parcel(2, sent, ("in_transit", sent))], ORDER + 2, **ago(daily, 9))
    await tell(daily, [parcel(3, sent, ("failure", sent))], ORDER + 3, **ago(daily, 9))
    await tell(daily, [parcel(4, sent, ("delivered", sent))], ORDER + 4, **ago(daily, 9))
    await tell(daily, number=ORDER + 5)
    await tell(daily, number=ORDER + 6, cancelled_at=daily.now, **ago(daily, 9))
    await tell(daily, number=ORDER + 7, status="pending", **ago(daily, 9))
    await tell(daily, number=ORDER + 8, subtotal=0, **ago(daily, 9))
    found = await read(daily, "late")
    assert {(row[0].text, row[4].text) for row in found.rows} == {
        (str(ORDER + 1), "not handed over yet"),
        (str(ORDER + 2), "on its way"),
        (str(ORDER + 3), "lost or on its way back"),
        (str(ORDER + 8), "not handed over yet"),
    }
    assert found.rows[0][0].link == f"shopify:admin/orders/{ORDER + 1}"
    assert all(int(row[3].value) > 0 for row in found.rows)

    def home(conn: Connection) -> list[object]:
        told = ALL["delivery"].alerts
        assert told is not None
        return list(told(conn, daily.shop.id, EN, daily.now))

    (said,) = await daily.db.read(home)
    assert said == "4 orders wait beyond their promised day; they are listed under delivery in figures."
    await daily.db.write(lambda conn: conn.execute(update(delivery_promise).values(awaited=False)))
    assert await daily.db.read(home) == []


async def test_who_waits_is_counted_without_reading_what_has_come(stage: Stage) -> None:
    await promised(stage, 300, outcome=KEPT)
    await promised(stage, 3, outcome=MISSED)
    missed = update(delivery_promise).where(delivery_promise.c.outcome == MISSED).values(awaited=True)
    await stage.db.write(lambda conn: conn.execute(missed))

    def plans(conn: Connection) -> list[str]:
        told: list[tuple[str, Any]] = []

        def note(*given: Any) -> None:
            if "delivery_promise" in given[2] and not given[2].startswith("EXPLAIN"):
                told.append((given[2], given[3]))

        conn.exec_driver_sql("ANALYZE")
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(conn, "before_cursor_execute", note)
        assert list(alerts(conn, stage.shop.id, EN, stage.now)) == []
        word = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return ["\n".join(map(str, conn.exec_driver_sql(f"{word} {one}", values))) for one, values in told]

    (plan,) = await stage.db.write(plans)
    by_shop = "ix_delivery_promise_waits"
    assert by_shop in plan or (stage.db.dialect == "postgresql" and "ix_delivery_promise_open" in plan)


async def test_another_shops_promises_are_not_read(stage: Stage) -> None:
    await promised(stage, 3, outcome=MISSED)
    await stage.db.write(
        lambda conn: conn.execute(update(delivery_promise).values(shop_id=_stranger(conn, stage)))
    )
    for name in ("late", "lanes", "months", "calibration"):
        assert (await read(stage, name)).rows == ()


def _stranger(conn: Connection, stage: Stage) -> int:
    return install(conn, "stranger", stage.display.keyring, stage.now).id


async def test_up_to_when_parcels_have_taught_is_said_and_that_it_is_too_long_ago(stage: Stage) -> None:
    assert (await read(stage, "calibration")).notes == ()
    learned = Learned(stage.now, stage.now.date(), {}, {}, points=0.0, lag=2, untracked=0.0)
    for age, said in ((1, "Learned from"), (15, "is too old")):
        older = replace(learned, as_of=stage.now - timedelta(days=age))
        give = partial(store, shop_id=stage.shop.id, learned=older, fed_until=None, corrections={})
        await stage.db.write(give)
        (note,) = (await read(stage, "calibration")).notes
        assert said in note
