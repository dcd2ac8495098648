"""A copy of the SQLite file while everybody works on: whole, checked, and there under its name only once it is."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from plugin.database import database_url
from plugin.errors import ConfigurationError, DankbarError


class NotCopied(DankbarError):
    """There is no copy."""


def backup(address: str, to: Path) -> int:
    """Write the database as of one moment to a new file that only its owner can read; return its size in bytes.

    Raises ConfigurationError for PostgreSQL, for a file that is not there and for a name that is taken; NotCopied when
    the copy is not sound.
    """
    url = database_url(address)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise ConfigurationError("Only a SQLite file is copied like this: use pg_dump for PostgreSQL.")
    if not Path(url.database).is_file():
        raise ConfigurationError("There is no database yet: check DANKBAR_DATABASE_URL.")
    if to.exists():
        raise ConfigurationError(f"{to} is there already: choose another name.")
    unfinished = to.with_name(f"{to.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=0o600)
        _copy(url.database, unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(to)
    except (OSError, sqlite3.Error) as error:
        raise NotCopied(
            f"The database could not be copied ({type(error).__name__}): {to} was not made."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return to.stat().st_size


def _copy(origin: str, to: Path) -> None:
    with closing(sqlite3.connect(origin, timeout=15)) as source:
        source.execute("VACUUM INTO ?", (str(to),))
    with closing(sqlite3.connect(to)) as made:
        (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise NotCopied(f"The copy is not sound: {to} was not made.")
