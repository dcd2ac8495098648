"""The HTTP client that reaches shops; where a library insists on Shopify's own address, the configured one takes its place."""

import ssl
from functools import cache

import httpx

from plugin.config import Config
from plugin.shopify.names import handle_of

CONNECT_SECONDS = 5.0
"""A connection not made in this time is not made."""

READ_SECONDS = 15.0
"""Silence of this length ends a request."""


LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=20)


class OriginTransport(httpx.AsyncBaseTransport):
    """Sends what is meant for ``https://{shop}.myshopify.com`` to the configured origin.

    What names that origin already passes; anything else is refused.
    """

    def __init__(self, config: Config, inner: httpx.AsyncBaseTransport) -> None:
        self._config = config
        self._inner = inner
        self._origin = _place(httpx.URL(config.shop_origin("any")))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward with the address and the Host header of the configured origin."""
        if _place(request.url) == self._origin:
            return await self._inner.handle_async_request(request)
        handle = handle_of(request.url.host)
        if handle is None or request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("only shops are reached by this client", request=request)
        url = httpx.URL(self._config.shop_origin(handle) + request.url.raw_path.decode("ascii"))
        kept = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        headers = [(b"Host", url.netloc), *kept]
        forwarded = httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        return await self._inner.handle_async_request(forwarded)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates count; reading them takes as long as a small request, so it is done once."""
    return httpx.create_ssl_context()


def shop_client(config: Config) -> httpx.AsyncClient:
    """The client for all shops; redirects are never followed, so that a token stays where it belongs."""
    return httpx.AsyncClient(
        transport=OriginTransport(config, httpx.AsyncHTTPTransport(verify=_trusted(), limits=LIMITS)),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )


def partner_client() -> httpx.AsyncClient:
    """The client for the Partner API, which is asked four times a second at most; redirects are never followed."""
    return httpx.AsyncClient(
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=2),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )


def _place(url: httpx.URL) -> tuple[str, str, int | None]:
    return (url.scheme, url.host, url.port)
