"""The commands with which an operator looks after the data itself: a copy of it, and its move to PostgreSQL."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from plugin import moving
from plugin.backup import backup as copy
from plugin.config import Config
from plugin.moving import Moved
from plugin.runtime import opened


def move(
    to: Annotated[
        str, typer.Option("--to", envvar="DANKBAR_MOVE_TO", help="Address of an empty PostgreSQL database.")
    ],
) -> None:
    """Copy everything from the SQLite file into a PostgreSQL database, and prove it equal."""

    async def run() -> list[Moved]:
        config = Config.from_environment(os.environ)
        async with opened(config) as source, opened(replace(config, database_url=to), bare=True) as target:
            return await moving.move(source, target, _tell)

    moved = asyncio.run(run())
    rows = sum(one.rows for one in moved)
    typer.echo(
        f"{rows} rows in {len(moved)} tables are the same. Set DANKBAR_DATABASE_URL to the new address."
    )


def backup(file: Annotated[Path, typer.Argument(help="The file to make.")]) -> None:
    """Copy the SQLite file while the app works on; for PostgreSQL there is pg_dump."""
    size = copy(Config.from_environment(os.environ).database_url, file)
    typer.echo(f"{file}: {size} bytes")


def _tell(one: Moved) -> None:
    typer.echo(f"{one.table}: {one.rows} rows, {one.checksum}")
