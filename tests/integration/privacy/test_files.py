"""After an erasure and a tick no file of the database holds the person, in digits or as a number."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from plugin.core import privacy
from plugin.core.privacy import erasure
from plugin.database import Database, open_database
from plugin.retention import rewrite
from tests import engine
from tests.engine import verified
from tests.integration.conftest import MakeUrl
from tests.integration.privacy.buying import ANNA, BEN, FIRST, NOW, TOKEN, erase, purchase, refunded, tell
from webhooks import erasure as erasing

KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"
"""The key of ``tests.engine.KEYRING``, as the environment gives it."""

MANY = 300
GONE = [
    ANNA,
    *(FIRST + number for number in range(MANY)),
    *(8_300_000_000_000_001 + number * 10 for number in range(MANY)),
    8_600_000_000_000_001,
]


def files(path: Path) -> bytes:
    """The database file and all that SQLite keeps beside it."""
    return b"".join(found.read_bytes() for found in sorted(path.parent.glob(path.name + "*")))


def found_in(content: bytes, ids: list[int]) -> list[int]:
    """The ids that stand there as decimal text or as whole numbers of 7 or 8 bytes."""
    return [
        id
        for id in ids
        if str(id).encode() in content
        or id.to_bytes(8, "big") in content
        or id.to_bytes(8, "little") in content
    ]


async def bought(db: Database) -> None:
    """A customer with hundreds of orders, so that indexes have split, and another one."""

    def work(conn: Connection) -> None:
        engine.install(conn, now=NOW - timedelta(days=200))
        for number in range(1, MANY):
            engine.store(conn, "orders/create", purchase(number).body(), now=NOW)
            engine.store(conn, "orders/create", purchase(number + 10_000, BEN).body(), now=NOW)
        tell(conn, refunded(0))

    await db.write(work)


def dankbar(url: str, *words: str) -> str:
    """Run the program as a person does, in a process of its own."""
    environ = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("DANKBAR_", "SHOPIFY_"))
        },
        "SHOPIFY_API_KEY": "key",
        "SHOPIFY_API_SECRET": "s" * 32,
        "DANKBAR_SECRET_KEY": KEY,
        "DANKBAR_DATABASE_URL": url,
    }
    command = [sys.executable, "-c", "from plugin.cli import main; main()", *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def path(sqlite_template: Path, tmp_path: Path) -> Path:
    """An empty, migrated SQLite file."""
    made = tmp_path / "dankbar.db"
    made.write_bytes(sqlite_template.read_bytes())
    return made


async def test_a_tick_leaves_nothing_of_the_erased_in_any_file(path: Path) -> None:
    url = f"sqlite:///{path}"
    db = await open_database(url)
    try:
        await bought(db)
        assert len(found_in(files(path), GONE)) > 2 * MANY
        await db.write(lambda conn: erase(conn, ANNA, FIRST))
        printed = dankbar(url, "tick")
        assert "privacy.vacuum: 1" in printed
        content = files(path)
        assert found_in(content, GONE) == []
        assert TOKEN.encode() not in content
        assert found_in(content, [BEN, FIRST + 10_001]) == [BEN, FIRST + 10_001]
        assert (await verified(db, NOW)).breaches == ()
        assert "privacy.vacuum: 0" in dankbar(url, "tick")
    finally:
        await db.close()


async def test_a_shop_leaves_nothing_in_any_file(path: Path) -> None:
    db = await open_database(f"sqlite:///{path}")
    try:
        await bought(db)

        def gone(conn: Connection) -> None:
            conn.exec_driver_sql("UPDATE shop SET uninstalled_at = installed_at")
            assert erasing.erase_shop(conn, "example", 0, NOW)

        await db.write(gone)
        assert await rewrite(db, None, NOW) == 1
        assert found_in(files(path), [*GONE, BEN, FIRST + 10_001]) == []
    finally:
        await db.close()


async def test_the_writer_goes_on_while_the_file_is_rewritten(path: Path) -> None:
    db = await open_database(f"sqlite:///{path}")
    try:
        await bought(db)
        await db.write(lambda conn: erase(conn, ANNA, FIRST))
        assert await rewrite(db, None, NOW) == 1
        await db.write(lambda conn: privacy.note(conn, "customer", NOW))
        assert await db.read(privacy.pending)
    finally:
        await db.close()


async def test_a_reader_that_holds_on_leaves_the_erasure_for_the_next_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.sqlite.PATIENCE", 50)
    db = await open_database(f"sqlite:///{path}")
    other = await open_database(f"sqlite:///{path}")
    try:
        await bought(db)

        def hold(conn: Connection) -> None:
            conn.exec_driver_sql("BEGIN")
            conn.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()

        await other.read(hold)
        await db.write(lambda conn: erase(conn, ANNA, FIRST))
        assert await rewrite(db, None, NOW) == 0
        assert await db.read(privacy.pending)
        await other.read(lambda conn: conn.exec_driver_sql("COMMIT"))
        assert await rewrite(db, None, NOW) == 1
        assert found_in(files(path), GONE) == []
    finally:
        await db.close()
        await other.close()


async def test_rewriting_happens_once_for_all_that_was_erased(new_database: MakeUrl) -> None:
    db = await open_database(new_database())
    try:
        at = datetime.now(UTC)
        assert await rewrite(db, None, at) == 0
        await bought(db)
        await db.write(lambda conn: erase(conn, ANNA, FIRST))
        await db.write(lambda conn: erase(conn, BEN))
        assert await rewrite(db, None, at) == 2
        assert await rewrite(db, None, at) == 0
        noted = await db.read(lambda conn: list(conn.execute(select(erasure.c.compacted_at)).scalars()))
        assert noted == [at, at]
        assert (await verified(db, NOW)).breaches == ()
    finally:
        await db.close()
