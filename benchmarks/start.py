"""How long a person waits between typing the command and the first answers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.figures import Figure, at_most
from benchmarks.homes import SQLITE, Home
from benchmarks.processes import DANKBAR, NotStarted, environment
from benchmarks.sizes import Size
from tests.ports import free_pair, free_port

NAME = "start"
PATIENCE = 60.0


def measure(home: Home, size: Size) -> Iterator[list[Figure]]:
    """Yield the figures of one run after the other, without end; the sandbox brings its own SQLite file."""
    while True:
        with home.database() as url:
            port = free_port()
            served = _answered(["serve", "--port", str(port)], environment(url), [_url(port, "readyz")])
        figures = [Figure(NAME, home.name, "dankbar serve, until ready", served, "s")]
        if home.name == SQLITE:
            port = free_pair()
            pages = [_url(port, "sandbox.json"), _url(port + 1, "readyz")]
            whole = _answered(["sandbox", "--port", str(port)], {}, pages)
            what = "dankbar sandbox, until both answer"
            figures.append(Figure(NAME, home.name, what, whole, "s", at_most(3.0)))
        yield figures


def _answered(command: Sequence[str], values: Mapping[str, str], urls: Sequence[str]) -> float:
    """Start the command on all cores and return the seconds until every address answered 200."""
    with TemporaryFile() as log:
        begin = time.perf_counter()
        running = subprocess.Popen(
            [sys.executable, *DANKBAR, *command],
            env=os.environ | values,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            for url in urls:
                while not _ok(url):
                    if running.poll() is not None or time.perf_counter() - begin > PATIENCE:
                        log.seek(0)
                        raise NotStarted(log.read()[-2000:].decode(errors="replace"))
                    time.sleep(0.01)
            return time.perf_counter() - begin
        finally:
            running.terminate()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()


def _ok(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _url(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}/{path}"
