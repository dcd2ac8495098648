"""What monitoring reads: counts of real traffic, levels of the database, and rules that name nothing else."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import REGISTRY
from sqlalchemy import Connection, insert, text

from plugin import scrape
from plugin.clock import job
from plugin.database import Database, open_database
from plugin.postgres import PostgresDatabase
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.integration.engine.stories import NOW, bought, installed, tell
from tests.integration.operations.processes import answers, deliver, environment, started, until
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy/alerts.yml"


def samples(port: int) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert answer.is_success
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}" if labels else one.name] = one.value
    return found


async def levels(db: Database, now: datetime) -> dict[str, float]:
    found = await db.read(lambda conn: scrape.read(conn, ["orders"], now))
    return {gauge.name: gauge.value for gauge in found}


def prepare(url: str) -> None:
    async def run() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
        await db.close()

    asyncio.run(run())


@pytest.mark.parametrize("workers", [1, 2])
def test_traffic_is_counted_over_all_processes_of_a_command(
    new_database: MakeUrl, tmp_path: Path, workers: int
) -> None:
    url, port, scraped = new_database(), free_port(), free_port()
    if workers > 1 and url.startswith("sqlite"):
        workers = 1
    prepare(url)
    values = environment(url, DANKBAR_METRICS=f"127.0.0.1:{scraped}")
    command = ("serve", "--port", str(port), "--workers", str(workers))
    with started(values, *command, folder=tmp_path) as app:
        until(lambda: answers(port), app)
        for number in range(20):
            assert deliver(port, b"{}", f"w{number}").status_code == 200
        assert httpx.post(f"http://127.0.0.1:{port}/webhooks/shopify").status_code == 401
        assert not answers(port, "/proxy/nothing")
        until(lambda: samples(scraped)["dankbar_inbox_parked"] == 20, app)
        until(lambda: samples(scraped).get("dankbar_events_total{outcome=parked}") == 20, app)
        found = samples(scraped)
        assert app.stop() == 0
    assert found["dankbar_webhooks_total{status=200}"] == 20
    assert found["dankbar_webhooks_total{status=401}"] == 1
    assert found["dankbar_webhook_accept_seconds_count"] == 21
    assert found["dankbar_requests_total{part=proxy,status=404}"] == 1
    assert found["dankbar_database_up"] == 1
    assert found["dankbar_shops"] == 1
    assert [name for name in found if name.startswith("dankbar_build_info{")]
    assert not [name for name in found if "example" in name]


def test_a_worker_answers_for_itself_and_says_when_the_database_is_gone(
    new_database: MakeUrl, tmp_path: Path
) -> None:
    url, scraped = new_database(), free_port()
    with started(
        environment(url, DANKBAR_METRICS=f"127.0.0.1:{scraped}"), "worker", folder=tmp_path
    ) as worker:
        until(lambda: answers(scraped, "/metrics"), worker)
        found = samples(scraped)
        with started(
            environment(url, DANKBAR_METRICS=f"127.0.0.1:{scraped}"), "worker", folder=tmp_path
        ) as other:
            until(lambda: "metrics wait for their port" in other.said(), other)
            assert worker.stop() == 0
            until(lambda: answers(scraped, "/metrics"), other)
            assert other.stop() == 0
    assert found["dankbar_database_up"] == 1
    assert "dankbar_inbox_lag_seconds" in found


async def test_levels_say_what_waits_and_for_how_long(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: engine.store(conn, "orders/paid", bought(1).body(), now=NOW))
    at = datetime.fromtimestamp(NOW.timestamp() + 90, UTC)
    found = await levels(db, at)
    assert (found["dankbar_inbox_waiting"], found["dankbar_inbox_lag_seconds"]) == (1, 90)
    await db.write(lambda conn: engine.handle_all(conn, at))
    found = await levels(db, at)
    assert (found["dankbar_inbox_waiting"], found["dankbar_inbox_lag_seconds"]) == (0, 0)
    assert (found["dankbar_coupon_waiting"], found["dankbar_coupon_pools_empty"]) == (1, 1)
    assert found["dankbar_coupon_waiting_seconds"] == 0
    assert found["dankbar_tasks_waiting"] > 0


async def test_a_long_look_at_one_state_of_the_database_is_seen_until_it_ends(db: Database) -> None:
    assert (await levels(db, NOW))["dankbar_snapshot_seconds"] == 0
    if not isinstance(db, PostgresDatabase):
        return
    async with db._snapshots.connect() as conn, conn.begin():
        await conn.exec_driver_sql("SELECT count(*) FROM inbox")
        assert (await levels(db, NOW))["dankbar_snapshot_seconds"] > 0
    assert (await levels(db, NOW))["dankbar_snapshot_seconds"] == 0


async def test_a_clock_that_nobody_keeps_is_seen_and_a_job_of_another_release_is_not(db: Database) -> None:
    def jobs(conn: Connection) -> None:
        conn.execute(text("DELETE FROM job"))
        late = [("orders", NOW), ("forgotten", datetime(2020, 1, 1, tzinfo=UTC))]
        conn.execute(insert(job), [{"name": name, "due_at": at} for name, at in late])

    await db.write(jobs)
    found = await levels(db, datetime.fromtimestamp(NOW.timestamp() + 30, UTC))
    assert found["dankbar_clock_lag_seconds"] == 30


async def known(db: Database) -> set[str]:
    counted = {one.name for family in REGISTRY.collect() for one in family.samples}
    bare = {f"{family.name}_total" for family in REGISTRY.collect() if family.type == "counter"}
    return counted | bare | set(await levels(db, NOW)) | {"dankbar_database_up"}


async def test_alert_rules_name_only_what_is_told(db: Database) -> None:
    await installed(db)
    await db.write(lambda conn: tell(conn, bought(1)))
    rules: list[dict[str, Any]] = [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 12
    told = await known(db)
    for rule in rules:
        names = set(re.findall(r"\bdankbar_\w+", rule["expr"]))
        assert names <= told, names - told
        assert names or rule["alert"] == "DankbarDown"
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in {"page", "ticket"}
