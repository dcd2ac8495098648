"""PostgreSQL and Redis of a run's own, killed and started again at the same addresses."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import asyncpg

from tests.integration.operations.processes import PATIENCE
from tests.ports import free_port
from tests.servers import PostgresServer, ServerFailed
from tools.services import redis_server


class Redis:
    """A Redis without persistence: killed, it has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [str(redis_server()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """A Redis under way."""
    made = Redis(folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def kill_postgres(server: PostgresServer, dice: Random) -> None:
    """Kill the whole server, or one of its processes, after which it starts anew by itself."""
    pid = _postmaster(server)
    if pid is None:
        return
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = children.read_text().split() if children.exists() else []
    whole = not found or dice.random() < 0.5
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid if whole else int(dice.choice(found)), signal.SIGKILL)


def raise_postgres(server: PostgresServer) -> None:
    """Have it answer: started unless it runs, where what a killed one left behind needs a moment to end."""
    deadline = time.monotonic() + PATIENCE
    while not _answers(server):
        if not _runs(server):
            (server.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
            with contextlib.suppress(ServerFailed):
                server.start()
        if time.monotonic() > deadline:
            raise ServerFailed((server.folder / "log").read_text(errors="replace")[-2000:])
        time.sleep(0.1)


def _answers(server: PostgresServer) -> bool:
    try:
        server.execute("SELECT 1")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def _postmaster(server: PostgresServer) -> int | None:
    try:
        return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _runs(server: PostgresServer) -> bool:
    try:
        state = Path(f"/proc/{_postmaster(server)}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
