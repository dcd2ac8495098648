"""A process that is told to stop answers whom it began with, gives back what it holds, and ends with 0."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvicorn
from uvicorn.supervisors.multiprocess import SIGNALS

from plugin.database import open_database
from plugin.fleet import LOOKS, Fleet
from plugin.serving import OPTIONS
from tests import engine
from tests.copies import Copies
from tests.integration.conftest import MakeUrl
from tests.integration.operations.processes import (
    PATIENCE,
    SECRET,
    answers,
    deliver,
    environment,
    started,
    until,
)
from tests.ports import free_port
from tests.unit.edge.signing import bearer, buyer_claims, token

STRIPE = {
    "DANKBAR_BILLING": "stripe",
    "STRIPE_API_KEY": "rk_test_" + "a" * 24,
    "STRIPE_WEBHOOK_SECRET": "whsec_" + "n" * 24,
}


def prepare(url: str, handle: str = "example") -> None:
    async def run() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, handle, now=datetime.now(UTC)))
        await db.close()

    asyncio.run(run())


def waiting(port: int, found: list[httpx.Response]) -> threading.Thread:
    """Ask for an order that is not there yet, which takes a few seconds to be answered; back once it was read."""
    sent = threading.Event()

    def trace(name: str, about: object) -> None:
        if name == "http11.send_request_body.complete":
            sent.set()

    def ask() -> None:
        proof = bearer(token(buyer_claims({"aud": "client"}), secret=SECRET))
        url = f"http://127.0.0.1:{port}/ext/orders/123?checkout_token=abc&surface=thank_you"
        with httpx.Client(timeout=PATIENCE) as client:
            found.append(client.get(url, headers=proof, extensions={"trace": trace}))

    thread = threading.Thread(target=ask)
    thread.start()
    assert sent.wait(PATIENCE)
    until(lambda: unread(port) == [0])
    return thread


def unread(port: int) -> list[int]:
    """How many bytes wait in each open connection that a server at this port has taken."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        int(queues.partition(":")[2], 16)
        for _, local, _, state, queues, _, _, _, _, inode, *_ in lines
        if (int(local.partition(":")[2], 16), state) == (port, "01") and inode != "0"
    ]


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
        assert f'"pid": {min(first)}' in next(line for line in app.said().splitlines() if "replaced" in line)
        assert app.stop() == 0
        until(lambda: not children(app.process.pid))


def test_web_processes_whose_parent_was_killed_finish_what_they_began_with_and_end(
    postgres_copies: Copies, tmp_path: Path
) -> None:
    url, port = postgres_copies.lend(), free_port()
    prepare(url)
    found: list[httpx.Response] = []
    with started(environment(url), "serve", "--port", str(port), "--workers", "2", folder=tmp_path) as app:
        until(lambda: answers(port), app)
        until(lambda: len(children(app.process.pid)) == 2, app)
        webs = children(app.process.pid)
        asking = waiting(port, found)
        app.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in webs))
        asking.join()
        said = app.said()
    assert [answer.status_code for answer in found] == [202]
    assert said.count("parent is gone") == 2
    assert not answers(port)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    postgres_copies.take_back(url)


@contextmanager
def fleet() -> Iterator[Fleet]:
    """One web process and who looks after it, which looks only when it is told to."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    told = uvicorn.Config("plugin.app:healthz", workers=1, **OPTIONS)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        found = Fleet(told, [listening])
        for number, handler in before.items():
            signal.signal(number, handler)
        found.init_processes()
        try:
            yield found
        finally:
            for one in found.processes:
                one.kill()
                one.join()


def test_a_web_process_that_gets_no_processor_for_a_while_is_not_replaced() -> None:
    with fleet() as watched:
        (first,) = watched.processes
        assert first.pid is not None
        os.kill(first.pid, signal.SIGSTOP)
        for _ in range(LOOKS):
            watched.keep_subprocess_alive()
        os.kill(first.pid, signal.SIGCONT)
        assert first.parent_conn.poll(PATIENCE)
        watched.keep_subprocess_alive()
        assert watched.processes == [first]
        os.kill(first.pid, signal.SIGSTOP)
        for _ in range(LOOKS - 1):
            watched.keep_subprocess_alive()
        assert watched.processes == [first]
        assert first.process.is_alive()


def test_a_web_process_that_stays_silent_is_replaced() -> None:
    with fleet() as watched:
        (first,) = watched.processes
        assert first.pid is not None
        os.kill(first.pid, signal.SIGSTOP)
        for _ in range(LOOKS + 1):
            watched.keep_subprocess_alive()
        assert watched.processes != [first]
        assert first.exitcode == -signal.SIGKILL
        assert not watched.failed


def test_the_patience_with_a_web_process_is_that_of_a_busy_host() -> None:
    assert OPTIONS["timeout_worker_healthcheck"] == 60
    assert LOOKS == 120


def test_a_web_process_that_cannot_start_any_more_ends_the_server_with_the_reason(
    postgres_copies: Copies, tmp_path: Path
) -> None:
    url, port = postgres_copies.lend(), free_port()
    prepare(url)
    values = environment(url, **STRIPE)
    with started(values, "serve", "--port", str(port), "--workers", "2", folder=tmp_path) as app:
        until(lambda: answers(port), app)
        until(lambda: len(children(app.process.pid)) == 2, app)
        prepare(url, "stranger")
        os.kill(min(children(app.process.pid)), signal.SIGKILL)
        assert app.process.wait(PATIENCE) == 2
        said = app.said()
    assert "stranger is not on it" in said.splitlines()[-1]
    assert "Traceback" not in said
    postgres_copies.take_back(url)
