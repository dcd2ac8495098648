"""TCP ports of this machine for servers that are told where to listen."""

import random
import socket
from collections.abc import Iterator
from itertools import cycle

FIRST, LAST = 20_000, 31_999
"""Below what systems hand out by themselves: no connection going out can take a port between its choice and its use."""

_start = random.SystemRandom().randint(FIRST, LAST)  # several sessions may run at once
_numbers: Iterator[int] = cycle([*range(_start, LAST + 1), *range(FIRST, _start)])


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now; not the same again for a long time."""
    return next(port for port in _numbers if _is_free(port))


def free_pair() -> int:
    """A port that nobody listens on, nor on the next."""
    return next(port for port in _numbers if _is_free(port) and _is_free(port + 1) and next(_numbers))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
