"""``GET /metrics`` on a port of its own: what processes counted, and what the database says at this moment.

A thread of its own answers, with a connection of its own, so that it tells the truth also while the process is too
busy to, and holds up nobody. The web processes that one command started are answered for by that command.
"""

import asyncio
import os
import platform
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import CollectorRegistry, Metric, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy import Connection, Select, false, func, select, text, true

import widgets
from plugin import backlog, schema
from plugin.clock import job
from plugin.config import Config
from plugin.database import open_database
from plugin.shops import shop
from plugin.tasks import task
from webhooks.inbox import inbox
from widgets import Gauge

TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Where processes that are answered for together keep their counts; the client library reads it when it is imported."""

PATIENCE = 5.0
"""Seconds that the database may take; after that it counts as down."""


FRESH = 1.0
"""Seconds for which what was read is told again, however many ask."""

_LOOKING = text(
    "SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend'"
    " AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
)

log = structlog.get_logger("plugin.scrape")


class Levels(Collector):
    """Reads the levels when it is asked; a database that does not answer is itself one of them."""

    def __init__(self, config: Config, jobs: Sequence[str]) -> None:
        self._config = config
        self._jobs = jobs
        self._lock = threading.Lock()
        self._read: list[Gauge] = []
        self._read_at = float("-inf")

    def collect(self) -> Iterator[Metric]:
        """Yield every level, and what was built into this program."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH:
                self._read = self._look()
                self._read_at = time.monotonic()
            found = self._read
        for gauge in found:
            yield GaugeMetricFamily(gauge.name, gauge.help, gauge.value)
        built = {
            "version": version("dankbar"),
            "schema": schema.newest(),
            "python": platform.python_version(),
        }
        yield InfoMetricFamily("dankbar_build", "What this process runs", built)

    def _look(self) -> list[Gauge]:
        up = "Whether the database answers"
        try:
            return [Gauge("dankbar_database_up", up, 1), *asyncio.run(self._ask())]
        except Exception as error:  # noqa: BLE001 whatever hinders it, the database does not answer
            log.warning("levels not read", error=type(error).__name__)
            return [Gauge("dankbar_database_up", up, 0)]

    async def _ask(self) -> list[Gauge]:
        async with asyncio.timeout(PATIENCE):
            db = await open_database(self._config.database_url)
            try:
                return await db.read(lambda conn: read(conn, self._jobs, datetime.now(UTC)))
            finally:
                await db.close()


@contextmanager
def answering(config: Config, jobs: Sequence[str], *, together: bool = False) -> Iterator[None]:
    """Answer scrapes while this lasts, where the configuration asks for it; never fails.

    ``together``: processes that are started within are answered for, instead of this one.
    """
    if config.metrics is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(Levels(config, jobs))
    with tempfile.TemporaryDirectory(prefix="dankbar-metrics-", ignore_cleanup_errors=True) as folder:
        if together:
            os.environ[TOGETHER] = folder
            MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        else:
            registry.register(REGISTRY)
        ended = threading.Event()
        thread = threading.Thread(
            target=_serve, args=(config.metrics, registry, ended), name="metrics", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(PATIENCE)


def _serve(address: tuple[str, int], registry: CollectorRegistry, ended: threading.Event) -> None:
    """Answer until it is ended; a port that another process still has, as in a change of releases, is waited for."""
    told = False
    while not ended.is_set():
        try:
            server = _Server(address, _Silent)
        except OSError as error:
            if not told:
                log.warning("metrics wait for their port", port=address[1], error=type(error).__name__)
            told = True
            ended.wait(1)
            continue
        with server:
            server.set_app(make_wsgi_app(registry))
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
            ended.wait()
            server.shutdown()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without asking the network what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def read(conn: Connection, jobs: Sequence[str], now: datetime) -> list[Gauge]:
    """Return the levels that the database holds: indexed counts of what waits, whatever the length of the history."""
    found = backlog.counts(conn, now)
    shops = select(func.count()).select_from(shop).where(shop.c.uninstalled_at.is_(None))
    reopen = shops.where(shop.c.needs_reopen)
    event = select(func.min(inbox.c.due_at)).where(inbox.c.state == text("'waiting'"))
    oldest = select(func.min(task.c.due_at)).where(task.c.state == "waiting")
    late = max(_late(conn, oldest.where(task.c.ready == ready), now) for ready in (true(), false()))
    clock = select(func.min(job.c.due_at)).where(job.c.name.in_(jobs))
    levels = {
        ("dankbar_inbox_waiting", "Stored webhooks that are not handled yet"): found.inbox_waiting,
        ("dankbar_inbox_parked", "Stored webhooks that were set aside"): found.inbox_parked,
        ("dankbar_inbox_lag_seconds", "How long the oldest stored webhook is due"): _late(conn, event, now),
        ("dankbar_tasks_waiting", "Tasks that are due or in back-off"): found.tasks_waiting,
        ("dankbar_tasks_parked", "Tasks that were set aside"): found.tasks_parked,
        ("dankbar_tasks_lag_seconds", "How long the oldest task is due"): late,
        ("dankbar_clock_lag_seconds", "How long a job of the clock is due"): _late(conn, clock, now),
        ("dankbar_snapshot_seconds", "How long somebody looks at one state of PostgreSQL"): _looked(conn),
        ("dankbar_shops", "Shops that have the app installed"): conn.execute(shops).scalar_one(),
        ("dankbar_shops_to_reopen", "Shops whose staff must open the app"): conn.execute(reopen).scalar_one(),
    }
    own = [Gauge(*told, value) for told, value in levels.items()]
    for widget in widgets.ALL.values():
        own.extend(widget.gauges(conn, now) if widget.gauges else ())
    return own


def _looked(conn: Connection) -> float:
    """As long as it lasts, nothing that was handled since is cleared from the indexes that claims walk."""
    return float(conn.execute(_LOOKING).scalar_one()) if conn.dialect.name == "postgresql" else 0.0


def _late(conn: Connection, earliest: Select[Any], now: datetime) -> float:
    instant: datetime | None = conn.execute(earliest).scalar_one()
    return max(0.0, (now - instant).total_seconds()) if instant else 0.0
