"""The benchmark that looks for statements which read a large table whole does find them."""

from sqlalchemy import Connection, select

from benchmarks.explained import explained
from plugin import schema
from plugin.core.ledger import ledger_entry
from plugin.database import open_database


async def test_a_statement_that_no_index_answers_is_found(postgres_url: str) -> None:
    db = await open_database(postgres_url)
    await db.write(schema.upgrade)

    def ask(conn: Connection) -> None:
        conn.execute(select(ledger_entry.c.id).where(ledger_entry.c.points == 7))
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        conn.execute(select(ledger_entry.c.points).where(ledger_entry.c.id == 7))

    try:
        with explained() as found:
            await db.write(ask)
            await db.write(ask)
    finally:
        await db.close()
    assert len(found.seen) == 2
    (whole,) = found.whole
    assert "points = " in whole
