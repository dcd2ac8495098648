"""Whether a port can be had: asked before a server starts, which could only answer with a traceback."""

import socket

from plugin.errors import ConfigurationError


def expect_free(host: str, port: int) -> None:
    """Raise ConfigurationError where nothing can listen at this port."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can listen on {host} port {port}: choose another --port."
        ) from error
