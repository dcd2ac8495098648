"""Whose fault a failure is: the database's, which concerns everybody, or one event's, which concerns it alone."""

from sqlalchemy.exc import DBAPIError

_SQLITE = frozenset({5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 23, 26})
"""Primary result codes: busy, locked, no memory, read-only, interrupted, input or output, corrupt, full, cannot
open, protocol, not authorised, no database."""

_POSTGRESQL = frozenset({"08", "25", "40", "42", "53", "55", "57", "58", "F0", "XX"})
"""Classes of SQLSTATE: connection, transaction state, rolled back, schema or rights, resources, state of an object,
operator, system, configuration, internal."""

_LASTING = frozenset({"42", "F0", "XX"})
_LASTING_SQLITE = frozenset({11, 23, 26})
"""Of these, what no waiting ends; a wrong statement of ours is among them."""

_OF_A_PATH = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database is full, locked, gone or not ours, so that no event could succeed now."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, (OSError, MemoryError))
    return _hinders(error, _POSTGRESQL, _SQLITE)


def passes(error: BaseException) -> bool:
    """Tell whether it is an outage that ends by itself, and no mistake of one piece of work: that fails each time."""
    if not isinstance(error, DBAPIError):
        return is_outage(error) and not isinstance(error, _OF_A_PATH)
    return _hinders(error, _POSTGRESQL - _LASTING, _SQLITE - _LASTING_SQLITE)


def _hinders(error: DBAPIError, classes: frozenset[str], codes: frozenset[int]) -> bool:
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate)[:2] in classes
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes
