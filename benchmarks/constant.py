"""The baseline of reading: the same routes, proofs and rendering, of a view that never changes and asks no database.

Run as ``python -m benchmarks.constant PORT``.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar, cast

import uvicorn
from sqlalchemy import Connection

import widgets
from plugin import app
from plugin.config import Config
from plugin.database import Database
from plugin.serving import OPTIONS
from widgets import display, routes
from widgets.base import Context
from widgets.display import Display
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


def open_display(*opened: Any) -> Display:
    """Open what the app opens, but show views without a database."""
    return replace(display.open_display(*opened), db=cast("Database", Nowhere()))


if __name__ == "__main__":
    loyalty = replace(widgets.ALL["loyalty"], view=view)
    vars(routes)["ALL"] = {**widgets.ALL, "loyalty": loyalty}
    vars(app)["open_display"] = open_display
    config = Config.from_environment(os.environ)
    uvicorn.run(app.create_app(config, with_worker=False), port=int(sys.argv[1]), **OPTIONS)
