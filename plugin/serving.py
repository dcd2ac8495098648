"""Starting and stopping processes: the web server, and the worker on its own."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from plugin import scrape, systemd
from plugin.app import create_app
from plugin.billing.opening import open_billing
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import database_url
from plugin.draining import Draining
from plugin.errors import ConfigurationError
from plugin.fleet import PATIENCE, Fleet, end_with_parent
from plugin.logs import configure_logging
from plugin.ports import expect_free
from plugin.runtime import Runtime, open_runtime, opened
from plugin.worker import Worker, jobs

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": Draining,
    "access_log": False,
    "log_config": None,
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": True,
    "timeout_graceful_shutdown": 20,
    "timeout_worker_healthcheck": PATIENCE,
    "backlog": 4096,
}
"""How every server is run, also what the benchmarks compare with."""

_NO_WORKER = "DANKBAR_NO_WORKER"
"""Set for the web processes that the server starts by itself."""


def serve(config: Config, *, host: str, port: int, workers: int, with_worker: bool) -> None:
    """Serve until told to stop; requests under way are finished. Raises ConfigurationError."""
    if workers > 1 and database_url(config.database_url).get_backend_name() == "sqlite":
        raise ConfigurationError("More than one web process needs PostgreSQL: set DANKBAR_DATABASE_URL.")
    given = systemd.handed_over(os.environ)
    if given is None:
        expect_free(host, port)
    asyncio.run(_check(config))
    signal.signal(signal.SIGTERM, _end)
    os.environ[_NO_WORKER] = "" if with_worker else "1"
    app = create_app(config, with_worker=with_worker) if workers == 1 else "plugin.serving:from_environment"
    told = uvicorn.Config(app, factory=workers > 1, workers=workers, host=host, port=port, **OPTIONS)
    with _told_why(config), scrape.answering(config, _jobs(config), together=workers > 1):
        if workers > 1:
            fleet = Fleet(told, [told.bind_socket() if given is None else given])
            fleet.run()
            started = not fleet.failed
        else:
            server = uvicorn.Server(told)
            with contextlib.suppress(KeyboardInterrupt):
                server.run(None if given is None else [given])
            started = server.started
        if not started:
            sys.exit(STARTUP_FAILURE)


def _jobs(config: Config) -> list[str]:
    return [job.name for job in jobs(Keyring(config.secret_keys), config.billing)]


async def _check(config: Config) -> None:
    """Say before the server starts what it could only answer with a traceback. Raises ConfigurationError."""
    async with opened(config) as db, open_billing(config, db):
        pass


@contextlib.contextmanager
def _told_why(config: Config) -> Iterator[None]:
    """Look once more where a start failed: what was well before may not be so any more. Raises ConfigurationError."""
    try:
        yield
    except SystemExit as ended:
        if ended.code == STARTUP_FAILURE:
            asyncio.run(_check(config))
        raise


def _end(number: int, frame: FrameType | None) -> None:
    """Told to stop and stopped: the server raises the signal once more when it is done, and that is exit code 0."""
    raise SystemExit(0)


def from_environment() -> ASGIApp:
    """Return the application for a web process that was started by ``serve``."""
    configure_logging()
    end_with_parent()
    return create_app(Config.from_environment(os.environ), with_worker=not os.environ.get(_NO_WORKER))


async def work(config: Config) -> None:
    """Run a worker until SIGTERM or SIGINT; what is under way is finished first."""
    async with open_runtime(config) as runtime:
        with scrape.answering(config, _jobs(config)):
            await _work(runtime)


async def _work(runtime: Runtime) -> None:
    worker = Worker(runtime)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    systemd.tell(os.environ, "READY=1")
    await worker.run()
