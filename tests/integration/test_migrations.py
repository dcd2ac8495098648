"""The migrations make exactly the tables that the code declares, on both databases."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from plugin import schema
from plugin.database import Database


async def test_migrations_and_declared_tables_are_the_same(db: Database) -> None:
    def used(item: Any, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return kind != "column" or not reflected or f"{item.table.name}.{name}" not in schema.RETIRED

    def differences(conn: Connection) -> list[object]:
        context = MigrationContext.configure(conn, opts={"include_object": used})
        return list(compare_metadata(context, schema.load()))

    assert await db.read(differences) == []
    assert await db.read(schema.is_current)


def test_the_newest_revision_is_the_one_alembic_would_upgrade_to() -> None:
    assert schema.newest() == ScriptDirectory.from_config(schema.alembic_config()).get_current_head()


async def test_a_database_of_an_older_revision_or_of_none_is_not_current(db: Database) -> None:
    version = text("UPDATE alembic_version SET version_num = '0000'")
    await db.write(lambda conn: conn.execute(version))
    assert not await db.read(schema.is_current)
    await db.write(lambda conn: conn.execute(text("DROP TABLE alembic_version")))
    assert not await db.read(schema.is_current)


async def test_a_database_of_a_later_release_is_good_enough(db: Database) -> None:
    version = text("UPDATE alembic_version SET version_num = '9999'")
    await db.write(lambda conn: conn.execute(version))
    assert await db.read(schema.is_current)


async def test_upgrading_again_changes_nothing(db: Database) -> None:
    await db.write(schema.upgrade)
    assert await db.read(schema.is_current)
