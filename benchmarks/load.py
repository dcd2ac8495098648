"""A load of HTTP requests over kept connections, light enough that the server is what is measured."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import uvloop

from benchmarks.figures import quantile
from benchmarks.processes import Server
from benchmarks.sizes import Size

AT_ONCE = 64

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Refused(Exception):
    """The server answered with another status than the benchmark is about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and seconds until its last byte was here."""

    status: int
    body: bytes
    seconds: float


@dataclass(slots=True)
class Load:
    """What a load came to: answers in its window, how long each took, and the server's processor seconds."""

    seconds: float
    times: list[float] = field(default_factory=list)
    processor: float = 0
    database: float = 0
    """Processor seconds of the database server in the same window, as far as it was asked."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the server's processor for an answer; other programs on the machine hardly change it."""
        return self.processor / len(self.times) * 1e6

    @property
    def database_cost(self) -> float:
        """Microseconds of the database server's processor for an answer."""
        return self.database / len(self.times) * 1e6

    def add(self, other: "Load") -> None:
        """Count another load's answers too."""
        self.seconds += other.seconds
        self.times += other.times
        self.processor += other.processor
        self.database += other.database

    def milliseconds(self, share: float) -> float:
        """Return the time within which that share of requests was answered."""
        return quantile(self.times, share) * 1000


class Connection(asyncio.Protocol):
    """One kept connection; a request is answered before the next is sent."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parts = bytearray()
        self._awaited: int | None = None
        self._start = 0.0
        self._then: Callable[[Answer], None] | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, request: bytes, then: Callable[[Answer], None]) -> None:
        """Send a request; ``then`` is called with its answer."""
        assert self._transport is not None
        self._then, self._awaited, self._start = then, None, perf_counter()
        self._parts.clear()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect an answer and hand it over when it is whole."""
        self._parts += data
        if self._awaited is None:
            end = self._parts.find(_END)
            if end < 0:
                return
            head = bytes(self._parts[:end]).lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) :].partition(b"\r\n")[0]) if at >= 0 else 0
            self._awaited = end + len(_END) + length
        if len(self._parts) >= self._awaited and self._then is not None:
            seconds, whole = perf_counter() - self._start, bytes(self._parts)
            then, self._then = self._then, None
            then(Answer(int(whole[9:12]), whole.partition(_END)[2], seconds))

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


async def connect(port: int) -> Connection:
    """Open a connection to the server on this machine."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def ask(connection: Connection, request: bytes) -> Answer:
    """Send one request and return its answer. Raises ConnectionError when there is none."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    connection.send(request, answered.set_result)
    await asyncio.wait((answered, connection.lost), return_when=asyncio.FIRST_COMPLETED)
    if not answered.done():
        raise ConnectionError("the server closed the connection")
    return answered.result()


def in_turns(
    one: Server,
    other: Server,
    make: Callable[[], Iterator[bytes]],
    size: Size,
    database: Callable[[], float] = lambda: 0.0,
) -> tuple[Load, Load]:
    """Load two servers in short turns, so that whatever else the machine does meets both alike."""
    loads = (Load(0), Load(0))
    for _ in range(size.turns):
        for load, server in zip(loads, (one, other), strict=True):
            load.add(
                press(server, make(), warm=size.warm_seconds, seconds=size.turn_seconds, database=database)
            )
    return loads


def press(
    server: Server,
    requests: Iterator[bytes],
    *,
    warm: float,
    seconds: float,
    database: Callable[[], float] = lambda: 0.0,
) -> Load:
    """Keep 64 requests under way and count the answers of ``seconds`` seconds after ``warm``. Raises Refused."""
    return uvloop.run(_press(server, requests, warm, seconds, database))


async def _press(
    server: Server, requests: Iterator[bytes], warm: float, seconds: float, database: Callable[[], float]
) -> Load:
    connections = [await connect(server.port) for _ in range(AT_ONCE)]
    begin = perf_counter() + warm
    end, load = begin + seconds, Load(seconds)
    refused: list[Answer] = []

    def drive(connection: Connection) -> None:
        def then(answer: Answer) -> None:
            now = perf_counter()
            if answer.status != 200:
                refused.append(answer)
                connection.close()
                return
            if begin <= now < end:
                load.times.append(answer.seconds)
            if now < end:
                connection.send(next(requests), then)
            else:
                connection.close()

        connection.send(next(requests), then)

    for connection in connections:
        drive(connection)
    loop, used = asyncio.get_running_loop(), [(0.0, 0.0)]

    def look() -> None:
        used.append((server.processor(), database()))

    loop.call_later(warm, look)
    loop.call_later(warm + seconds, look)
    with suppress(TimeoutError):
        async with asyncio.timeout(warm + seconds + 30):
            await asyncio.gather(*(connection.lost for connection in connections))
    if refused:
        raise Refused(f"{len(refused)} answers like {refused[0].status} {refused[0].body[:200]!r}")
    if not load.times:
        raise Refused("nothing was answered")
    if len(used) < 3:
        look()
    load.processor, load.database = (after - before for before, after in zip(used[-2], used[-1], strict=True))
    return load
