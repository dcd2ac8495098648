"""One core for what is measured, the others for the load and the database server; and the machine in neutral words."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _cores() -> set[int]:
    return os.sched_getaffinity(0)


_ALL = _cores()
MEASURED = {min(_ALL)}
OTHERS = (_ALL - MEASURED) or _ALL
_given = [MEASURED]


def stand_aside() -> None:
    """Leave the measured core; what is started from here, a database server too, stays off it."""
    os.sched_setaffinity(0, OTHERS)


def measure_alone(pid: int) -> None:
    """Give a process that was just started the measured core, or all of them within ``cores``."""
    os.sched_setaffinity(pid, _given[-1])


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Give what is started meanwhile so many cores: one is the measured one, more are the first of all."""
    _given.append(set(sorted(_ALL)[:count]) if count > 1 else MEASURED)
    try:
        yield
    finally:
        _given.pop()


def words() -> str:
    """Return what the figures depend on: cores, processor, memory and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(_ALL)} cores ({_processor()}), {memory:.0f} GiB, Linux, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.machine()
