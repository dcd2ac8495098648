"""Real processes of the app: started as an operator starts them, asked over HTTP, and stopped by signals."""

import base64
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

SECRET = "shpss_" + "s" * 32
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
DANKBAR = str(Path(sys.executable).with_name("dankbar"))
PATIENCE = 60

_ids = count(1)


def environment(url: str, **more: str) -> dict[str, str]:
    """The variables of an app on that database; Shopify is where nobody listens."""
    return {
        "PATH": os.environ["PATH"],
        "SHOPIFY_API_KEY": "client",
        "SHOPIFY_API_SECRET": SECRET,
        "DANKBAR_SECRET_KEY": KEY,
        "DANKBAR_DATABASE_URL": url,
        "DANKBAR_SHOPIFY_ORIGIN": "http://127.0.0.1:9/{shop}",
        **more,
    }


@dataclass(frozen=True, slots=True)
class Running:
    """A process, and the file that holds what it says."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """What it wrote to standard error until now."""
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to end, wait until it has, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def started(
    values: Mapping[str, str], *arguments: str, folder: Path, fds: Sequence[int] = (), program: str = DANKBAR
) -> Iterator[Running]:
    """A ``dankbar`` command under way; killed at the end if it still runs."""
    log = folder / f"log{next(_ids)}"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [program, *arguments], env=dict(values), stdout=file, stderr=file, cwd=folder, pass_fds=fds
        )
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait(PATIENCE)


def until(done: Callable[[], bool], running: Running | None = None) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        said = running.said() if running else ""
        assert time.monotonic() < deadline, said
        assert running is None or running.process.poll() is None, said
        time.sleep(0.05)


def answers(port: int, path: str = "/healthz") -> bool:
    """Whether that page is there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).is_success
    except httpx.TransportError:
        return False


def signed(
    body: bytes, webhook_id: str, *, shop: str = "example", topic: str = "orders/paid"
) -> dict[str, str]:
    """The headers of a webhook as Shopify sends it."""
    proof = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": f"{shop}.myshopify.com",
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Hmac-Sha256": proof,
    }


def deliver(port: int, body: bytes, webhook_id: str, **about: str) -> httpx.Response:
    """Send a webhook and return the answer."""
    url = f"http://127.0.0.1:{port}/webhooks/shopify"
    return httpx.post(url, content=body, headers=signed(body, webhook_id, **about), timeout=30)
