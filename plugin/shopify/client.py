"""Our Admin GraphQL client: throttled by what Shopify says, patient within bounds, silent about contents.

A query is tried again where nothing was answered. A mutation is tried again only where Shopify certainly did not
carry it out; otherwise ``Unreachable`` says that its outcome is unknown and the caller looks first.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog

from plugin import metrics
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.shopify.documents import API_VERSION, Document
from plugin.shopify.errors import AccessDenied, Disconnected, Misunderstood, Throttled, Unreachable
from plugin.shopify.exchange import GraphError, backoff, graph_errors, parsed, post, retry_after
from plugin.shopify.throttle import Bucket
from plugin.shopify.tokens import Link, access_token
from plugin.shops import Shop

TRIES = 4
"""Attempts at one call before the task that made it backs off."""

PATIENCE = 20.0
"""Seconds one call spends on waiting, all attempts together."""

TOO_DEAR = "MAX_COST_EXCEEDED"
"""Shopify's code for a document whose cost no bucket allows; a smaller page may pass."""

_SHUT = {402: "is frozen", 403: "is locked", 404: "does not exist", 423: "is locked"}
_random = random.SystemRandom()
_log = structlog.get_logger("plugin.shopify")


@dataclass(frozen=True, slots=True)
class Result:
    """The data of an answer, and what of it was withheld; ``cost`` in the points of Shopify's call limit."""

    data: Mapping[str, Any] = field(repr=False)
    errors: tuple[GraphError, ...] = ()
    cost: float = 0.0


class _TokenRefused(Exception):
    """401: the token is dead before its time."""


class _HeldBack(Throttled):
    """Not even sent, because the shop's bucket is known to be empty."""


_OUTCOMES: Mapping[type[Exception], str] = {
    _HeldBack: "held_back",
    Throttled: "throttled",
    _TokenRefused: "token_refused",
    AccessDenied: "denied",
    Disconnected: "disconnected",
    Misunderstood: "misunderstood",
}


@contextmanager
def _counted() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        metrics.CALLS.labels(_OUTCOMES.get(type(error), "unreachable")).inc()
        raise
    metrics.CALLS.labels("answered").inc()


class Gateway:
    """The door to every shop's Admin API. One a process: it remembers what each shop's call limit allows."""

    def __init__(
        self,
        config: Config,
        db: Database,
        keyring: Keyring,
        http: httpx.AsyncClient,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.link = Link(config, db, keyring, http)
        self._sleep = sleep
        self._monotonic = monotonic
        self._buckets: dict[int, Bucket] = {}

    async def execute(
        self, shop: Shop, document: Document, variables: Mapping[str, Any] | None = None
    ) -> Result:
        """Run the document at the shop and return its data, partial data with the errors that explain it.

        Raises Unreachable, Throttled, Disconnected, AccessDenied or Misunderstood.
        """
        bucket = self._buckets.setdefault(shop.id, Bucket())
        refused: str | None = None
        token, waited, attempt = "", 0.0, 0
        while True:
            try:
                token = await access_token(self.link, shop.id, datetime.now(UTC), refused=refused)
                with _counted():
                    return await self._attempt(shop, bucket, document, variables, token)
            except _TokenRefused:
                if refused is not None:
                    raise Disconnected(
                        "Shopify refuses this shop's token: the app must be opened once."
                    ) from None
                refused = token
            except Unreachable as error:
                attempt += not isinstance(error, _HeldBack)
                pause = error.wait if error.wait is not None else backoff(attempt)
                too_late = attempt >= TRIES or waited + pause > PATIENCE
                if too_late or (error.unknown and document.mutates):
                    _log.warning("admin_api_gave_up", document=document.name, reason=type(error).__name__)
                    raise
                waited += pause
                await self._sleep(pause)

    async def _attempt(
        self,
        shop: Shop,
        bucket: Bucket,
        document: Document,
        variables: Mapping[str, Any] | None,
        token: str,
    ) -> Result:
        cost = bucket.cost(document.name)
        pause = bucket.take(cost, self._monotonic())
        if pause > 0:
            raise _HeldBack("This shop's call limit is used up.", wait=pause + _random.uniform(0.01, 0.2))
        try:
            with metrics.timed(metrics.CALL_SECONDS):
                status, headers, body = await post(
                    self.link.http, self._address(shop), document, variables, token
                )
        finally:
            bucket.give_back(cost)
        _check_status(status, headers)
        return _read(body, document, bucket, self._monotonic())

    def _address(self, shop: Shop) -> str:
        return f"{self.link.config.shop_origin(shop.handle)}/admin/api/{API_VERSION}/graphql.json"


def _check_status(status: int, headers: httpx.Headers) -> None:
    if status == 200:
        return
    if status == 401:
        raise _TokenRefused
    if status in {429, 430}:
        raise Throttled("This shop's call limit is used up.", wait=retry_after(headers, default=1.0))
    if status in _SHUT:
        raise Disconnected(f"Shopify says that this shop {_SHUT[status]}.")
    if status >= 500:
        wait = retry_after(headers, default=None)
        raise Unreachable(f"Shopify answers {status}.", unknown=True, wait=wait)
    raise Misunderstood(f"Shopify answers {status}.")


def _read(body: bytes, document: Document, bucket: Bucket, now: float) -> Result:
    answer = parsed(body)
    extensions = answer.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    errors = graph_errors(answer)
    data = answer.get("data")
    codes = {error.code for error in errors}
    if TOO_DEAR not in codes:
        bucket.learn(document.name, cost, now)
        metrics.COST_LEFT.observe(bucket.left(now))
    if "THROTTLED" in codes:
        pause = bucket.wait(document.name, now) + _random.uniform(0, 0.2)
        raise Throttled("This shop's call limit is used up.", wait=pause)
    if isinstance(data, dict) and (not errors or any(value is not None for value in data.values())):
        return Result(data, errors, bucket.cost(document.name))
    if "ACCESS_DENIED" in codes:
        raise AccessDenied(
            f"Shopify withholds what {document.name} asks for: a scope or an approval is missing."
        )
    if errors and "INTERNAL_SERVER_ERROR" not in codes:
        raise Misunderstood(f"Shopify rejects {document.name}: {', '.join(sorted(codes))}.", codes=codes)
    raise Unreachable("Shopify failed inside.", unknown=True)
