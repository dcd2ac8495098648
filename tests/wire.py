"""A wire to a server on this machine that may be cut, held still or disturbed, as real networks and servers do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """What passes between clients and the server; what it does is changed while they speak."""

    target: int
    port: int = 0
    still: asyncio.Event = field(default_factory=asyncio.Event)
    instead: bytes | None = None
    cut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.still.set()

    def reset(self) -> None:
        """Break every connection off, as a server that dies."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        if self.cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        mine = {writer, back}
        self._open |= mine
        ways = [
            asyncio.create_task(self._carry(reader, back)),
            asyncio.create_task(self._carry(there, writer, answers=True)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in mine:
            one.transport.abort()
        await asyncio.wait(ways)
        self._tasks.difference_update(ways)
        self._open -= mine

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self.still.wait()
                writer.write(self.instead if answers and self.instead is not None else data)
                await writer.drain()

    async def end(self) -> None:
        """Let go of everything."""
        self.still.set()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A wire to the server on that port, itself reached on a port of its own."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.end()
        await server.wait_closed()
