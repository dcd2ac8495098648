"""A process that is told to stop answers whom it began with, gives back what it holds, and ends with 0."""

import asyncio
import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.operations.processes import SECRET, answers, deliver, environment, started, until
from tests.ports import free_port
from tests.unit.edge.signing import bearer, buyer_claims, token


def prepare(url: str) -> None:
    async def run() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
        await db.close()

    asyncio.run(run())


def waiting(port: int, found: list[httpx.Response]) -> threading.Thread:
    """Ask for an order that is not there yet, which takes a few seconds to be answered."""

    def ask() -> None:
        proof = bearer(token(buyer_claims({"aud": "client"}), secret=SECRET))
        url = f"http://127.0.0.1:{port}/ext/orders/123?checkout_token=abc&surface=thank_you"
        found.append(httpx.get(url, headers=proof, timeout=30))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def children(pid: int) -> set[int]:
    """The web processes that this one started."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == pid and b"spawn_main" in command:
                found.add(int(folder.name))
    return found


def test_a_request_under_way_is_answered_before_the_process_ends(
    new_database: MakeUrl, tmp_path: Path
) -> None:
    url, port = new_database(), free_port()
    prepare(url)
    found: list[httpx.Response] = []
    workers = "2" if url.startswith("postgresql") else "1"
    command = ("serve", "--port", str(port), "--workers", workers)
    with started(environment(url), *command, folder=tmp_path) as app:
        until(lambda: answers(port), app)
        asking = waiting(port, found)
        time.sleep(0.5)
        assert found == []
        assert app.stop() == 0
        asking.join()
        assert "Traceback" not in app.said()
    (answer,) = found
    assert answer.status_code == 202
    assert answer.headers["connection"] == "close"


def test_a_connection_that_came_in_time_is_answered_too(new_database: MakeUrl, tmp_path: Path) -> None:
    url, port = new_database(), free_port()
    with started(environment(url), "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port), app)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            assert client.get("/healthz").headers.get("connection") is None
            app.process.send_signal(signal.SIGTERM)
            until(lambda: not answers(port))
            last = client.get("/healthz")
        assert app.process.wait(60) == 0
    assert last.status_code == 200
    assert last.headers["connection"] == "close"


def test_a_web_process_that_is_killed_is_replaced(new_database: MakeUrl, tmp_path: Path) -> None:
    url, port = new_database(), free_port()
    if url.startswith("sqlite"):
        with started(environment(url), "serve", "--workers", "2", folder=tmp_path) as app:
            assert app.process.wait(60) == 2
        assert "PostgreSQL" in app.said()
        return
    with started(environment(url), "serve", "--port", str(port), "--workers", "2", folder=tmp_path) as app:
        until(lambda: answers(port), app)
        until(lambda: len(children(app.process.pid)) == 2, app)
        first = children(app.process.pid)
        os.kill(min(first), signal.SIGKILL)
        until(lambda: len(children(app.process.pid) - first) == 1, app)
        until(lambda: answers(port), app)
        assert deliver(port, b"{}", "w1").status_code == 200
        assert app.stop() == 0
        until(lambda: not children(app.process.pid))
