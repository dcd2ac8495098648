"""One GraphQL request to Shopify and its answer, whichever API: bounded in time and length, silent about contents."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from plugin.shopify.documents import Document
from plugin.shopify.errors import Unreachable

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
"""Silence of this many seconds ends an attempt."""

CALL_SECONDS = 40.0
"""No attempt lasts longer, however slowly the answer trickles."""

ANSWER_BYTES = 16 * 1024 * 1024
"""A longer answer is no answer."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class GraphError:
    """One entry of an answer's ``errors``: which part of the data is missing, and why."""

    code: str
    path: tuple[str, ...]
    message: str = field(repr=False)


async def post(
    http: httpx.AsyncClient,
    url: str,
    document: Document,
    variables: Mapping[str, Any] | None,
    token: str,
    *,
    seconds: float = CALL_SECONDS,
) -> tuple[int, httpx.Headers, bytes]:
    """Send the document and return status, headers and body. Raises Unreachable, ``unknown`` once it was sent."""
    request = http.build_request(
        "POST",
        url,
        json={"query": document.text, "variables": dict(variables or {})},
        headers={"X-Shopify-Access-Token": token, "Accept": "application/json"},
        timeout=TIMEOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(request, stream=True, follow_redirects=False)
            try:
                return response.status_code, response.headers, await _bounded(response)
            finally:
                await response.aclose()
    except _NOT_SENT as error:
        raise Unreachable("Shopify cannot be reached.") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise Unreachable("Shopify did not answer.", unknown=True) from error


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise Unreachable("Shopify's answer is too long.", unknown=True)
    return bytes(body)


def parsed(body: bytes) -> dict[str, Any]:
    """Return an answer's object. Raises Unreachable for anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable("Shopify's answer is not JSON.", unknown=True) from error
    if not isinstance(answer, dict):
        raise Unreachable("Shopify's answer is not an answer.", unknown=True)
    return answer


def graph_errors(answer: Mapping[str, Any]) -> tuple[GraphError, ...]:
    """Return the entries of an answer's ``errors``."""
    found = answer.get("errors")
    if isinstance(found, str):
        return (GraphError("UNKNOWN", (), found),)
    if not isinstance(found, Sequence):
        return ()
    return tuple(_error(entry) for entry in found)


def _error(entry: object) -> GraphError:
    known = entry if isinstance(entry, dict) else {}
    extensions, path = known.get("extensions"), known.get("path")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    steps = tuple(str(step) for step in path) if isinstance(path, list) else ()
    return GraphError(str(code or "UNKNOWN"), steps, str(known.get("message") or ""))


def retry_after(headers: httpx.Headers, *, default: float | None) -> float | None:
    """Return how many seconds Shopify asks to wait, else the default."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return default
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return default
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def backoff(attempt: int) -> float:
    """Return the seconds to wait after that many attempts."""
    return _random.uniform(0.5, 1.0) * 0.25 * 2.0**attempt
