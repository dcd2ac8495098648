"""The client for a library that insists on ``https://{shop}.myshopify.com``: the configured origin takes its place."""

import httpx

from plugin.config import Config
from plugin.shopify.names import handle_of

CONNECT_SECONDS = 5.0
"""A connection not made in this time is not made."""

READ_SECONDS = 15.0
"""Silence of this length ends a request."""


class OriginTransport(httpx.AsyncBaseTransport):
    """Sends what is meant for ``https://{shop}.myshopify.com`` to the configured origin, and nothing anywhere else."""

    def __init__(self, config: Config, inner: httpx.AsyncBaseTransport) -> None:
        self._config = config
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward with the address and the Host header of the configured origin."""
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


def shop_client(config: Config) -> httpx.AsyncClient:
    """A client for one exchange; redirects are never followed, so that a token stays where it belongs."""
    return httpx.AsyncClient(
        transport=OriginTransport(config, httpx.AsyncHTTPTransport()),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )
