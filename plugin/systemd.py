"""What systemd hands to a process and wants to be told; without systemd nothing happens.

A socket that systemd holds outlives every process: while one release stops and another starts, connections wait in its
queue instead of being refused. sd_listen_fds(3) and sd_notify(3) describe both.
"""

import os
import socket
from collections.abc import Mapping

from plugin.errors import ConfigurationError

FIRST = 3
"""The number of the first file descriptor that is handed over."""


def handed_over(environ: Mapping[str, str]) -> socket.socket | None:
    """Return the listening socket that was handed to this process. Raises ConfigurationError for more than one."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    if environ.get("LISTEN_FDS") != "1":
        raise ConfigurationError("One listening socket is needed: name one ListenStream in the socket unit.")
    try:
        given = socket.socket(fileno=FIRST)
        listens = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigurationError("What LISTEN_FDS names is not a socket: start the socket unit.") from error
    if not listens:
        raise ConfigurationError("What LISTEN_FDS names does not listen: start the socket unit.")
    os.set_inheritable(FIRST, False)
    return given


def tell(environ: Mapping[str, str], state: str) -> None:
    """Tell who started this process that it is READY=1 or STOPPING=1; never fails."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    place = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.setblocking(False)
            told.sendto(state.encode(), place)
    except OSError:
        return
