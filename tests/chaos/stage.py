"""Everything that takes part in a run: the program's processes, its stores, Shopify, and the wires between them."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TypeVar

import httpx
from sqlalchemy import Connection

from plugin import guards, install, onboarding, schema, settings
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.guards import Call
from plugin.onboarding import UNKNOWN
from plugin.settings import ShopSettings
from plugin.shops import Shop
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from tests.chaos.disk import Disk, disk
from tests.chaos.messages import KNOWN, TOLD
from tests.chaos.programs import Program, dankbar
from tests.chaos.stores import Redis, raise_postgres, redis
from tests.chaos.wire import Wire, wire
from tests.engine import LONG_AGO
from tests.integration.operations.processes import SECRET, environment
from tests.ports import free_port
from tests.servers import PostgresServer, running_postgres

T = TypeVar("T")

ROOM = {"sqlite": 96, "postgresql": 400}
"""Megabytes of the disk that holds the database."""


@dataclass(slots=True)
class Stage:
    """``url`` leads to the database past every wire; ``values`` are what each program is started with."""

    url: str
    values: dict[str, str]
    folder: Path
    shopify: Simulator
    api: Wire
    door: Wire
    programs: dict[str, Program]
    disk: Disk | None
    data: Wire | None = None
    bells: Wire | None = None
    postgres: PostgresServer | None = None
    redis: Redis | None = None
    down: set[str] = field(default_factory=set)
    """Programs that nobody starts at the moment."""

    def tend(self) -> None:
        """Start what does not run, as a supervisor does."""
        for name, program in self.programs.items():
            if name not in self.down:
                program.start()

    def asked(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction of somebody who reaches the database directly."""

        async def ask() -> T:
            db = await open_database(self.url)
            try:
                return await db.write(work)
            finally:
                await db.close()

        return asyncio.run(ask())

    def said(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"--- {name}\n{one.said()}" for name, one in self.programs.items())


@contextmanager
def opened(home: str, dice: Random) -> Iterator[Stage]:
    """Everything up and both shops installed; all of it is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dankbar-chaos-")))
        folder.chmod(0o755)
        shopify = stack.enter_context(
            running_sandbox(client_id="client", client_secret=SECRET, seed=dice.randrange(2**31))
        )
        shopify.sender.on_hold = True
        api = stack.enter_context(wire(int(shopify.origin.rsplit(":", 1)[1])))
        room = stack.enter_context(disk(folder / "disk", ROOM[home]))
        listening = free_port()
        door = stack.enter_context(wire(listening))
        stage = Stage("", {}, folder, shopify, api, door, {}, room)
        if home == "sqlite":
            through = stage.url = f"sqlite:///{folder / 'disk' / 'dankbar.db'}"
        else:
            through = stack.enter_context(_stores(stage))
        stage.values = environment(through, DANKBAR_SHOPIFY_ORIGIN=f"http://127.0.0.1:{api.port}/{{shop}}")
        if stage.bells is not None:
            stage.values["DANKBAR_REDIS_URL"] = f"redis://127.0.0.1:{stage.bells.port}/0"
        asyncio.run(_installed(stage))
        _program(stage, "web", "serve", "--port", str(listening), *_options(home))
        for number in range(2 if home == "postgresql" else 0):
            _program(stage, f"worker{number}", "worker")
        stack.callback(_killed, stage)
        yield stage


def _options(home: str) -> tuple[str, ...]:
    return ("--workers", "2", "--no-worker") if home == "postgresql" else ()


@contextmanager
def _stores(stage: Stage) -> Iterator[str]:
    """PostgreSQL on the disk and a Redis, each behind a wire; yields the address by which programs reach the database."""
    with ExitStack() as stack:
        stage.postgres = stack.enter_context(running_postgres(place=stage.folder / "disk"))
        stack.callback(raise_postgres, stage.postgres)
        stage.redis = stack.enter_context(redis(stage.folder))
        stage.data = stack.enter_context(wire(stage.postgres.port))
        stage.bells = stack.enter_context(wire(stage.redis.port))
        stage.url = stage.postgres.create_database()
        yield stage.url.replace(f":{stage.postgres.port}/", f":{stage.data.port}/")


def _program(stage: Stage, name: str, *arguments: str) -> None:
    stage.programs[name] = dankbar(name, *arguments, values=stage.values, folder=stage.folder)


def _killed(stage: Stage) -> None:
    for program in stage.programs.values():
        program.kill()


async def _installed(stage: Stage) -> None:
    """Both shops have exchanged a token and take part since long ago."""
    config, now = Config.from_environment(stage.values | {"PATH": os.environ["PATH"]}), datetime.now(UTC)
    keyring = Keyring(config.secret_keys)
    db = await open_database(stage.url)
    try:
        await db.write(schema.upgrade)
        for handle in (TOLD, KNOWN):
            await _install(stage, config, db, keyring, handle, now)
    finally:
        await db.close()


async def _install(
    stage: Stage, config: Config, db: Database, keyring: Keyring, handle: str, now: datetime
) -> None:
    stage.shopify.shop(handle)
    own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=LONG_AGO.isoformat())

    def also(conn: Connection, shop: Shop) -> None:
        settings.establish(conn, shop.id, [own], now)
        onboarding.begin(conn, shop, UNKNOWN, now)

    bearer = {"authorization": f"Bearer {stage.shopify.id_token(handle)}"}
    await install.open_shop(config, db, keyring, guards.merchant(config, Call("GET", "/", bearer)), now, also)


def answers(port: int, path: str = "/readyz") -> bool:
    """Whether the program says that it can do its work."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
