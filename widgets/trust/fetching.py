"""The one way by which an address that a merchant typed is fetched, so that it cannot reach inside a network.

A host is resolved once; unless each of its addresses is public nothing is sent, and the connection goes to the very
address that was judged, so that a name that answers differently a moment later gains nothing. The certificate must be
the host's. Redirects stay with the issuer. All of it together has a time limit, and no more than a megabyte is read.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpcore

from widgets.trust.addresses import Allowed, is_public
from widgets.trust.results import Result

MOST_BYTES = 1024 * 1024
MOST_REDIRECTS = 5
LIMIT = 10.0
"""Seconds for everything together, name service and redirects included."""

_OK, _SERVER_ERRORS = 200, 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSED = frozenset({401, 403, 451})
_BUSY = frozenset({408, 425, 429})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_ASKS_FOR = [("Accept", "text/html"), ("Accept-Encoding", "identity"), ("User-Agent", "Dankbar (seal check)")]

Owns: TypeAlias = Callable[[str], bool]
"""Whether a host is the issuer's."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


class NoPage(Exception):
    """There is no page to read, and why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.value)
        self.result = result


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as this machine's resolver knows them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How pages are fetched; what is not given is what production needs."""

    allowed: Allowed = is_public
    resolve: Resolve = resolved
    context: ssl.SSLContext | None = None
    limit: float = LIMIT

    async def page(self, url: str, owns: Owns) -> bytes:
        """Return the first megabyte of an HTML page of an issuer. Raises NoPage."""
        try:
            async with asyncio.timeout(self.limit):
                return await self._follow(url, owns)
        except TimeoutError:
            raise NoPage(Result.SLOW) from None

    async def _follow(self, url: str, owns: Owns) -> bytes:
        port = urlsplit(url).port
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._ask(url)
            if isinstance(answer, bytes):
                return answer
            url = _joined(url, answer)
            if not _stays(url, port, owns):
                break
        raise NoPage(Result.ELSEWHERE)

    async def _ask(self, url: str) -> bytes | str:
        """Return the page, or where else it is."""
        backend = _Judged(self.allowed, self.resolve)
        try:
            async with AsyncExitStack() as stack:
                pool = httpcore.AsyncConnectionPool(
                    ssl_context=self.context, network_backend=backend, max_connections=1, http2=False
                )
                await stack.enter_async_context(pool)
                response = await stack.enter_async_context(pool.stream("GET", url, headers=_ASKS_FOR))
                return await _answer(response)
        except httpcore.TimeoutException:
            raise NoPage(Result.SLOW) from None
        except httpcore.ConnectError as error:
            raise NoPage(Result.UNTRUSTED if _is_about_trust(error) else Result.UNREACHED) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
            raise NoPage(Result.UNREACHED) from None


class _Judged(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged, never to a name."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve the host once, and connect to the first address that answers. Raises NoPage."""
        try:
            addresses = list(dict.fromkeys(await self._resolve(host, port)))
        except OSError:
            raise NoPage(Result.UNRESOLVED) from None
        if not addresses:
            raise NoPage(Result.UNRESOLVED)
        if not all(self._allowed(ip_address(address)) for address in addresses):
            raise NoPage(Result.PRIVATE)
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        raise NoPage(Result.UNREACHED)


async def _answer(response: httpcore.Response) -> bytes | str:
    headers = {name.lower(): value for name, value in reversed(response.headers)}
    if response.status in _REDIRECTS and b"location" in headers:
        return headers[b"location"].decode("latin-1")
    if response.status in _BUSY or response.status >= _SERVER_ERRORS:
        raise NoPage(Result.BUSY)
    if response.status in _REFUSED:
        raise NoPage(Result.REFUSED)
    if response.status != _OK:
        raise NoPage(Result.ABSENT)
    if not _is_readable(headers):
        raise NoPage(Result.NO_PAGE)
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= MOST_BYTES:
            break
    return bytes(body[:MOST_BYTES])


def _is_readable(headers: Mapping[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    return kind in _HTML and headers.get(b"content-encoding", b"identity").strip().lower() == b"identity"


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        return ""


def _stays(url: str, port: int | None, owns: Owns) -> bool:
    try:
        parts = urlsplit(url)
        there = (parts.scheme, parts.port, parts.username, parts.password)
    except ValueError:
        return False
    return there == ("https", port, None, None) and url.isascii() and owns((parts.hostname or "").lower())


def _is_about_trust(error: BaseException) -> bool:
    """A failed handshake is a ConnectError too; what caused it tells."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
