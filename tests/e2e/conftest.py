"""One browser and one `dankbar sandbox` for all tests here; each test has a browser context of its own."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection

from plugin import shops
from plugin.database import open_database
from tests.e2e.walk import SHIFTS, NewWalk, Walk
from tests.ports import free_pair
from tests.servers import apart
from tools.browser import launch
from widgets import change_settings

START_SECONDS = 90
IN_FORCE_SECONDS = 1
"""After so long every process shows a changed setting."""

_numbers = count(1)


@dataclass(frozen=True)
class Sandbox:
    """A running `dankbar sandbox`: its own address, the app's, and the folder that keeps its secrets."""

    base: str
    app: str
    data: Path

    def switch(self, **switches: object) -> None:
        """Turn switches for bad days."""
        answer = httpx.post(f"{self.base}/sandbox/switches", json=switches, verify=False, timeout=60)
        assert answer.status_code == 200, answer.text

    def reset(self) -> None:
        """A good day again."""
        self.switch(api="ok", delay=0, duplicate=0, reorder=0, drop=0)

    def secret(self) -> str:
        """The secret that both sides sign with."""
        return self._secrets()["SHOPIFY_API_SECRET"]

    def set(self, section: str, **patch: object) -> None:
        """Change settings as `dankbar settings` does; returns when they hold everywhere."""

        async def change() -> None:
            db = await open_database(f"sqlite:///{self.data / 'dankbar.db'}")
            try:
                await db.write(lambda conn: self._change(conn, section, patch))
            finally:
                await db.close()

        apart(change())
        time.sleep(IN_FORCE_SECONDS)

    def _change(self, conn: Connection, section: str, patch: Mapping[str, object]) -> None:
        shop = shops.find_shop(conn, "example")
        assert shop is not None
        change_settings(conn, shop.id, section, patch, datetime.now(UTC))

    def ready_codes(self) -> int:
        """How many codes wait in the pool."""
        return self._count("SELECT count(*) FROM coupon_code WHERE state = 'free'")

    def unhandled(self) -> int:
        """How many webhooks wait to be handled."""
        return self._count("SELECT count(*) FROM inbox WHERE state = 'waiting'")

    def _count(self, query: str) -> int:
        with closing(sqlite3.connect(f"file:{self.data / 'dankbar.db'}?mode=ro", uri=True)) as book:
            found: int = book.execute(query).fetchone()[0]
        return found

    def _secrets(self) -> dict[str, str]:
        lines = (self.data / "sandbox.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, as it is found on this machine."""
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="package")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The app and the pocket Shopify as `make demo` starts them."""
    with running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@contextmanager
def running(data: Path, *options: str) -> Iterator[Sandbox]:
    """Run `dankbar sandbox` with this folder and ``options``; yields when its app has been opened once."""
    port, log = free_pair(), data / "log"
    command = [str(Path(sys.executable).parent / "dankbar"), "sandbox", "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen([*command, *options, "--data", str(data)], stdout=out, stderr=out)
    found = Sandbox(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", data)
    try:
        wait_until_open(found, process, log)
        yield found
    finally:
        process.terminate()
        process.wait(40)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox, on a good day before and after."""
    yield sandbox_process
    sandbox_process.reset()


def wait_until_open(sandbox: Sandbox, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the app has been opened in the admin once, and its merchant has said how long parcels take."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            answer = httpx.get(f"{sandbox.base}/apps/dankbar/widgets/delivery", verify=False, timeout=5)
            if answer.status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"The sandbox did not open: {log.read_text()[-2000:]}")


@pytest.fixture
def new_walk(browser: Browser) -> Iterator[NewWalk]:
    """Start a walk; at its end nothing may have gone elsewhere, and no script may have failed."""
    walks: list[Walk] = []

    def start(base: str, app: str, locale: str = "de", **options: object) -> Walk:
        known: dict[str, object] = {"viewport": {"width": 1200, "height": 900}, **options}
        context = browser.new_context(locale="de-DE" if locale == "de" else "en-GB", **known)  # type: ignore[arg-type]
        context.add_init_script(SHIFTS)
        walk = Walk(context, context.new_page(), base, app, locale)
        walks.append(walk)
        return walk

    yield start
    for walk in walks:
        walk.context.close()
    for walk in walks:
        assert walk.strangers() == []
        assert walk.errors == []


@pytest.fixture
def walk(sandbox: Sandbox, new_walk: NewWalk) -> Walk:
    """A German walk through the running sandbox."""
    return new_walk(sandbox.base, sandbox.app)


@pytest.fixture
def email() -> str:
    """The address of somebody who has never been here."""
    return f"gast{next(_numbers)}-{os.getpid()}@example.com"
