"""The processes that are measured, each on the measured core: the app as it is served, and the baselines."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.machine import measure_alone
from benchmarks.processor import processor_of
from tests.ports import free_port

CLIENT = "benchmark-client"
SECRET = "shpss_" + "b" * 32
SECRET_KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"
"""32 times the letter k."""

DANKBAR = ("-c", "from plugin.cli import main; main()")
"""The ``dankbar`` command, for this interpreter."""

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


class NotStarted(Exception):
    """A process ended or kept silent; the message holds the end of what it wrote."""


def environment(url: str) -> dict[str, str]:
    """Return the variables of an app on that database; Shopify is where nobody listens."""
    return {
        "SHOPIFY_API_KEY": CLIENT,
        "SHOPIFY_API_SECRET": SECRET,
        "DANKBAR_SECRET_KEY": SECRET_KEY,
        "DANKBAR_DATABASE_URL": url,
        "DANKBAR_SHOPIFY_ORIGIN": "http://127.0.0.1:9/{shop}",
    }


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def processor(self) -> float:
        """Return the processor seconds it has used, user's and system's."""
        return processor_of(self.pid)


@contextmanager
def app(url: str, *options: str, more: Mapping[str, str] = MappingProxyType({})) -> Iterator[Server]:
    """Serve the app on that database; ``more`` adds to its environment."""
    port = free_port()
    values = environment(url) | dict(more)
    with process([*DANKBAR, "serve", "--port", str(port), *options], values, port) as pid:
        yield Server(port, pid)


@contextmanager
def module(name: str, *arguments: str, url: str) -> Iterator[Server]:
    """Run a baseline's module as a server, told its port first."""
    port = free_port()
    with process(["-m", name, str(port), *arguments], environment(url), port) as pid:
        yield Server(port, pid)


def result(name: str, *arguments: str, url: str) -> str:
    """Run a module on the measured core to its end and return what it printed."""
    running = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        env=os.environ | environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    measure_alone(running.pid)
    printed, complaint = running.communicate()
    if running.returncode:
        raise NotStarted(complaint[-2000:])
    return printed


@contextmanager
def beside(name: str, values: Mapping[str, str]) -> Iterator[None]:
    """Run a module that listens to nobody, until it is asked to end."""
    running = subprocess.Popen([sys.executable, "-m", name], env=os.environ | values, cwd=ROOT)
    measure_alone(running.pid)
    try:
        yield
    finally:
        _end(running)


@contextmanager
def process(arguments: list[str], values: Mapping[str, str], port: int) -> Iterator[int]:
    """Run a server on the measured core; yields its process id when it listens and stops it at the end."""
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(
            [sys.executable, *arguments],
            env=os.environ | values,
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
        measure_alone(running.pid)
        try:
            _await(running, port)
            yield running.pid
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            _end(running)


def _end(running: "subprocess.Popen[bytes]") -> None:
    running.terminate()
    try:
        running.wait(30)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def _await(running: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while running.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise NotStarted("the server does not listen")
