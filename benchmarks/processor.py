"""Processor seconds and memory of processes and of a database server's many, as the system counts them."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers import PostgresServer

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Used:
    parent: int
    own: int
    children: int


def processor_of(pid: int) -> float:
    """Return the processor seconds a process has used, user's and system's."""
    return _used(pid).own / _TICKS


def processor_of_server(server: PostgresServer) -> float:
    """Return the processor seconds of all processes of the database server, of those that have ended too."""
    first = _first(server)
    used = _used(first)
    return (used.own + used.children + sum(one.own for one in _children(first).values())) / _TICKS


def peak_kib(pid: int) -> int:
    """Return the most memory a process ever held, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def peak_kib_of_server(server: PostgresServer) -> int:
    """Return the peak of the database server's largest connection, shared buffers that it touched included."""
    found = [0]
    for pid in _children(_first(server)):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(peak_kib(pid))
    return max(found)


def _first(server: PostgresServer) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def _children(parent: int) -> dict[int, _Used]:
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                used = _used(int(path.name))
                if used.parent == parent:
                    found[int(path.name)] = used
    return found


def _used(pid: int) -> _Used:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return _Used(int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))
