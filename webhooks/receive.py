"""The door for webhooks: prove, store once, answer 200. No topic's meaning is known here.

The answer leaves after the row is on the disk; requests that wait at the same time share one commit.
"""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from time import perf_counter
from typing import Any, cast

import structlog
from prometheus_client import Counter
from sqlalchemy import Connection

from plugin import metrics
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.guards import webhook_hmac_ok
from plugin.shopify.names import handle_of
from plugin.wake import Bells
from webhooks import inbox
from webhooks.inbox import Received

MOST_BYTES = 2 * 1024 * 1024
MOST_WAITING = 4096
"""Webhooks that wait for their commit; beyond that the sender is told to come back."""

MOST_HELD = 64 * 1024 * 1024
"""Bytes of bodies that are read or wait for their commit; what comes beyond is not even read."""

READ_SECONDS = 10
"""A body that takes longer to arrive gives its room back."""

LANES = {"sqlite": 1, "postgresql": 2}
"""Writes that may be under way: PostgreSQL syncs one while the next is collected; SQLite's writer has one at a time."""

INBOX_BELL = "inbox"

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = structlog.get_logger()


class Full(Exception):
    """There is no room for more; the sender is told to come back."""


class Door:
    """Collects accepted webhooks and stores all that wait in one write, several at once where that is faster."""

    def __init__(self, db: Database, keyring: Keyring, bells: Bells) -> None:
        self._db = db
        self._keyring = keyring
        self._bells = bells
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._lanes = LANES[db.dialect]
        self._storing: set[asyncio.Task[None]] = set()
        self._count = 0
        self.held = 0

    def take(self, size: int) -> None:
        """Take room for so many bytes, to be given back by ``held -= size``. Raises Full."""
        if self.held + size > MOST_HELD:
            raise Full
        self.held += size

    async def put(self, received: Received) -> None:
        """Return when the webhook is stored durably; raises what the database raised, and then nothing is stored."""
        if self._count >= MOST_WAITING:
            raise Full
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((received.row(self._keyring), future))
        self._count += 1
        if len(self._storing) < self._lanes:
            self._storing.add(asyncio.create_task(self._store()))
        try:
            await future
        finally:
            self._count -= 1

    async def _store(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._store_batch(batch)
        finally:
            self._storing.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _store_batch(self, batch: list[tuple[dict[str, Any], asyncio.Future[None]]]) -> None:
        rows = sorted((row for row, _ in batch), key=lambda row: (row["webhook_id"], row["shop"]))

        def work(conn: Connection) -> None:
            inbox.store(conn, rows)

        try:
            await self._db.write(work)
        except Exception as error:  # noqa: BLE001 whoever waits must be told
            log.error("webhooks not stored", count=len(rows), error=type(error).__name__)
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for _, future in batch:
            if not future.done():
                future.set_result(None)
        self._bells.ring(INBOX_BELL)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and one sentence; ``retry`` adds Retry-After in seconds."""

    status: int
    text: str
    retry: int | None = None


class Webhooks(ABC):
    """One vendor's door as a plain ASGI application (contract section 4, semantics 27); a subclass proves."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one delivery."""
        request_id, start = secrets.token_hex(8), perf_counter()
        answer = await self._answer(scope, receive, request_id)
        _answered(answer.status).inc()
        metrics.ACCEPTING.observe(perf_counter() - start)
        await _respond(send, answer, request_id)

    async def _answer(self, scope: Mapping[str, Any], receive: Receive, request_id: str) -> Answer:
        if scope["method"] != "POST":
            return Answer(405, "Webhooks are sent by POST.")
        door: Door = scope["state"]["door"]
        before = _Held(door)
        try:
            body = await read_body(receive, MOST_BYTES, before.take)
            if body is None:
                return Answer(413, "The body is larger than 2 MB.")
            proved = self.proved(scope, body)
            return proved if isinstance(proved, Answer) else await store(door, proved, request_id)
        except Full:
            return _later("Too much waits to be stored; please send it again.")
        except TimeoutError:
            return Answer(408, "The body took too long.")
        finally:
            before.give_back()

    @abstractmethod
    def proved(self, scope: Mapping[str, Any], body: bytes) -> Received | Answer:
        """Return what is to be stored, or the answer for what carries no good proof."""


class ShopifyWebhooks(Webhooks):
    """``POST /webhooks/shopify``."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def proved(self, scope: Mapping[str, Any], body: bytes) -> Received | Answer:
        """Prove by the HMAC over the body; the shop and the webhook's id are in the headers."""
        headers = _headers(scope)
        if headers is None or not webhook_hmac_ok(body, headers.get("hmac-sha256"), self._secrets):
            return Answer(401, "The signature is missing or wrong.")
        shop = handle_of(headers.get("shop-domain", "").lower())
        if shop is None:
            return Answer(401, "The shop header is missing or wrong.")
        webhook_id = headers.get("webhook-id", "")
        if not 0 < len(webhook_id) <= 120:
            return Answer(400, "The webhook id is missing.")
        return Received(
            source="shopify",
            shop=shop,
            webhook_id=webhook_id,
            topic=headers.get("topic", "")[:80],
            triggered_at=_instant(headers.get("triggered-at")),
            received_at=datetime.now(UTC),
            body=body,
        )


class _Held:
    """The room that one request takes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._size = 0

    def take(self, size: int) -> None:
        self._door.take(size)
        self._size += size

    def give_back(self) -> None:
        self._door.held -= self._size


def _later(text: str) -> Answer:
    return Answer(503, text, retry=5)


@cache
def _answered(status: int) -> Counter:
    return metrics.DELIVERIES.labels(status)


async def store(door: Door, received: Received, request_id: str) -> Answer:
    """Store a proved webhook; 503 only if it could not be stored."""
    try:
        await door.put(received)
    except Full:
        raise
    except Exception as error:  # noqa: BLE001 the sender is told to come back
        log.warning(
            "webhook refused",
            request=request_id,
            shop=received.shop,
            webhook=received.webhook_id,
            error=type(error).__name__,
        )
        return _later("The webhook could not be stored; please send it again.")
    return Answer(200, "Stored.")


async def read_body(
    receive: Receive, most: int, take: Callable[[int], None] = lambda size: None
) -> bytes | None:
    """Return the whole body, or None as soon as more than ``most`` bytes came; ``take`` is told of each part.

    Raises TimeoutError when the rest takes too long after its beginning.
    """
    message = await receive()
    first: bytes = message.get("body", b"")
    if len(first) > most:
        return None
    take(len(first))
    if not message.get("more_body", False):
        return first
    async with asyncio.timeout(READ_SECONDS):
        return await _rest(receive, first, most, take)


async def _rest(receive: Receive, first: bytes, most: int, take: Callable[[int], None]) -> bytes | None:
    chunks, size, more = [first], len(first), True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            return None
        take(len(chunk))
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _respond(send: Send, answer: Answer, request_id: str) -> None:
    body = answer.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
    ]
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    if answer.retry is not None:
        headers.append((b"retry-after", str(answer.retry).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(scope: Mapping[str, Any]) -> dict[str, str] | None:
    """Return Shopify's headers without their prefix (``x-shopify-`` or ``shopify-``); None when one is not ASCII."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if not name.startswith((b"x-shopify-", b"shopify-")):
            continue
        try:
            found.setdefault(name.decode("ascii").partition("shopify-")[2], value.decode("ascii"))
        except UnicodeDecodeError:
            return None
    return found


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None
