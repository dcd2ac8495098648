"""Several web processes behind one socket: who dies is replaced, who is slow waited for, none outlives its parent."""

import multiprocessing
import os
import signal
import socket
import threading
from multiprocessing.process import BaseProcess
from weakref import WeakKeyDictionary

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

PATIENCE = 60
"""Seconds for which a web process may say nothing: on a busy host its start alone takes some."""

LOOKS = 2 * PATIENCE
"""What that is in looks, of which there are two a second at most: nobody else's halt is taken for a process's own."""

log = structlog.get_logger("plugin.fleet")


class Fleet(Multiprocess):
    """The web processes of one command, and the one that looks after them; a silent one holds up nothing."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.failed = False
        """Whether it ended because a web process could not start."""
        self._unheard: WeakKeyDictionary[Process, int] = WeakKeyDictionary()

    def keep_subprocess_alive(self) -> None:
        """Replace who died or has been silent for too long; end all where one cannot start."""
        for place, one in enumerate(self.processes):
            alive = one.process.is_alive()
            if alive and self._hears(one):
                continue
            one.kill()
            one.join()
            if one.exitcode == STARTUP_FAILURE:
                log.error("web process cannot start", pid=one.pid)
                self.failed = True
                self.should_exit.set()
                return
            log.warning("web process replaced", pid=one.pid, silent=alive, exit=one.exitcode)
            self.processes[place] = Process(self.config, self.sockets)
            self.processes[place].start()

    def _hears(self, one: Process) -> bool:
        """Ask for a sign of life unless one is owed, without waiting; False when it was owed for too long."""
        unheard = self._unheard.get(one, 0)
        try:
            if unheard and one.parent_conn.poll():
                one.parent_conn.recv()
                unheard = 0
            if not unheard:
                one.parent_conn.send(b"ping")
        except (OSError, EOFError):
            return False
        self._unheard[one] = unheard + 1
        return unheard < LOOKS


def end_with_parent() -> None:
    """Have this process stop as if it were told to, once the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), name="parent", daemon=True).start()


def _outlive(parent: BaseProcess) -> None:
    parent.join()
    log.warning("web process ends since its parent is gone", pid=os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
