"""However late, disordered and often its parcels are told, an order's rows of the promise book are the same."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.delivery.parcels import GERMANY, Sent, at, bought
from tests.oracle.bodies import Piece
from tests.oracle.orders import Delivery
from widgets.delivery.tables import delivery_parcel, delivery_promise

START = at("2026-03-02T09:00")
OWN = {"id", "order_ref", "made_at", "late_at"}
"""What tells of the arrival or of the row itself, and not of the order."""


@st.composite
def stories(draw: st.DrawFn) -> Sent:
    """An order of two lines: some of it leaves in up to three parcels, is scanned, comes home, comes back, is undone."""
    sent = bought("2026-03-02T09:00", Piece(101, 1000, 2), Piece(102, 500, gift=draw(st.booleans())))
    for _ in range(draw(st.integers(0, 3))):
        left = START + timedelta(hours=draw(st.integers(1, 96)))
        inside = draw(st.sampled_from([None, {0: 1}, {0: 2}, {1: 1}, {0: 1, 1: 1}]))
        parcel = sent.hand_over(left.isoformat()[:19], inside, number=draw(st.sampled_from([None, "0034"])))
        for _ in range(draw(st.integers(0, 3))):
            moment = left + timedelta(hours=draw(st.integers(1, 120)))
            noticed = moment + timedelta(hours=draw(st.sampled_from([0, 0, 5, 60])))
            status = draw(st.sampled_from(["in_transit", "delivered", "failure", "label_printed"]))
            sent.scan(parcel, moment.isoformat()[:19], status, known=noticed.isoformat()[:19])
        if draw(st.booleans()):
            again = left + timedelta(hours=draw(st.integers(1, 200)))
            sent.update(
                parcel, again.isoformat()[:19], status=draw(st.sampled_from(["success", "cancelled"]))
            )
    if draw(st.booleans()):
        undone = (START + timedelta(hours=draw(st.integers(1, 150)))).isoformat()[:19]
        if draw(st.booleans()):
            sent.cancel(undone)
        else:
            sent.refund(undone, draw(st.sampled_from([{0: 1}, {0: 2}, {0: 2, 1: 1}])))
    return sent


def book(conn: Connection) -> list[dict[str, Any]]:
    """All rows, without what is their own."""
    found = []
    for table in (delivery_promise, delivery_parcel):
        rows = [dict(row) for row in conn.execute(select(table)).mappings()]
        found += [{key: value for key, value in row.items() if key not in OWN} for row in rows]
    return sorted(found, key=repr)


async def run(url: str, heaps: list[list[Delivery]], now: Any) -> list[dict[str, Any]]:
    """Tell each heap by itself, some of it before its time has come, then let the clock's jobs run."""
    db = await open_database(url)
    try:

        def work(conn: Connection) -> list[dict[str, Any]]:
            shop = engine.install(conn, now=START - timedelta(days=1), sections=[GERMANY])
            for number, heap in enumerate(heaps):
                moment = min(now, START + timedelta(days=number))
                for one in heap:
                    engine.store(conn, one.topic, one.body or {}, now=moment, shop=shop.handle)
                assert engine.handle_all(conn, moment).parked == 0
            engine.tick(conn, now)
            return book(conn)

        found = await db.write(work)
        report = await engine.verified(db, now)
        assert report.breaches == ()
        return found
    finally:
        await db.close()


def test_any_arrival_ends_in_the_same_book(new_database: MakeUrl) -> None:
    examples = 80 if new_database().startswith("sqlite") else 10

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), deadline=None)
    @given(sent=stories(), data=st.data(), days=st.sampled_from([1, 4, 8, 20, 40]))
    def check(sent: Sent, data: st.DataObject, days: int) -> None:
        now = START + timedelta(days=days)
        twice = data.draw(st.lists(st.sampled_from(sent.told), max_size=5))
        heap = data.draw(st.permutations(sent.told + twice))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(heap)), max_size=3)))
        heaps = [heap[start:end] for start, end in zip([0, *cuts], [*cuts, len(heap)], strict=True)]
        plain = asyncio.run(run(new_database(), [sent.told], now))
        assert asyncio.run(run(new_database(), heaps, now)) == plain
        assert len([row for row in plain if "latest" in row]) == 1

    check()
