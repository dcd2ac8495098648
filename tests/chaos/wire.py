"""A TCP connection that somebody else can break: what lies between the program and what it talks to."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from tests.ports import free_port

Trouble = Literal["none", "refused", "stalled", "cut", "throttled", "down", "garbage", "half"]

ANSWERS: dict[Trouble, bytes] = {
    "throttled": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "down": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad",
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\nConnection: close\r\n\r\n<!doctype",
    "half": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"data": {"shop": {"na',
}
"""What is said in the other side's place to each request; the other side never hears of it."""

_GONE = (OSError, EOFError, asyncio.IncompleteReadError)
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """Forwards connections to ``target`` while there is no trouble.

    ``refused`` resets each new connection; ``stalled`` carries nothing; ``cut`` lets a request through and resets in
    the middle of its answer, so that what was asked for is done and nobody hears of it.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._trouble: Trouble = "none"
        self._loop = asyncio.new_event_loop()
        self._clear = asyncio.Event()
        self._clear.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """Break what is open and stop listening."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, trouble: Trouble) -> None:
        """Make this trouble from now on."""
        self._loop.call_soon_threadsafe(self._set, trouble)

    def reset(self) -> None:
        """Reset every open connection."""
        self._loop.call_soon_threadsafe(self._reset)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)

    def _run(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _set(self, trouble: Trouble) -> None:
        self._trouble = trouble
        if trouble == "stalled":
            self._clear.clear()
        else:
            self._clear.set()

    def _reset(self) -> None:
        for writer in list(self._open):
            _break(writer)

    async def _end(self) -> None:
        self._set("refused")
        if self._server is not None:
            self._server.close()
        self._reset()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        other: asyncio.StreamWriter | None = None
        try:
            if self._trouble == "refused":
                return
            answers, other = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(other)
            ways = (self._carry(reader, other, writer), self._answer(answers, writer))
            both = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in both:
                    way.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        except _GONE:
            """The other side is not there."""
        finally:
            for one in (writer, other):
                if one is not None:
                    self._open.discard(one)
                    _end(one)

    async def _carry(
        self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(*_GONE):
            while data := await reader.read(65_536):
                await self._clear.wait()
                if (said := ANSWERS.get(self._trouble)) is not None:
                    back.write(said)
                    await back.drain()
                    return
                there.write(data)
                await there.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*_GONE):
            while data := await reader.read(65_536):
                await self._clear.wait()
                if self._trouble == "cut":
                    writer.write(data[: len(data) // 2])
                    _break(writer)
                    return
                writer.write(data)
                await writer.drain()


def _break(writer: asyncio.StreamWriter) -> None:
    """Reset a connection: whoever is at its other end gets an error, not an end."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


def _end(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.close()


@contextmanager
def wire(target: int) -> Iterator[Wire]:
    """A wire to a port of this machine."""
    made = Wire(target)
    made.start()
    try:
        yield made
    finally:
        made.stop()
