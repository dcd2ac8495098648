"""Statements that were compiled once, for every connection of the process that speaks the same dialect."""

from typing import Any, cast

from sqlalchemy.util import LRUCache

MOST = 2_000
"""Compiled statements that are kept; the program has fewer, each a few kilobytes."""


class Compiled(LRUCache[Any, Any]):
    """SQLAlchemy's own cache, but for all engines: its keys name a dialect and a server's version, not an engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the compiled statement, or the default."""
        return super().get(_shared(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_shared(key), value)


def _shared(key: Any) -> Any:
    dialect, *rest = cast("tuple[Any, ...]", key)
    return (dialect.name, dialect.driver, dialect.server_version_info, *rest)


STATEMENTS = Compiled(MOST)
"""A SQLite file has an engine to write, one to read and one for each long look; what they ask is the same."""
