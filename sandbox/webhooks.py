"""Webhooks out: signed deliveries with Shopify's headers, time-outs and retries, and the ways in which they go wrong."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from sandbox.appconfig import AppConfig, reduced
from sandbox.money import Body
from sandbox.state import Shop, State
from sandbox.tokens import webhook_hmac

RETRIES = 8
FIRST_WAIT = 56.5  # doubled eight times: four hours in all
CONNECT_SECONDS = 1.0
WHOLE_SECONDS = 5.0
AT_ONCE = 32


@dataclass(slots=True)
class Delivery:
    """One webhook on its way: what is sent, and what became of each attempt (a status, or None for no answer)."""

    topic: str
    shop: str
    uri: str
    headers: dict[str, str]
    body: bytes
    state: Literal["waiting", "accepted", "dropped", "failed"] = "waiting"
    attempts: list[int | None] = field(default_factory=list)
    copy: bool = False
    sign: Callable[[], Mapping[str, str]] | None = None
    """Headers that are made anew for each attempt."""

    @property
    def webhook_id(self) -> str:
        """The id on which a receiver tells duplicates."""
        return self.headers["X-Shopify-Webhook-Id"]

    @property
    def payload(self) -> Body:
        """The body as sent, parsed."""
        parsed: Body = json.loads(self.body)
        return parsed


def deliveries(
    state: State, shop: Shop, events: Iterable[tuple[str, Body]], triggered_at: datetime
) -> list[Delivery]:
    """Build the deliveries of one merchant action: one for each subscription of each topic, sharing an event id."""
    event_id = str(uuid.uuid4())
    return [
        _delivery(state, shop, topic, body, sub.uri, sub.include_fields, sub.name, event_id, triggered_at)
        for topic, body in events
        for sub in state.config.subscribed(topic, shop.scopes)
    ]


def _delivery(
    state: State,
    shop: Shop,
    topic: str,
    body: Body,
    uri: str,
    include_fields: tuple[str, ...] | None,
    name: str | None,
    event_id: str,
    triggered_at: datetime,
) -> Delivery:
    raw = json.dumps(reduced(body, include_fields), ensure_ascii=False, separators=(",", ":")).encode()
    headers = webhook_headers(
        state.client_secret, state.config, shop.domain, topic, raw, event_id, triggered_at
    )
    if name is not None:
        headers["X-Shopify-Name"] = name
    return Delivery(topic, shop.handle, uri, headers, raw)


def webhook_headers(
    secret: str,
    config: AppConfig,
    shop_domain: str,
    topic: str,
    raw: bytes,
    event_id: str,
    triggered_at: datetime,
) -> dict[str, str]:
    """Return the headers of one delivery, with a webhook id of its own."""
    stamp = triggered_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop_domain,
        "X-Shopify-API-Version": config.api_version,
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": event_id,
        "X-Shopify-Triggered-At": f"{stamp}000Z",
        "X-Shopify-Hmac-Sha256": webhook_hmac(secret, raw),
    }


class Sender:
    """Sends deliveries from the server's own loop; `put` may be called from any thread, before the start too.

    ``scale`` shortens the waits between attempts (1.0 is Shopify's four hours). While ``on_hold`` is true nothing
    starts; call `release` after setting it to false.
    """

    def __init__(self, state: State, *, scale: float, seed: int = 0) -> None:
        self.log: list[Delivery] = []
        self.on_hold = False
        self._state = state
        self._scale = scale
        self._random = random.Random(seed)
        self._held: deque[Delivery] = deque()
        self._gathered: dict[str, list[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None
        self._open = asyncio.Semaphore(AT_ONCE)
        self._changed = threading.Condition()

    def put(self, batch: Iterable[Delivery]) -> None:
        """Send deliveries as soon as the sender runs and knows where the app is."""
        with self._changed:
            for delivery in batch:
                self.log.append(delivery)
                self._held.append(delivery)
        self.release()

    def release(self) -> None:
        """Start what was held back until now; harmless when nothing was."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._start_held)

    async def start(self) -> None:
        """Begin to send, on the running loop."""
        self._loop = asyncio.get_running_loop()
        limits = httpx.Limits(max_connections=AT_ONCE)
        timeout = httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False)
        self._start_held()

    async def stop(self) -> None:
        """Stop sending; what is under way is given up."""
        self._loop = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is on its way any more; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: all(one.state != "waiting" for one in self.log), seconds)

    def _start_held(self) -> None:
        if self._state.app_url is None or self._loop is None or self.on_hold:
            return
        while self._held:
            self._schedule(self._held.popleft())

    def _schedule(self, delivery: Delivery) -> None:
        switches = self._state.shops[delivery.shop].switches
        if self._random.random() < switches.drop:
            self._finish(delivery, "dropped")
            return
        copies = [delivery]
        if self._random.random() < switches.duplicate:
            copies.append(replace(delivery, copy=True, attempts=[]))
            self.log.append(copies[1])
        if not switches.reorder:
            for one in copies:
                self._spawn(self._deliver(one, switches.delay))
            return
        gathered = self._gathered.setdefault(delivery.shop, [])
        if not gathered:
            self._spawn(self._deliver_gathered(delivery.shop, switches.reorder + switches.delay))
        gathered += copies

    async def _deliver_gathered(self, shop: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        batch = self._gathered.pop(shop)
        shuffled = self._random.sample(batch, len(batch))
        if shuffled == batch:
            shuffled.reverse()
        for delivery in shuffled:
            # One after the other, or the order would be the network's again.
            if not await self._is_accepted(delivery):
                self._spawn(self._retry(delivery))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        await asyncio.sleep(delay)
        if not await self._is_accepted(delivery):
            await self._retry(delivery)

    async def _retry(self, delivery: Delivery) -> None:
        for attempt in range(RETRIES):
            await asyncio.sleep(self._scale * FIRST_WAIT * 2**attempt)
            if await self._is_accepted(delivery):
                return
        self._finish(delivery, "failed")

    async def _is_accepted(self, delivery: Delivery) -> bool:
        status = await self._attempt(delivery)
        delivery.attempts.append(status)
        if status is None or not 200 <= status < 300:
            return False
        self._finish(delivery, "accepted")
        return True

    async def _attempt(self, delivery: Delivery) -> int | None:
        if self._client is None:
            return None
        url = delivery.uri if "://" in delivery.uri else f"{self._state.app_url}{delivery.uri}"
        headers = delivery.headers | dict(delivery.sign() if delivery.sign else {})
        try:
            async with self._open, asyncio.timeout(WHOLE_SECONDS):
                answer = await self._client.post(url, content=delivery.body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            return None
        return answer.status_code

    def _finish(self, delivery: Delivery, state: Literal["accepted", "dropped", "failed"]) -> None:
        with self._changed:
            delivery.state = state
            self._changed.notify_all()
