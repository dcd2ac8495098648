"""A statement is compiled once for every way to the same kind of database, and each way gets its own rows."""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, literal, select

from plugin.clock import job
from plugin.compiled import STATEMENTS
from plugin.database import open_database
from tests.integration.conftest import MakeUrl

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ASKED = select(job.c.name, literal(1).label("asked_by_the_test_of_compiled_statements"))


def _ask(conn: Connection) -> list[str]:
    return [row.name for row in conn.execute(ASKED)]


async def test_doors_and_databases_share_what_was_compiled(new_database: MakeUrl) -> None:
    for name in ("first", "second"):
        db = await open_database(new_database())
        try:
            await db.write(lambda conn, name=name: conn.execute(insert(job), [{"name": name, "due_at": NOW}]))  # type: ignore[misc]
            assert await db.write(_ask) == [name]
            known = len(STATEMENTS)
            assert known > 0
            assert await db.read(_ask) == [name]
            assert await db.snapshot(_ask) == [name]
            assert len(STATEMENTS) == known
        finally:
            await db.close()
