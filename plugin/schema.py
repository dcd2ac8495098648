"""The schema: which modules declare tables, and how a database is brought to the current revision."""

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from plugin.database import metadata

MODULES = (
    "plugin.shops",
    "plugin.settings",
    "plugin.tasks",
    "plugin.clock",
    "plugin.core.order_book",
    "plugin.core.accounts",
    "plugin.core.ledger",
    "plugin.core.append_only",
    "plugin.core.tombstones",
    "plugin.core.privacy",
    "plugin.core.data_requests",
    "webhooks.inbox",
    "widgets",
)


def load() -> MetaData:
    """Import every module that declares tables and return the whole metadata."""
    for name in MODULES:
        importlib.import_module(name)
    return metadata


def alembic_config(conn: Connection | None = None) -> AlembicConfig:
    """Return alembic's configuration, which runs on the given connection."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    return config


def upgrade(conn: Connection) -> None:
    """Bring the database to the newest revision, within the caller's transaction."""
    load()
    command.upgrade(alembic_config(conn), "head")


def is_current(conn: Connection) -> bool:
    """Tell whether the database is at the newest revision."""
    script = ScriptDirectory.from_config(alembic_config())
    return MigrationContext.configure(conn).get_current_revision() == script.get_current_head()
