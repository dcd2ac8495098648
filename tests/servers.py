"""Throw-away servers: a real PostgreSQL that syncs to disk and a real Redis, on free loopback ports."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeVar

import asyncpg

from tests.ports import free_port
from tools.services import postgres_folder, redis_server

T = TypeVar("T")

START_SECONDS = 60


class ServerFailed(Exception):
    """A server did not start; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One cluster for the session, reached by TCP and by a Unix socket in `folder`; as durable as in production unless told otherwise."""

    folder: Path
    port: int
    owner: str | None
    durable: bool = True
    _names: "count[int]" = field(default_factory=count, repr=False)

    def url(self, database: str = "postgres") -> str:
        """The database's address as `DANKBAR_DATABASE_URL` takes it."""
        return f"postgresql://dankbar@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str | None = None) -> str:
        """The address of a new database, empty or a copy of the one at the address `template`."""
        name = f"test_{next(self._names)}"
        origin = f' TEMPLATE "{database_name(template)}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{origin}')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove the database at that address, ending what is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database_name(url)}" WITH (FORCE)')

    def execute(self, statement: str, url: str | None = None) -> None:
        """Run one statement outside any transaction; may be called with or without a running loop."""

        async def run() -> None:
            connection = await asyncpg.connect(url or self.url())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        apart(run())

    def start(self) -> None:
        """Start the server and return when it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        if not self.durable:
            options += " -c fsync=off -c full_page_writes=off"
        log = self.folder / "log"
        self._control("start", "-w", "-t", str(START_SECONDS), "-l", str(log), "-o", options)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server; `immediate` is a crash: what was not synced to disk is gone."""
        self._control("stop", "-w", "-m", mode)

    def _control(self, *arguments: str) -> None:
        command = [str(postgres_program("pg_ctl")), *arguments, "-D", str(self.folder / "data")]
        try:
            _run_as(self.owner, command, self.folder)
        except subprocess.CalledProcessError as error:
            log = self.folder / "log"
            text = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise ServerFailed(f"pg_ctl {arguments[0]}: {error.stdout}\n{text}") from error


def database_name(url: str) -> str:
    """The database that an address ends in."""
    return url.rsplit("/", 1)[1]


@contextmanager
def running_postgres(*, durable: bool = True, place: Path | None = None) -> Iterator[PostgresServer]:
    """A new cluster, up; gone with its files afterwards. PostgreSQL refuses root, so root lends it another user.

    Without ``durable`` it survives a crash of its processes, but not one of the machine: enough for all but timing.
    Its files are in a folder in ``place``, which its user can reach.
    """
    owner = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="dankbar-pg-", dir=place))
    server = PostgresServer(folder, free_port(), owner, durable)
    try:
        if owner:
            shutil.chown(folder, owner)
        initdb = [
            str(postgres_program("initdb")),
            "-D",
            str(folder / "data"),
            "-U",
            "dankbar",
            "-A",
            "trust",
        ]
        _run_as(owner, [*initdb, "-E", "UTF8", "--locale=C", "--no-sync"], folder)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One Redis for the session, without persistence."""

    port: int

    @property
    def url(self) -> str:
        """The address as `DANKBAR_REDIS_URL` takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def clear(self) -> None:
        """Forget every key."""
        answer = self.ask("FLUSHALL")
        if answer != "+OK":
            raise ServerFailed(f"Redis answered {answer!r}.")

    def ask(self, command: str) -> str:
        """Send one inline command and return the answer's first line."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.makefile("r", newline="\r\n").readline().rstrip("\r\n")

    def ask_all(self, command: str) -> str:
        """Send one inline command and return the text it is answered with."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            answer = connection.makefile("rb")
            return answer.read(int(answer.readline()[1:])).decode()


@contextmanager
def running_redis(port: int | None = None, options: tuple[str, ...] = ()) -> Iterator[RedisServer]:
    """A new Redis, up, on a port of its own or the one that is named; gone afterwards."""
    program = redis_server()
    if program is None:
        raise ServerFailed("Redis is not installed: run `make services`.")
    server = RedisServer(port or free_port())
    with tempfile.TemporaryDirectory(prefix="dankbar-redis-") as folder:
        command = [str(program), "--port", str(server.port), "--bind", "127.0.0.1", "--save", ""]
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen(
                [*command, "--appendonly", "no", *options], cwd=folder, stdout=log, stderr=log
            )
            try:
                _await_redis(server, process, Path(folder) / "log")
                yield server
            finally:
                process.terminate()
                process.wait(timeout=30)


def _await_redis(server: RedisServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if server.ask("PING") == "+PONG":
                return
        except OSError:
            time.sleep(0.02)
    raise ServerFailed(f"Redis did not start: {log.read_text(errors='replace')[-2000:]}")


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def postgres_program(name: str) -> Path:
    folder = postgres_folder()
    if folder is None:
        raise ServerFailed("PostgreSQL is not installed: run `make services`.")
    return folder / name


def _run_as(owner: str | None, command: list[str], folder: Path) -> None:
    """Run to the end as that user. Output goes to a file: the server inherits it and would keep a pipe open."""
    with (folder / "out").open("a+") as out:
        done = subprocess.run(
            command, user=owner, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            out.seek(0)
            raise subprocess.CalledProcessError(done.returncode, command, output=out.read()[-2000:])


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: there may be a loop in this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
