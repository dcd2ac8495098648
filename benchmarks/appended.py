"""The baseline of durable accept: the same server and signature, and bodies appended to one file.

Requests that wait at the same time share one fdatasync. Run as ``python -m benchmarks.appended PORT FILE``.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from queue import Empty, SimpleQueue
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from benchmarks.processes import SECRET
from plugin.guards import webhook_hmac_ok
from plugin.serving import OPTIONS
from webhooks.receive import MOST_BYTES, Receive, Send, read_body

_HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"7")]


class File:
    """Appends in a thread of its own; whoever waits is told after the data is on the disk."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._queue: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._drain, daemon=True).start()

    async def append(self, body: bytes) -> None:
        """Return when the body is on the disk."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((body, future))
        await future

    def _drain(self) -> None:
        while True:
            waiting = [self._queue.get()]
            while len(waiting) < 256:
                try:
                    waiting.append(self._queue.get_nowait())
                except Empty:
                    break
            os.write(self._file, b"".join(body for body, _ in waiting))
            os.fdatasync(self._file)
            self._loop.call_soon_threadsafe(_tell, [future for _, future in waiting])


def _tell(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class Appended:
    """The same path, proof and answer as the app's door for webhooks."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one delivery."""
        body = await read_body(receive, MOST_BYTES)
        given = next((value for name, value in scope["headers"] if name == b"x-shopify-hmac-sha256"), b"")
        proved = body is not None and webhook_hmac_ok(body, given.decode("ascii"), (SECRET,))
        if proved and body is not None:
            await scope["state"]["file"].append(body)
        await send({"type": "http.response.start", "status": 200 if proved else 401, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"Stored."})


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    sys.setswitchinterval(0.0005)
    yield {"file": File(sys.argv[2])}


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/webhooks/shopify", Appended())], lifespan=_lifespan),
        port=int(sys.argv[1]),
        **OPTIONS,
    )
