"""An answer and the lines about it carry one id, made here; a line names shop and webhook, and nothing of a body."""

import asyncio
import json
import re
from pathlib import Path

import httpx
from sqlalchemy import text

from plugin.database import open_database
from tests.integration.conftest import MakeUrl
from tests.integration.operations.processes import answers, deliver, environment, signed, started, until
from tests.ports import free_port

GIVEN = "given-from-outside"


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        db = await open_database(url)
        await db.write(lambda conn: conn.execute(text(statement)))
        await db.close()

    asyncio.run(run())


def test_a_refused_webhook_is_found_in_the_log_by_its_answer(new_database: MakeUrl, tmp_path: Path) -> None:
    url, port = new_database(), free_port()
    body = b'{"email": "anna@example.com"}'
    with started(environment(url), "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port), app)
        parked = deliver(port, body, "b54557e4", topic="no/topic")
        until(lambda: "event parked" in app.said(), app)
        execute(url, "ALTER TABLE inbox RENAME TO elsewhere")
        address = f"http://127.0.0.1:{port}/webhooks/shopify"
        headers = {**signed(body, "c54557e4"), "X-Request-Id": GIVEN}
        refused = httpx.post(address, content=body, headers=headers, timeout=30)
        execute(url, "ALTER TABLE elsewhere RENAME TO inbox")
        assert app.stop() == 0
        lines = [json.loads(line) for line in app.said().splitlines() if line.startswith("{")]
        said = app.said()
    assert (parked.status_code, refused.status_code) == (200, 503)
    assert refused.headers["retry-after"] == "5"
    ids = [answer.headers["x-request-id"] for answer in (parked, refused)]
    assert all(re.fullmatch("[0-9a-f]{16}", id) for id in ids)
    assert len(set(ids)) == 2
    (line,) = [line for line in lines if line["event"] == "webhook refused"]
    assert (line["request"], line["shop"], line["webhook"]) == (ids[1], "example", "c54557e4")
    (line,) = [line for line in lines if line["event"] == "event parked"]
    assert (line["shop"], line["webhook"], line["topic"]) == ("example", "b54557e4", "no/topic")
    assert not any(word in said for word in ("anna", GIVEN, "Traceback"))


def test_a_page_takes_no_id_from_outside(new_database: MakeUrl, tmp_path: Path) -> None:
    url, port = new_database(), free_port()
    with started(environment(url), "serve", "--port", str(port), folder=tmp_path) as app:
        until(lambda: answers(port), app)
        answer = httpx.get(f"http://127.0.0.1:{port}/proxy/widgets/loyalty", headers={"X-Request-Id": GIVEN})
        assert app.stop() == 0
    assert answer.status_code == 401
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
