"""Processes that are killed and started again, as a host's supervisor does it."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.integration.operations.processes import DANKBAR, PATIENCE

CLOCK = Path(__file__).parent / "clock"
ROOT = CLOCK.parent.parent.parent


class Program:
    """One command that is to run; ``shift`` is by how many seconds its host's clock is wrong at its next start."""

    def __init__(self, name: str, command: list[str], values: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.shift = 0.0
        self.starts = 0
        self._command = command
        self._values = values
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it unless it runs; what an earlier start left of its process group is gone by then."""
        if self.alive:
            return
        self._sweep(signal.SIGKILL)
        values = {**self._values, "CHAOS_SHIFT": str(self.shift), "PYTHONPATH": f"{CLOCK}:{ROOT}"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=values, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1

    def kill(self) -> None:
        """Kill it and all its children at once, as when the host loses power."""
        self._sweep(signal.SIGKILL)

    def kill_one(self, dice: Random) -> None:
        """Kill one of its processes: a child where it has any."""
        if self._process is None:
            return
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        found = children.read_text().split() if children.exists() else []
        _signal(int(dice.choice(found)) if found else self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end and wait until it has; one that does not is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._sweep(signal.SIGKILL)
            raise

    def said(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-1500:] if self._log.exists() else ""

    def _sweep(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                """Nothing is left of it."""
            self._process.wait(PATIENCE)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        """It ended by itself."""


def dankbar(name: str, *arguments: str, values: Mapping[str, str], folder: Path) -> Program:
    """A ``dankbar`` command."""
    return Program(name, [DANKBAR, *arguments], values, folder)
