"""The program is killed in the middle of a replay and started again: nothing is lost, nothing is doubled."""

import asyncio
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from sqlalchemy import Connection, func, select

from plugin.core.accounts import account
from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.ports import free_port
from webhooks.inbox import inbox

ROWS, PATIENCE = 2_000, 300
DANKBAR = str(Path(sys.executable).with_name("dankbar"))


def write_log(path: Path) -> Mapping[int, int]:
    """Write an order log of few faithful and many fleeting customers; returns what each should have earned."""
    dice = random.Random(1997)
    earned: Counter[int] = Counter()
    with path.open("w", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        log.writerow(["customer_id", "date", "items", "amount"])
        for _ in range(ROWS):
            customer = int(dice.paretovariate(0.6)) % 700 + 1
            amount = Decimal(dice.choice([1177, 1496, 2999, dice.randrange(1, 60_000)])).scaleb(-2)
            day = date(1997, 1, 1) + timedelta(days=dice.randrange(540))
            log.writerow([customer, day.isoformat(), dice.randrange(1, 6), amount])
            earned[customer] += int(amount)
    return earned


@contextmanager
def serving(environment: Mapping[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """``dankbar serve`` on that port, answering; killed at the end if it still runs."""
    command = [DANKBAR, "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or answers(port))
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).is_success
    except httpx.TransportError:
        return False


def until(done: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def looked(url: str, states: tuple[str, ...]) -> int:
    """How many events are in one of these states, read from outside."""

    async def look() -> int:
        db = await open_database(url)
        counted = select(func.count()).select_from(inbox).where(inbox.c.state.in_(states))
        try:
            return await db.read(lambda conn: conn.execute(counted).scalar_one())
        finally:
            await db.close()

    return asyncio.run(look())


async def prepared(url: str) -> None:
    db = await open_database(url)
    await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
    await db.close()


async def totals(url: str) -> Mapping[int, int]:
    """Each customer's points."""

    def read(conn: Connection) -> dict[int, int]:
        rows = conn.execute(select(account.c.customer_id, account.c.total))
        return {row.customer_id: row.total for row in rows}

    db = await open_database(url)
    try:
        return await db.read(read)
    finally:
        await db.close()


def test_killed_in_the_middle_of_a_replay_it_ends_with_the_right_sums(
    new_database: MakeUrl, tmp_path: Path
) -> None:
    url, port = new_database(), free_port()
    asyncio.run(prepared(url))
    log = tmp_path / "orders.csv"
    earned = write_log(log)
    environment = {
        "PATH": os.environ["PATH"],
        "SHOPIFY_API_KEY": "client",
        "SHOPIFY_API_SECRET": "s" * 32,
        "DANKBAR_SECRET_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s",
        "DANKBAR_DATABASE_URL": url,
        "DANKBAR_SHOPIFY_ORIGIN": f"http://127.0.0.1:{free_port()}/{{shop}}",
    }
    command = [DANKBAR, "replay", str(log), "--url", f"http://127.0.0.1:{port}", "--shop", "example"]
    command += ["--shuffle", "--duplicate", "0.02", "--seed", "7", "--rate", "1500"]
    with serving(environment, port) as first:
        replay = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        until(lambda: looked(url, ("waiting", "handled")) >= 200)
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE)
    try:
        assert replay.poll() is None
        assert 200 <= looked(url, ("waiting", "handled")) < ROWS
        with serving(environment, port) as second:
            told, _ = replay.communicate(timeout=PATIENCE)
            assert replay.returncode == 0, told
            until(lambda: looked(url, ("waiting",)) == 0)
            second.send_signal(signal.SIGTERM)
            assert second.wait(PATIENCE) in {0, -signal.SIGTERM}
    finally:
        replay.kill()
        replay.wait(PATIENCE)
    assert looked(url, ("handled",)) == ROWS
    verified = subprocess.run(
        [DANKBAR, "verify", "--json"], env=environment, capture_output=True, check=False
    )
    assert verified.returncode == 0, verified
    report = json.loads(verified.stdout.splitlines()[-1])
    assert report["ok"]
    assert (report["accounts"], report["inbox_waiting"], report["parked"]) == (len(earned), 0, 0)
    assert asyncio.run(totals(url)) == earned
