"""A schema changes under a release that still works on it: nobody waits for it, nobody is refused, nothing is lost."""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import capture_logs

from plugin import migrating, schema
from plugin.database import database_url, open_database
from plugin.errors import Retry
from tests import engine
from tests.copies import Copies
from tests.engine import KEYRING
from tests.integration.conftest import MakeUrl
from tests.integration.engine.stories import bought
from tests.integration.operations.processes import (
    PATIENCE,
    answers,
    environment,
    signed,
    started,
    until,
)
from tests.integration.operations.steps import Step, objections, revisions_after, run_step
from tests.ports import free_port
from webhooks import inbox
from webhooks.inbox import Received

SETTLED = "0031"
"""Migrations up to this one were made while no release was out; the last of them holds up those who write."""

DECISION = Path(__file__).resolve().parents[3] / "docs/decisions/0031-a-migration-only-adds.md"

RELEASE = "0.1.0"

NEXT = """
from alembic import op
import sqlalchemy as sa
from plugin.migrations.beside import add_index

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {work}
"""


def following(folder: Path, *works: str) -> list[Path]:
    """Migrations of the next release, one for each of these works."""
    before = schema.newest()
    for number, work in enumerate(works, 9001):
        revision = str(number)
        (folder / f"{revision}_next.py").write_text(NEXT.format(revision=revision, before=before, work=work))
        before = revision
    return [folder]


@pytest.fixture
def current_url(postgres_copies: Copies) -> Iterator[str]:
    """The address of a database of this very release."""
    url = postgres_copies.lend()
    yield url
    postgres_copies.take_back(url)


async def steps(url: str, settled: str, versions: Sequence[Path] = ()) -> list[Step]:
    """Bring an empty database to a revision, then run what follows step by step."""
    engine = create_async_engine(database_url(url))

    def run(conn: Connection) -> list[Step]:
        schema.upgrade(conn, settled, versions)
        conn.rollback()
        return [run_step(conn, revision, versions) for revision in revisions_after(settled, versions)]

    async with engine.connect() as conn:
        found = await conn.run_sync(run)
    await engine.dispose()
    return found


async def test_every_migration_leaves_the_release_before_what_it_needs(postgres_url: str) -> None:
    before = revisions_after("base")[-len(revisions_after(SETTLED)) - 2]
    settled, *later = await steps(postgres_url, before)
    assert [line for step in later for line in objections(step, RELEASE)] == []
    assert "an index of task is built while everybody waits" in objections(settled, RELEASE)


def test_the_decision_says_from_which_migration_on_they_are_looked_at() -> None:
    assert f"every migration after {SETTLED}" in DECISION.read_text()


GOOD = {
    "a column that may be empty": 'op.add_column("inbox", sa.Column("note", sa.Text()))',
    "a column with a default": (
        'op.add_column("task", sa.Column("shard", sa.Integer(), nullable=False, server_default="0"))'
    ),
    "a table": 'op.create_table("thing", sa.Column("id", sa.BigInteger(), primary_key=True))',
    "an index beside the work": 'add_index("ix_inbox_topic", "inbox", ["topic"])',
}

BAD = {
    'op.drop_column("inbox", "reason")': "inbox.reason is gone",
    'op.alter_column("task", "reason", new_column_name="why")': "task.reason is gone",
    'op.drop_table("job")': "job.name is gone",
    'op.alter_column("task", "key", type_=sa.String(60))': "task.key has another type",
    'op.alter_column("task", "reason", nullable=False)': "task.reason is demanded",
    'op.alter_column("task", "state", server_default=None)': "task.state has no default any more",
    'op.add_column("inbox", sa.Column("note", sa.Text(), nullable=False))': (
        "inbox.note is demanded of those who do not know it"
    ),
    'op.create_check_constraint("short", "task", "length(key) < 60")': (
        "ck_task_short refuses what was allowed"
    ),
    'op.create_index("uq_inbox_topic", "inbox", ["topic"], unique=True)': (
        "uq_inbox_topic refuses what was allowed"
    ),
    'op.drop_index("uq_task_shop_id_name_key", "task")': (
        "uq_task_shop_id_name_key, which an upsert may name, is gone"
    ),
    'op.create_index("ix_order_fate", "order", ["fate"])': "an index of order is built while everybody waits",
    'op.create_index("ix_inbox_topic", "inbox", ["topic"])': (
        "an index of inbox is built while everybody waits"
    ),
    "op.execute(\"UPDATE task SET state = 'waiting'\")": "rows of task are changed in one go",
    'op.add_column("task", sa.Column("x", sa.Text())); add_index("ix_task_x", "task", ["x"])': (
        "an index is built beside the work in a migration that does more"
    ),
}


async def test_what_hinders_nobody_is_allowed(current_url: str, tmp_path: Path) -> None:
    versions = following(tmp_path, *GOOD.values())
    assert [objections(step, RELEASE) for step in await steps(current_url, schema.newest(), versions)] == (
        [[]] * len(GOOD)
    )


@pytest.mark.parametrize("work", BAD)
async def test_what_hinders_the_release_before_is_named(current_url: str, tmp_path: Path, work: str) -> None:
    versions = following(tmp_path, work)
    (step,) = await steps(current_url, schema.newest(), versions)
    assert BAD[work] in objections(step, RELEASE)


async def test_a_column_is_dropped_in_a_release_after_the_first_without_it(
    current_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "RETIRED", {"inbox.reason": "0.2.0"})
    (step,) = await steps(
        current_url, schema.newest(), following(tmp_path, 'op.drop_column("inbox", "reason")')
    )
    assert objections(step, "0.2.0") == ["inbox.reason is gone"]
    assert objections(step, "0.3.0") == []


async def test_several_hosts_may_migrate_at_once(current_url: str, tmp_path: Path) -> None:
    versions = following(tmp_path, *GOOD.values())
    await asyncio.gather(*(migrating.migrate(current_url, versions) for _ in range(4)))
    assert await revision(current_url) == "9004"


async def revision(url: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await conn.close()


def store(conn: Connection, number: int) -> None:
    """Store a webhook as the release before does."""
    now = datetime.now(UTC)
    received = Received("shopify", "example", f"w{number}", "orders/paid", None, now, b"{}")
    inbox.store(conn, [received.row(KEYRING)])


def columns(conn: Connection) -> set[str]:
    return {column["name"] for column in inspect(conn).get_columns("inbox")}


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locks are waited for a tenth of a second."""
    with monkeypatch.context() as patch:
        patch.setattr(migrating, "LOCK", 100)
        yield


async def test_a_migration_that_waits_for_a_reader_stops_no_writer(
    current_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = following(tmp_path, *GOOD.values())
    db = await open_database(current_url)
    reader = await asyncpg.connect(current_url)
    try:
        with impatient(monkeypatch), capture_logs() as lines:
            async with reader.transaction():
                await reader.fetch("SELECT * FROM inbox")
                changing = asyncio.create_task(migrating.migrate(current_url, versions))
                async with asyncio.timeout(60):
                    while not lines:  # noqa: ASYNC110  the line is what is waited for
                        await asyncio.sleep(0.01)
                for number in range(20):
                    await db.write(partial(store, number=number))
                assert not changing.done()
            await changing
        assert [line["event"] for line in lines] == ["migration waits for others to let go"]
        assert await db.read(lambda conn: conn.execute(text("SELECT count(*) FROM inbox")).scalar()) == 20
        assert "note" in await db.read(columns)
    finally:
        await reader.close()
        await db.close()


COUNT = "SELECT count(*) FROM inbox"


def sell(port: int, ended: threading.Event, accepted: list[str], troubles: list[str]) -> None:
    """Tell of one order after the other as Shopify does, until it is told to end."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for number in itertools.count(1):
            purchase = bought(number, placed_at=datetime.now(UTC) - timedelta(minutes=1))
            for index, one in enumerate(purchase.deliveries):
                if ended.is_set():
                    return
                name, body = f"{number}-{index}", json.dumps(one.body).encode()
                headers = signed(body, name, topic=one.topic)
                answer = client.post("/webhooks/shopify", content=body, headers=headers)
                (accepted if answer.status_code == 200 else troubles).append(name)


def test_a_release_works_on_while_the_schema_of_the_next_one_arrives(
    new_database: MakeUrl, tmp_path: Path
) -> None:
    """This very tree is the release before: it accepts, handles and shows, and the migrations come in between."""
    url, folder = new_database(), tmp_path / "next"
    folder.mkdir()
    values, port = environment(url), free_port()
    asyncio.run(installed(url))
    ended, accepted, troubles = threading.Event(), list[str](), list[str]()
    seller = threading.Thread(target=sell, args=(port, ended, accepted, troubles))
    with started(values, "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port, "/readyz"), app)
        seller.start()
        for count, _ in enumerate(GOOD, 1):
            goal = len(accepted) + 40
            until(lambda goal=goal: len(accepted) >= goal, app)  # type: ignore[misc]
            asyncio.run(migrating.migrate(url, following(folder, *list(GOOD.values())[:count])))
            assert answers(port, "/readyz")
        goal = len(accepted) + 40
        until(lambda: len(accepted) >= goal, app)
        ended.set()
        seller.join()
        assert troubles == []
        until(lambda: asked(url, f"{COUNT} WHERE state = 'waiting'") == 0, app)
        assert asked(url, f"{COUNT} WHERE state = 'handled'") == len(accepted)
        assert asked(url, "SELECT version_num FROM alembic_version") == "9004"
        assert app.stop() == 0
        assert "Traceback" not in app.said()
    with started(values, "verify", folder=tmp_path) as verify:
        assert verify.process.wait(PATIENCE) == 0, verify.said()


def asked(url: str, query: str) -> object:
    async def ask() -> object:
        db = await open_database(url)
        try:
            return await db.read(lambda conn: conn.execute(text(query)).scalar_one())
        finally:
            await db.close()

    return asyncio.run(ask())


async def installed(url: str) -> None:
    db = await open_database(url)
    await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
    await db.close()


async def test_two_hosts_may_begin_with_a_new_database(postgres_url: str, tmp_path: Path) -> None:
    """As an operator does it: the command itself."""
    with ExitStack() as stack:
        hosts = [
            stack.enter_context(started(environment(postgres_url), "migrate", folder=tmp_path))
            for _ in range(2)
        ]
        for host in hosts:
            assert await asyncio.to_thread(host.process.wait, PATIENCE) == 0, host.said()
    assert await revision(postgres_url) == schema.newest()


async def test_an_index_that_was_broken_off_is_built_anew(current_url: str, tmp_path: Path) -> None:
    conn = await asyncpg.connect(current_url)
    try:
        await conn.execute("CREATE INDEX ix_inbox_topic ON inbox (topic)")
        await conn.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_inbox_topic'::regclass"
        )
        versions = following(tmp_path, GOOD["an index beside the work"])
        await migrating.migrate(current_url, versions)
        assert await conn.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_inbox_topic'::regclass"
        )
    finally:
        await conn.close()


async def test_an_index_waits_for_older_looks_and_is_not_begun_anew(
    current_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = following(tmp_path, GOOD["an index beside the work"])
    reader, watcher = await asyncpg.connect(current_url), await asyncpg.connect(current_url)
    try:
        with impatient(monkeypatch), capture_logs() as lines:
            async with reader.transaction(isolation="repeatable_read"):
                await reader.fetch("SELECT * FROM shop")
                changing = asyncio.create_task(migrating.migrate(current_url, versions))
                async with asyncio.timeout(60):
                    while not (begun := await watcher.fetchval(BUILT)):  # noqa: ASYNC110  no event tells it
                        await asyncio.sleep(0.01)
                await asyncio.sleep(1)  # ten times as long as a table is waited for
                assert not changing.done()
            await changing
        assert (lines, await watcher.fetchval(BUILT)) == ([], begun)
    finally:
        await watcher.close()
        await reader.close()


BUILT = "SELECT to_regclass('ix_inbox_topic')::oid"


async def test_another_host_that_migrates_is_waited_for_but_not_for_ever(
    current_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = following(tmp_path, GOOD["a table"])
    other = await asyncpg.connect(current_url)
    try:
        await other.execute(f"SELECT pg_advisory_lock({migrating.ONE})")
        with monkeypatch.context() as patch:
            patch.setattr(migrating, "PATIENCE", 0.0)
            with pytest.raises(Retry, match="Another host"):
                await asyncio.wait_for(migrating.migrate(current_url, versions), 60)
        assert await revision(current_url) == schema.newest()
        with capture_logs() as lines:
            changing = asyncio.create_task(migrating.migrate(current_url, versions))
            async with asyncio.timeout(60):
                while not lines:  # noqa: ASYNC110  the line is what is waited for
                    await asyncio.sleep(0.01)
            await other.execute(f"SELECT pg_advisory_unlock({migrating.ONE})")
            await changing
        assert [line["event"] for line in lines] == ["migration waits for another host that migrates"]
        assert await revision(current_url) == "9001"
    finally:
        await other.close()


async def test_a_host_that_is_cut_off_gives_its_turn_away_within_a_minute(
    current_url: str, tmp_path: Path
) -> None:
    kept = ", ".join(f"current_setting('{name}')::int AS {name}" for name in KEPT)
    await migrating.migrate(
        current_url, following(tmp_path, f'op.execute("CREATE TABLE kept AS SELECT {kept}")')
    )
    conn = await asyncpg.connect(current_url)
    try:
        idle, interval, count = await conn.fetchrow("SELECT * FROM kept")
    finally:
        await conn.close()
    assert 0 < idle + interval * count <= 60


KEPT = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")


async def test_whoever_holds_a_table_for_too_long_is_named_and_nothing_is_lost(
    current_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "PATIENCE", 0.0)
    first = 'op.create_table("thing", sa.Column("id", sa.BigInteger(), primary_key=True))'
    versions = following(tmp_path, first, GOOD["a column that may be empty"])
    reader = await asyncpg.connect(current_url)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM inbox")
            with impatient(monkeypatch), pytest.raises(Retry, match="pg_stat_activity"):
                await migrating.migrate(current_url, versions)
        assert await revision(current_url) == "9001"
        await migrating.migrate(current_url, versions)
        assert await revision(current_url) == "9002"
    finally:
        await reader.close()
