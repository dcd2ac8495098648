"""What a merchant's home page asks of the inbox reads an index, whatever millions of rows other shops have there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, event, insert

from plugin import backlog, retention
from plugin.database import Database
from tests import engine
from tests.integration.engine.stories import NOW
from webhooks import erasure, inbox


def put(conn: Connection, shop: str, number: int, state: str = "waiting", minutes: int = 0) -> None:
    at = NOW + timedelta(minutes=minutes)
    row = {"source": "shopify", "shop": shop, "webhook_id": f"{shop}-{number}", "topic": "orders/paid"}
    conn.execute(insert(inbox.inbox).values(**row, received_at=at, due_at=at, state=state))


def several(conn: Connection) -> None:
    for number in range(300):
        put(conn, "loud", number, "handled", minutes=number % 20)
        put(conn, f"other{number}", number, "handled" if number % 2 else "waiting")
    put(conn, "quiet", 1, "handled", minutes=1)
    put(conn, "quiet", 2, "parked", minutes=2)
    put(conn, "loud", 999, minutes=99)
    conn.exec_driver_sql("ANALYZE")


def plans(conn: Connection, work: Callable[[Connection], object]) -> list[str]:
    """How the database would find what the statements of ``work`` on the inbox ask for."""
    said: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        if "FROM inbox" in given[2] and not given[2].startswith("EXPLAIN"):
            said.append((given[2], given[3]))

    postgresql = conn.dialect.name == "postgresql"
    if postgresql:
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    event.listen(conn, "before_cursor_execute", note)
    work(conn)
    event.remove(conn, "before_cursor_execute", note)
    word = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
    return [
        "\n".join(str(row) for row in conn.exec_driver_sql(f"{word} {statement}", values))
        for statement, values in said
    ]


async def test_the_last_webhook_is_each_shops_own(db: Database) -> None:
    await db.write(several)
    assert await db.read(lambda conn: inbox.newest(conn, "quiet")) == NOW + timedelta(minutes=2)
    assert await db.read(lambda conn: inbox.newest(conn, "loud")) == NOW + timedelta(minutes=99)
    assert await db.read(lambda conn: inbox.newest(conn, "nobody")) is None


async def test_the_last_webhook_is_read_from_an_index_of_its_state(db: Database) -> None:
    await db.write(several)
    found = await db.write(lambda conn: plans(conn, lambda conn: inbox.newest(conn, "quiet")))
    names = ("ix_inbox_turn", "ix_inbox_parked", "ix_inbox_handled")
    assert [name in plan for name, plan in zip(names, found, strict=True)] == [True, True, True]


async def test_what_is_parked_and_waits_is_read_from_its_own_index(db: Database) -> None:
    await db.write(several)
    found = await db.write(lambda conn: plans(conn, lambda conn: backlog.read(conn, NOW, "quiet")))
    assert len(found) == 3
    assert all("ix_inbox_parked" in plan or "ix_inbox_turn" in plan for plan in found), found
    told = await db.read(lambda conn: backlog.read(conn, NOW, "quiet"))
    assert [one.shop for one in told.parked] == ["quiet"]
    assert (told.inbox_waiting, told.inbox_parked) == (0, 1)


async def test_an_erasure_looks_only_at_what_waits_or_is_parked(db: Database) -> None:
    await db.write(several)
    shop = await db.write(lambda conn: engine.install(conn, "quiet", now=NOW))

    def erase(conn: Connection) -> None:
        erasure.erase_customer(conn, engine.KEYRING, shop, 7, [], NOW)

    found = await db.write(lambda conn: plans(conn, erase))
    assert found
    assert all("ix_inbox_parked" in plan and "ix_inbox_turn" in plan for plan in found), found


async def test_whose_bodies_are_too_old_is_looked_for_only_among_what_waits_or_is_parked(
    db: Database,
) -> None:
    await db.write(several)
    found = await db.write(
        lambda conn: plans(conn, lambda conn: retention.keep_no_longer(conn, engine.KEYRING, None, NOW))
    )
    parked, waiting = [plan for plan in found if "ix_inbox_parked" in plan or "ix_inbox_turn" in plan]
    assert "ix_inbox_parked" in parked
    assert "ix_inbox_turn" in waiting
