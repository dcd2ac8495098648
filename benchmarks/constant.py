"""The baseline of reading: the same routes, proofs and rendering, of a view that never changes and asks no database.

Run as ``python -m benchmarks.constant PORT``.
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar, cast

import uvicorn
from sqlalchemy import Connection
from starlette.applications import Starlette

import widgets
from plugin.config import Config
from plugin.database import Database
from plugin.runtime import open_runtime
from plugin.serving import OPTIONS
from widgets import routes
from widgets.base import Context
from widgets.display import STATE, open_display
from widgets.loyalty.view import Line, LoyaltyView

T = TypeVar("T")

_LINE = Line("accrual", 60, date(2026, 1, 1), "Bestellung")
VIEW = LoyaltyView(
    text="Sie können 240 Punkte ausgeben.",
    title="Ihre Punkte",
    available=240,
    pending=60,
    debt=0,
    lifetime=300,
    entries=(_LINE,) * 5,
    figures=(("zum Ausgeben", "240"), ("unterwegs", "60")),
)


def view(conn: Connection, ctx: Context, settings: object) -> LoyaltyView:
    """Return the same view to everybody, as long as the measured one."""
    return replace(VIEW, action_token=ctx.action_token)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A door without a database behind it."""

    dialect: str = "none"

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` without a connection."""
        return work(cast("Connection", None))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
    config = Config.from_environment(os.environ)
    sys.setswitchinterval(0.0005)
    async with open_runtime(config) as runtime:
        display = open_display(config, runtime.db, runtime.keyring, runtime.bells)
        yield {STATE: replace(display, db=cast("Database", Nowhere()))}
        await display.close()


if __name__ == "__main__":
    loyalty = replace(widgets.ALL["loyalty"], view=view)
    vars(routes)["ALL"] = {**widgets.ALL, "loyalty": loyalty}
    uvicorn.run(
        Starlette(routes=routes.widget_routes(), lifespan=_lifespan), port=int(sys.argv[1]), **OPTIONS
    )
