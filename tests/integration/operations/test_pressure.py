"""A full disk, a slow database, a flood: 503 and when to come back, in bounded room, and ``/readyz`` says so."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, select, text

from plugin.app import WEBHOOKS, create_app
from plugin.config import Config
from plugin.database import Database, open_database
from tests import engine
from tests.copies import Copies
from tests.integration.engine.stories import NOW
from tests.integration.operations.processes import SECRET, environment, signed
from tests.unit.edge.signing import admin_claims, bearer, token
from webhooks import receive
from webhooks.inbox import inbox
from webhooks.receive import Door


class App:
    """The whole application without its worker, and its own doors."""

    def __init__(self, client: httpx.AsyncClient, state: dict[str, Any]) -> None:
        self.client = client
        self.door: Door = state["door"]
        self.db: Database = state["runtime"].db

    async def deliver(self, webhook_id: str, body: bytes = b"{}") -> httpx.Response:
        return await self.client.post(WEBHOOKS, content=body, headers=signed(body, webhook_id))

    async def missing(self) -> list[str]:
        answer = await self.client.get("/readyz")
        found: dict[str, Any] = answer.json()
        assert answer.status_code == (503 if found["missing"] else 200)
        assert found["ready"] is not bool(found["missing"])
        missing: list[str] = found["missing"]
        return missing

    async def stored(self) -> int:
        counted = select(func.count()).select_from(inbox)
        return await self.db.read(lambda conn: conn.execute(counted).scalar_one())


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[App]:
    """Run the application's lifespan around requests that reach it as a server's would."""
    app = create_app(Config.from_environment(environment(url)), with_worker=False)
    state: dict[str, Any] = {}
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def live() -> None:
        await app({"type": "lifespan", "state": state}, told.get, said.put)  # type: ignore[arg-type]

    living = asyncio.create_task(live())
    told.put_nowait({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"

    async def serving(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    transport = httpx.ASGITransport(app=serving)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test", timeout=60) as client:
        yield App(client, state)
    told.put_nowait({"type": "lifespan.shutdown"})
    await living


@pytest.fixture(autouse=True)
def _always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.readiness.FRESH", 0.0)


async def execute(db: Database, statement: str) -> None:
    await db.write(lambda conn: conn.execute(text(statement)))


async def fill(app: App) -> None:
    """Leave no page for anything more."""
    pages = await app.db.write(lambda conn: conn.execute(text("PRAGMA page_count")).scalar_one())
    await execute(app.db, f"PRAGMA max_page_count={pages}")


async def test_on_a_full_disk_webhooks_are_sent_back_and_taken_when_there_is_room_again(
    sqlite_template: Any, tmp_path: Any
) -> None:
    path = tmp_path / "dankbar.db"
    path.write_bytes(sqlite_template.read_bytes())
    async with opened(f"sqlite:///{path}") as app:
        assert await app.missing() == []
        await fill(app)
        big = b'{"x": "' + b"x" * 100_000 + b'"}'
        answers = await asyncio.gather(*(app.deliver(f"w{number}", big) for number in range(20)))
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["retry-after"] for answer in answers} == {"5"}
        assert (await app.stored(), app.door.held) == (0, 0)
        await execute(app.db, "PRAGMA max_page_count=1000000")
        answers = await asyncio.gather(*(app.deliver(f"w{number}", big) for number in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert await app.stored() == 20


@contextmanager
def reading_only(url: str) -> Iterator[None]:
    """Let the database be read and not written, as on a full disk or after a change to a copy that only reads."""

    async def switch(statement: str) -> None:
        db = await open_database(url)
        await execute(db, statement)
        await db.close()

    if url.startswith("sqlite"):
        refuse = "CREATE TRIGGER refuse BEFORE {} ON job BEGIN SELECT RAISE(ABORT, 'full'); END"
        begin = [refuse.format("INSERT"), refuse.format("UPDATE").replace("refuse", "refuse2")]
        end = ["DROP TRIGGER refuse", "DROP TRIGGER refuse2"]
    else:
        begin, end = ["ALTER TABLE job RENAME TO elsewhere"], ["ALTER TABLE elsewhere RENAME TO job"]
    for statement in begin:
        apart(switch(statement))
    try:
        yield
    finally:
        for statement in end:
            apart(switch(statement))


def apart(work: Any) -> None:
    """Run it to its end in a loop of its own, while this one waits."""
    thread = threading.Thread(target=asyncio.run, args=(work,))
    thread.start()
    thread.join()


async def test_readiness_is_the_truth_about_reading_schema_and_writing(database_url: str) -> None:
    async with opened(database_url) as app:
        assert await app.missing() == []
        with reading_only(database_url):
            assert await app.missing() == ["writes"]
        assert await app.missing() == []
        await execute(app.db, "UPDATE alembic_version SET version_num = '0001'")
        assert await app.missing() == ["schema"]
        await execute(app.db, "UPDATE alembic_version SET version_num = '9999'")
        assert await app.missing() == []


@asynccontextmanager
async def standing_still(url: str) -> AsyncIterator[None]:
    """Have somebody hold what every stored webhook needs."""
    held, done = threading.Event(), threading.Event()

    def hold(conn: Connection) -> None:
        if conn.dialect.name == "postgresql":
            conn.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
        held.set()
        if conn.dialect.name == "sqlite":
            done.wait()

    async def holding() -> None:
        db = await open_database(url)
        if db.dialect == "sqlite":
            await db.write(hold)
        else:
            async with db._engine.begin() as conn:  # type: ignore[attr-defined]
                await conn.run_sync(hold)
                await asyncio.to_thread(done.wait)
        await db.close()

    thread = threading.Thread(target=asyncio.run, args=(holding(),))
    thread.start()
    await asyncio.to_thread(held.wait)
    try:
        yield
    finally:
        done.set()
        await asyncio.to_thread(thread.join)


async def test_a_flood_against_a_slow_database_fills_a_bounded_room_and_no_more(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, room = 500_000, 4 * 1024 * 1024
    monkeypatch.setattr(receive, "MOST_HELD", room)
    most = 0
    async with opened(database_url) as app:
        body = b" " * size
        async with standing_still(database_url):
            sent = [asyncio.create_task(app.deliver(f"w{number}", body)) for number in range(40)]
            refused: list[httpx.Response] = []
            for finished in asyncio.as_completed(sent):
                most = max(most, app.door.held)
                refused.append(await finished)
                if len(refused) == 40 - room // size:
                    break
            most = max(most, app.door.held)
            assert {answer.status_code for answer in refused} == {503}
            assert {answer.headers["retry-after"] for answer in refused} == {"5"}
            assert size < most <= room
        answers = await asyncio.gather(*sent)
        accepted = sum(answer.status_code == 200 for answer in answers)
        assert accepted == await app.stored() == room // size
        assert app.door.held == 0
        answers = await asyncio.gather(*(app.deliver(f"w{number}", body) for number in range(8)))
        assert {answer.status_code for answer in answers} == {200}


async def test_a_body_that_does_not_come_to_an_end_gives_its_room_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "READ_SECONDS", 0.05)

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.Event().wait()

    async with opened(database_url) as app:
        answer = await app.client.post(WEBHOOKS, content=endless(), headers=signed(b"", "w1"))
        assert answer.status_code == 408
        assert app.door.held == 0
        assert (await app.deliver("w2")).status_code == 200


async def test_a_page_says_when_to_come_back_while_the_database_is_not_its_own(
    postgres_copies: Copies,
) -> None:
    url = postgres_copies.lend()
    async with opened(url) as app:
        await app.db.write(lambda conn: engine.install(conn, now=NOW))
        proof = bearer(token(admin_claims({"aud": "client"}), secret=SECRET))
        await execute(app.db, "ALTER TABLE shop RENAME TO elsewhere")
        answer = await app.client.get("/admin/loyalty", headers=proof)
        await execute(app.db, "ALTER TABLE elsewhere RENAME TO shop")
    postgres_copies.take_back(url)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"] == "unavailable"
