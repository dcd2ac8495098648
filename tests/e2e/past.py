"""A shop with a past: three hundred orders of the last weeks, and everything that was told of them handled."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

from plugin.sandbox import environment
from tests.e2e.conftest import Sandbox

PATIENCE = 120


def command(sandbox: Sandbox, *words: str) -> str:
    """Run `dankbar` as whoever operates this sandbox's app."""
    port = int(sandbox.base.rpartition(":")[2])
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dankbar"), *words],
        env={**os.environ, **environment(port, sandbox.data)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def live_through(sandbox: Sandbox) -> None:
    """Press the button, and wait until every webhook has arrived and been handled."""
    assert httpx.post(f"{sandbox.base}/sandbox/past", timeout=PATIENCE).status_code == 303
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        page = httpx.get(f"{sandbox.base}/?locale=en", timeout=PATIENCE).text
        sent = re.search(r"Webhooks so far: .*?(\d+) under way", page)
        assert sent is not None
        if sent[1] == "0" and sandbox.unhandled() == 0:
            return
        time.sleep(1)
    raise AssertionError("The past was never worked off.")
