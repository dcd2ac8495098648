"""A person is erased while the whole program runs: afterwards neither a file of the database nor the log knows them."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from sqlalchemy import func, select

from plugin.database import open_database
from tests import engine
from tests.integration.engine.test_kill import DANKBAR, PATIENCE, answers, until
from tests.integration.privacy.buying import ANNA, FIRST, NOW, TOKEN, ask_data, purchase, redact, refunded
from tests.integration.privacy.test_files import KEY, files, found_in
from tests.ports import free_port
from webhooks.inbox import HANDLED, PARKED, inbox

SECRET = "s" * 32
EMAIL = "anna@example.com"
IDS = [ANNA, FIRST, FIRST + 1, 8_300_000_000_000_001, 8_600_000_000_000_001]


def environment(url: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DANKBAR_", "SHOPIFY_"))}
    return kept | {
        "SHOPIFY_API_KEY": "key",
        "SHOPIFY_API_SECRET": SECRET,
        "DANKBAR_SECRET_KEY": KEY,
        "DANKBAR_DATABASE_URL": url,
    }


def send(port: int, number: int, topic: str, body: Mapping[str, object]) -> None:
    """Send a webhook as Shopify does."""
    raw = json.dumps(body).encode()
    proof = base64.b64encode(hmac.digest(SECRET.encode(), raw, hashlib.sha256)).decode()
    headers = {
        "X-Shopify-Hmac-Sha256": proof,
        "X-Shopify-Shop-Domain": "example.myshopify.com",
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": f"w{number}",
        "Content-Type": "application/json",
    }
    answer = httpx.post(f"http://127.0.0.1:{port}/webhooks/shopify", content=raw, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text


def states(url: str) -> dict[str, int]:
    """How many webhooks are in each state."""

    async def look() -> dict[str, int]:
        db = await open_database(url)
        counted = select(inbox.c.state, func.count()).group_by(inbox.c.state)
        try:
            return await db.read(lambda conn: {row[0]: row[1] for row in conn.execute(counted)})
        finally:
            await db.close()

    return asyncio.run(look())


def prepare(url: str) -> None:
    async def work() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, now=NOW))
        await db.close()

    asyncio.run(work())


def test_nothing_of_the_person_is_left_in_any_file_or_in_the_log(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path, log = tmp_path / "dankbar.db", tmp_path / "log"
    path.write_bytes(sqlite_template.read_bytes())
    url, port = f"sqlite:///{path}", free_port()
    prepare(url)
    told = [(one.topic, one.body) for one in refunded(0).deliveries]
    late = [(one.topic, one.body) for one in refunded(1).deliveries]
    foreign = purchase(2)
    foreign.currency = "USD"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [DANKBAR, "serve", "--port", str(port)], env=environment(url), stdout=out, stderr=out
        )
        try:
            until(lambda: process.poll() is not None or answers(port))
            messages = [
                *told,
                ("orders/create", foreign.body()),
                ("orders/create", {"id": FIRST + 1, "email": EMAIL}),
                ("customers/data_request", ask_data(77, ANNA, FIRST, FIRST + 1)),
            ]
            for number, (topic, body) in enumerate(messages):
                assert body is not None
                send(port, number, topic, body)
            until(lambda: states(url).get("waiting", 0) == 0)
            assert states(url)[PARKED] == 2
            assert found_in(files(path), IDS[:2])
            send(port, 100, "customers/redact", redact(ANNA, FIRST, FIRST + 1, FIRST + 2, email=EMAIL))
            for number, (topic, body) in enumerate([*told, *late]):
                assert body is not None
                send(port, 200 + number, topic, body)
            until(lambda: set(states(url)) == {HANDLED})
            httpx.get(
                f"http://127.0.0.1:{port}/proxy/widgets/loyalty?logged_in_customer_id={ANNA}", timeout=30
            )
            httpx.get(f"http://127.0.0.1:{port}/ext/orders/{FIRST}?checkout_token={TOKEN}0", timeout=30)
        finally:
            process.terminate()
            process.wait(PATIENCE)
    command = [sys.executable, "-c", "from plugin.cli import main; main()", "tick"]
    ticked = subprocess.run(command, env=environment(url), capture_output=True, timeout=PATIENCE, check=False)
    assert ticked.returncode == 0, ticked.stderr
    written = log.read_bytes() + ticked.stdout + ticked.stderr
    assert b"event parked" in written, "the log is the one of this run"
    for content in (files(path), written):
        assert found_in(content, IDS) == []
        for text in (EMAIL, TOKEN, "555-625-1199"):
            assert text.encode() not in content
