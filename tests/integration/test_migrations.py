"""The migrations make exactly the tables that the code declares, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from plugin import schema
from plugin.database import Database


async def test_migrations_and_declared_tables_are_the_same(db: Database) -> None:
    def differences(conn: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(conn), schema.load()))

    assert await db.read(differences) == []
    assert await db.read(schema.is_current)


async def test_upgrading_again_changes_nothing(db: Database) -> None:
    await db.write(schema.upgrade)
    assert await db.read(schema.is_current)
