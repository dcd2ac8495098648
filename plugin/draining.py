"""How connections end when the server is told to stop: whoever has connected is still answered."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

DRAIN = 0.5
"""Seconds for which a connection without a request stays open, since one may be on its way."""

_CLOSE = (b"connection", b"close")


class Draining(HttpToolsProtocol):
    """Answers what arrives until the end, and says with each answer that the connection ends."""

    def shutdown(self) -> None:
        """Begin to end: the server accepts no connection any more."""
        headers = self.server_state.default_headers
        if _CLOSE not in headers:
            self.server_state.default_headers = [*headers, _CLOSE]
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None at first
            self.loop.call_later(DRAIN, super().shutdown)
        else:
            super().shutdown()
