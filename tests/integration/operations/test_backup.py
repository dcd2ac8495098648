"""A backup is of one moment, whole, and a database again: rehearsed on both homes while the app works."""

import asyncio
import json
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugin import backlog
from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.engine.stories import bought, tell
from tests.integration.operations.processes import DANKBAR, answers, deliver, environment, started, until
from tests.ports import free_port
from tests.servers import PostgresServer, postgres_program

DUMP = ("pg_dump", "--format=custom", "--file={file}", "--dbname={url}")
RESTORE = ("pg_restore", "--exit-on-error", "--no-owner", "--dbname={url}")


def run(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [DANKBAR, *arguments], env=environment(url), capture_output=True, text=True, check=False
    )


def verified(url: str) -> dict[str, Any]:
    done = run(url, "verify", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def prepare(url: str) -> None:
    async def write() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
        await db.write(lambda conn: tell(conn, *(bought(number) for number in range(1, 40))))
        await db.close()

    asyncio.run(write())


def waiting(url: str) -> int:
    async def look() -> int:
        db = await open_database(url)
        try:
            return (await db.read(lambda conn: backlog.counts(conn, datetime.now(UTC)))).inbox_waiting
        finally:
            await db.close()

    return asyncio.run(look())


def backed_up(url: str, folder: Path) -> Path:
    """Make a backup as docs/operations.md says."""
    file = folder / "backup"
    if url.startswith("sqlite"):
        done = run(url, "backup", str(file))
        assert (done.returncode, done.stderr) == (0, "")
    else:
        options = [one.format(file=file, url=url) for one in DUMP[1:]]
        subprocess.run([str(postgres_program(DUMP[0])), *options], check=True)
    return file


def restored(file: Path, url: str, folder: Path, server: PostgresServer) -> str:
    """Make a database of a backup as docs/operations.md says."""
    if url.startswith("sqlite"):
        path = folder / "restored.db"
        path.write_bytes(file.read_bytes())
        return f"sqlite:///{path}"
    new = server.create_database()
    options = [one.format(url=new) for one in RESTORE[1:]]
    subprocess.run([str(postgres_program(RESTORE[0])), *options, str(file)], check=True)
    return new


def test_what_is_restored_is_the_state_of_one_moment_and_works(
    new_database: MakeUrl, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    url, port = new_database(), free_port()
    prepare(url)
    before = verified(url)
    with started(environment(url), "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port), app)
        for number in range(100, 120):
            answer = deliver(port, json.dumps(bought(number).body()).encode(), f"sent{number}")
            assert answer.status_code == 200, app.said()
        file = backed_up(url, tmp_path)
        for number in range(120, 140):
            answer = deliver(port, json.dumps(bought(number).body()).encode(), f"sent{number}")
            assert answer.status_code == 200, app.said()
        again = restored(file, url, tmp_path, postgres_server)
        found = verified(again)
        assert app.stop() == 0
    events = found["inbox_waiting"] + (found["entries"] - before["entries"]) + found["parked"]
    assert events == 20
    with started(environment(again), "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port, "/readyz"), app)
        for number in range(100, 140):
            assert (
                deliver(port, json.dumps(bought(number).body()).encode(), f"sent{number}").status_code == 200
            )
        until(lambda: waiting(again) == 0, app)
        assert app.stop() == 0
    assert verified(again)["entries"] == before["entries"] + 40
    if again.startswith("postgresql"):
        postgres_server.drop_database(again)


def test_a_copy_is_for_its_owner_alone_and_replaces_nothing(
    sqlite_template: Path, tmp_path: Path, postgres_url: str
) -> None:
    url, file = f"sqlite:///{sqlite_template}", tmp_path / "copy"
    assert run(url, "backup", str(file)).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    taken = run(url, "backup", str(file))
    assert (taken.returncode, len(taken.stderr.splitlines())) == (2, 1)
    other = run(postgres_url, "backup", str(tmp_path / "other"))
    assert (other.returncode, "pg_dump" in other.stderr) == (2, True)
    nowhere = run(url, "backup", str(tmp_path / "no" / "folder"))
    assert (nowhere.returncode, len(nowhere.stderr.splitlines())) == (1, 1)
    none = run(f"sqlite:///{tmp_path}/none.db", "backup", str(tmp_path / "none"))
    assert (none.returncode, len(none.stderr.splitlines())) == (2, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
