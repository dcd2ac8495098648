"""A small disk that can be filled: a file system of its own for root, a limit on the size of files for others."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Disk:
    """A folder on a file system of so many megabytes; only root can make one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room at all."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(512))

    def free(self) -> None:
        """Take away what filled it."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk | None]:
    """A disk at that folder, which is made; None where this user may not make one, and then it is a plain folder."""
    folder.mkdir(mode=0o755)
    options = f"size={megabytes}m,mode=0755"
    mounted = os.geteuid() == 0 and not _fails("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield Disk(folder) if mounted else None
    finally:
        if mounted:
            _fails("umount", "-l", str(folder))


def _fails(*command: str) -> bool:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode != 0


@contextmanager
def no_larger_files(pids: Iterable[int], size: int) -> Iterator[None]:
    """Let these processes write no file beyond so many bytes: for whoever may mount nothing."""
    before = {}
    for pid in pids:
        before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
