"""From a SQLite file to PostgreSQL: everything, the same, once; or nothing at all."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import DBAPIError

from plugin import moving, schema, shops
from plugin.database import Database, open_database
from plugin.errors import ConfigurationError
from plugin.moving import Moved, NotMoved
from plugin.tasks import task
from tests import engine
from tests.integration.engine.stories import ANNA, BERT, NOW, bought, figures, installed, tell
from tests.integration.operations.processes import DANKBAR, environment
from webhooks.inbox import inbox


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a SQLite file in which something has happened."""
    path = tmp_path / "dankbar.db"
    path.write_bytes(sqlite_template.read_bytes())
    asyncio.run(filled(f"sqlite:///{path}"))
    return f"sqlite:///{path}"


@pytest.fixture
async def source(file: str) -> AsyncIterator[Database]:
    """That file, open."""
    db = await open_database(file)
    yield db
    await db.close()


@pytest.fixture
async def target(postgres_url: str) -> AsyncIterator[Database]:
    """A PostgreSQL database in which nothing is."""
    db = await open_database(postgres_url)
    yield db
    await db.close()


async def filled(url: str) -> None:
    db = await open_database(url)
    await fill(db)
    await db.close()


async def fill(db: Database) -> None:
    shop = await installed(db)
    gone = await installed(db, handle_="gone")
    refunded = bought(2, customer=BERT)
    refunded.wait(3600)
    refunded.refund(7, {0: 1})

    def write(conn: Connection) -> None:
        tell(conn, *(bought(number, customer=ANNA + number % 3) for number in range(10, 60)), refunded)
        engine.redeem(conn, shop, ANNA, 10, NOW, NOW)
        engine.store(conn, "no/topic", {"title": "ä" * 3000}, now=NOW)
        engine.handle_all(conn, NOW)
        engine.store(conn, "orders/paid", bought(99).body(), now=NOW, webhook_id="waits")
        shops.record_uninstall(conn, gone.id, NOW, NOW)
        conn.execute(text("DELETE FROM setting WHERE shop_id = :id"), {"id": gone.id})
        conn.execute(text("DELETE FROM task WHERE shop_id = :id"), {"id": gone.id})
        conn.execute(text("DELETE FROM shop WHERE id = :id"), {"id": gone.id})

    await db.write(write)


def execute(conn: Connection, statement: str) -> None:
    conn.execute(text(statement))


async def counts(db: Database) -> dict[str, int]:
    def read(conn: Connection) -> dict[str, int]:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.load().sorted_tables
        }

    return await db.read(read)


async def test_everything_arrives_and_the_app_goes_on_where_it_was(
    source: Database, target: Database
) -> None:
    told: list[Moved] = []
    before = await counts(source)
    moved = await moving.move(source, target, told.append)
    assert told == moved
    assert {one.table: one.rows for one in moved} == before == await counts(target)
    filled = {name for name, rows in before.items() if rows}
    assert {"ledger_entry", "inbox", "coupon", "order", "account", "redemption", "setting", "task"} <= filled
    verified = [await engine.verified(db, NOW) for db in (source, target)]
    assert verified[0] == verified[1]
    assert (verified[1].ok, verified[1].inbox_waiting, verified[1].parked) == (True, 1, 1)

    def go_on(conn: Connection) -> tuple[int, int]:
        shop = shops.find_shop(conn, "example")
        assert shop is not None
        tell(conn, bought(100))
        other = engine.install(conn, "other", now=NOW)
        return figures(conn, shop)[0], other.id

    there, new_id = await target.write(go_on)
    here, same_id = await source.write(go_on)
    assert there == here > 0
    assert new_id == same_id == 3


async def test_entries_are_as_unchangeable_there_as_here(source: Database, target: Database) -> None:
    await moving.move(source, target, lambda one: None)
    for statement in (
        "UPDATE ledger_entry SET points = 0",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
    ):
        with pytest.raises(DBAPIError, match="never changed"):
            await target.write(partial(execute, statement=statement))


async def test_a_target_that_holds_anything_is_refused_and_left_as_it_was(
    source: Database, target: Database
) -> None:
    await target.write(schema.upgrade)
    await target.write(lambda conn: engine.install(conn, "theirs", now=NOW))
    before = await counts(target)
    with pytest.raises(ConfigurationError, match="not empty"):
        await moving.move(source, target, lambda one: None)
    assert await counts(target) == before
    with pytest.raises(ConfigurationError, match="from a SQLite file"):
        await moving.move(target, source, lambda one: None)


async def test_a_move_that_is_broken_off_leaves_nothing_and_is_begun_again(
    source: Database, target: Database
) -> None:
    told: list[Moved] = []

    def breaks_off(one: Moved) -> None:
        told.append(one)
        if one.table == "ledger_entry":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await moving.move(source, target, breaks_off)
    assert any(one.rows for one in told)
    assert not any((await counts(target)).values())
    assert {one.table for one in await moving.move(source, target, told.append)} == set(await counts(source))


async def test_a_value_that_does_not_fit_is_named_by_its_table_and_nothing_is_moved(
    source: Database, target: Database
) -> None:
    await source.write(lambda conn: conn.execute(update(task).values(payload="\0")))
    with pytest.raises(NotMoved, match="task"):
        await moving.move(source, target, lambda one: None)
    assert not any((await counts(target)).values())


async def test_what_arrives_changed_is_noticed(source: Database, target: Database) -> None:
    await target.write(schema.upgrade)
    changes = """CREATE FUNCTION changes() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.points := NEW.points + 1; RETURN NEW; END $$"""

    def spoil(conn: Connection) -> None:
        conn.execute(text(changes))
        conn.execute(
            text(
                "CREATE TRIGGER changes BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION changes()"
            )
        )

    await target.write(spoil)
    with pytest.raises(NotMoved, match="ledger_entry"):
        await moving.move(source, target, lambda one: None)
    assert not any((await counts(target)).values())


async def test_nobody_writes_to_the_file_meanwhile(
    source: Database, target: Database, tmp_path: Path
) -> None:
    other = await open_database(f"sqlite:///{tmp_path}/dankbar.db")
    late = asyncio.Event()

    async def write_late() -> None:
        await other.write(lambda conn: engine.store(conn, "orders/paid", {}, now=NOW, webhook_id="late"))
        late.set()

    writing: list[asyncio.Task[None]] = []

    def told(one: Moved) -> None:
        if not writing:
            writing.append(asyncio.ensure_future(write_late()))
        assert not late.is_set()

    await moving.move(source, target, told)
    await writing[0]
    await other.close()
    ids = select(inbox.c.webhook_id).where(inbox.c.webhook_id == "late")
    assert await target.read(lambda conn: conn.execute(ids).all()) == []
    assert len(await source.read(lambda conn: conn.execute(ids).all())) == 1


def test_the_command_says_what_it_moved_and_refuses_to_do_it_twice(file: str, postgres_url: str) -> None:
    values = environment(file, DANKBAR_MOVE_TO=postgres_url)
    done = subprocess.run([DANKBAR, "move"], env=values, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert any(line.startswith("ledger_entry: ") for line in lines)
    assert lines[-1].endswith("are the same. Set DANKBAR_DATABASE_URL to the new address.")
    again = subprocess.run([DANKBAR, "move"], env=values, capture_output=True, text=True, check=False)
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
    assert "not empty" in again.stderr
