"""A new release takes over while shops send: no request is refused, and each accepted webhook is there once."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from sqlalchemy import select

from plugin.database import open_database
from tests.integration.conftest import MakeUrl
from tests.integration.operations.processes import DANKBAR, PATIENCE, Running, environment, signed, until
from webhooks.inbox import inbox

SENDERS, SENT_MEANWHILE = 4, 150

HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes the program as systemd starts it: its process id is told, and the socket is the first after the three."""


@dataclass
class Shopify:
    """Sends webhooks as fast as they are taken, each on a connection of its own, until it is told to end."""

    port: int
    accepted: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def send(self, name: str) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            webhook_id = f"{name}-{number}"
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("POST", "/webhooks/shopify", b"{}", signed(b"{}", webhook_id))
                status = connection.getresponse().status
            except (OSError, HTTPException) as error:
                self.troubles.append(f"{webhook_id}: {error!r}")
                continue
            finally:
                connection.close()
            if status == 200:
                self.accepted.append(webhook_id)
            else:
                self.troubles.append(f"{webhook_id}: {status}")

    @contextmanager
    def sending(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.send, args=(f"s{number}",)) for number in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()


@contextmanager
def release(
    values: Mapping[str, str], listening: socket.socket, folder: Path, name: str
) -> Iterator[Running]:
    """A process that is handed the socket as systemd hands it over, and has said that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(folder / f"{name}.socket"))
        notices.settimeout(PATIENCE)
        number, log = listening.fileno(), folder / f"{name}.log"
        command = [sys.executable, "-c", HAND_OVER, str(number), DANKBAR, "serve"]
        environ = {**values, "NOTIFY_SOCKET": str(folder / f"{name}.socket")}
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environ, stdout=file, stderr=file, pass_fds=[number])
        try:
            running = Running(process, log)
            assert notices.recv(100) == b"READY=1", running.said()
            yield running
        finally:
            process.kill()
            process.wait(PATIENCE)


async def stored(url: str) -> list[str]:
    db = await open_database(url)
    try:
        return await db.read(lambda conn: list(conn.execute(select(inbox.c.webhook_id)).scalars()))
    finally:
        await db.close()


def test_a_new_release_takes_over_without_a_single_error(new_database: MakeUrl, tmp_path: Path) -> None:
    url = new_database()
    values = environment(url)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        shopify = Shopify(listening.getsockname()[1])

        def more() -> None:
            goal = len(shopify.accepted) + SENT_MEANWHILE
            until(lambda: len(shopify.accepted) >= goal)

        with ExitStack() as releases:
            old = releases.enter_context(release(values, listening, tmp_path, "r0"))
            with shopify.sending():
                for number in range(1, 3):
                    more()
                    new = releases.enter_context(release(values, listening, tmp_path, f"r{number}"))
                    more()
                    assert old.stop() == 0, old.said()
                    more()
                    old = new
        assert shopify.troubles == []
    found = asyncio.run(stored(url))
    assert len(found) == len(set(found))
    assert set(shopify.accepted) == set(found)
