"""The schema: which modules declare tables, and how a database is brought to the current revision."""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, inspect, text

from plugin.database import metadata

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

MIGRATIONS = Path(__file__).parent / "migrations"

MODULES = (
    "plugin.shops",
    "plugin.settings",
    "plugin.tasks",
    "plugin.clock",
    "plugin.nightly",
    "plugin.billing.pace",
    "plugin.billing.subscriptions",
    "plugin.core.order_book",
    "plugin.core.accounts",
    "plugin.core.ledger",
    "plugin.core.product_facts",
    "plugin.core.bonuses",
    "plugin.core.redemptions",
    "plugin.core.append_only",
    "plugin.core.notices",
    "plugin.core.adjustments",
    "plugin.core.tombstones",
    "plugin.core.privacy",
    "plugin.core.data_requests",
    "plugin.core.removals",
    "plugin.core.access_log",
    "webhooks.inbox",
    "widgets",
)


def load() -> MetaData:
    """Import every module that declares tables and return the whole metadata."""
    for name in MODULES:
        importlib.import_module(name)
    return metadata


RETIRED: Mapping[str, str] = {}
"""``table.column`` that is there but used no longer, and the first release without it: a later one may drop it."""


def alembic_config(conn: Connection | None = None, versions: Sequence[Path] = ()) -> "AlembicConfig":
    """Return alembic's configuration, which runs on the given connection; more revisions are in ``versions``."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    folders = [MIGRATIONS / "versions", *versions]
    config.set_main_option("version_locations", "\n".join(map(str, folders)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = conn
    return config


def upgrade(conn: Connection, target: str = "head", versions: Sequence[Path] = ()) -> None:
    """Bring the database to a revision, the newest by default.

    Within the caller's transaction where there is one, else each step in a transaction of its own.
    """
    from alembic import command

    load()
    command.upgrade(alembic_config(conn, versions), target)


@cache
def newest() -> str:
    """Return the newest revision; each file is named by its number, so that a start needs no alembic to know it."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def is_current(conn: Connection) -> bool:
    """Tell whether the database is at the newest revision, or at one of a later release.

    Migrations only add, so that this release works on while the next one is rolled out, and again after a step back.
    """
    if not inspect(conn).has_table("alembic_version"):
        return False
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return len(found) == 1 and found[0] >= newest()
