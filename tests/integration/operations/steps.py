"""One migration at a time: what it runs, what it leaves, and what of that a release before it could not live with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import (
    CheckConstraint,
    Connection,
    Constraint,
    Engine,
    MetaData,
    Table,
    event,
)
from sqlalchemy.schema import ColumnCollectionConstraint

from plugin import schema

SMALL = {"shop", "setting", "job", "alembic_version"}
"""Tables with a row or a few for each shop; any other may hold millions."""

_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?\S+ ON \"?(\w+)")
_CHANGE = re.compile(r"(?:UPDATE|DELETE FROM) \"?(\w+)")
_INDEX_ONLY = re.compile(r"(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY|UPDATE alembic_version")


@dataclass(frozen=True)
class Step:
    """A migration that ran on PostgreSQL: the tables before and after, and its statements."""

    before: Mapping[str, Table]
    after: Mapping[str, Table]
    statements: Sequence[str]


def revisions_after(settled: str, versions: Sequence[Path] = ()) -> list[str]:
    """The revisions that follow, in their order."""
    scripts = ScriptDirectory.from_config(schema.alembic_config(versions=versions))
    return [script.revision for script in scripts.iterate_revisions("head", settled)][::-1]


def run_step(conn: Connection, revision: str, versions: Sequence[Path] = ()) -> Step:
    """Run the next migration, each statement as PostgreSQL is given it."""
    before = tables(conn)
    with listened(conn.engine) as statements:
        schema.upgrade(conn, revision, versions)
    conn.rollback()
    return Step(before, tables(conn), statements)


def tables(conn: Connection) -> Mapping[str, Table]:
    """The tables as they are."""
    found = MetaData()
    found.reflect(conn)
    conn.rollback()
    return found.tables


@contextmanager
def listened(engine: Engine) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    heard: list[str] = []

    def hear(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        heard.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def objections(step: Step, release: str) -> list[str]:
    """What hinders a release that knows only the tables before, or holds up those who write."""
    found = [
        line for name, table in step.before.items() for line in _lost(table, step.after.get(name), release)
    ]
    for name in step.before.keys() & step.after.keys():
        found += _demanded(step.before[name], step.after[name])
    return (
        found
        + [line for one in step.statements for line in _slow(one, step.before)]
        + _mixed(step.statements)
    )


def _lost(table: Table, now: Table | None, release: str) -> Iterator[str]:
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        if now is None or column.name not in now.columns:
            if not schema.RETIRED.get(name, release) < release:
                yield f"{name} is gone"
            continue
        later = now.columns[column.name]
        if str(later.type) != str(column.type):
            yield f"{name} has another type"
        if column.nullable and not later.nullable:
            yield f"{name} is demanded"
        if column.server_default is not None and later.server_default is None:
            yield f"{name} has no default any more"


def _demanded(table: Table, now: Table) -> Iterator[str]:
    for column in now.columns:
        if column.name not in table.columns and not column.nullable and column.server_default is None:
            yield f"{table.name}.{column.name} is demanded of those who do not know it"
    held = {constraint.name for constraint in table.constraints}
    for constraint in now.constraints:
        if constraint.name not in held and _named(constraint) & set(table.columns.keys()):
            yield f"{constraint.name} refuses what was allowed"
    unique = {index.name for index in table.indexes if index.unique}
    for index in now.indexes:
        if index.unique and index.name not in unique:
            yield f"{index.name} refuses what was allowed"
        unique.discard(index.name)
    for name in unique:
        yield f"{name}, which an upsert may name, is gone"


def _named(constraint: Constraint) -> set[str]:
    """The columns that it speaks of; of a condition only its text is known."""
    if isinstance(constraint, CheckConstraint):
        return set(re.findall(r"\w+", str(constraint.sqltext)))
    return (
        {column.name for column in constraint.columns}
        if isinstance(constraint, ColumnCollectionConstraint)
        else set()
    )


def _slow(statement: str, before: Mapping[str, Table]) -> Iterator[str]:
    index, change = _INDEX.match(statement), _CHANGE.match(statement)
    if index and not index[1] and index[2] in before.keys() - SMALL:
        yield f"an index of {index[2]} is built while everybody waits"
    if change and change[1] in before.keys() - SMALL:
        yield f"rows of {change[1]} are changed in one go"


def _mixed(statements: Sequence[str]) -> list[str]:
    """An index that is built beside the work commits what came before: a second try would meet it."""
    own = [
        one for one in statements if one.startswith(("CREATE", "DROP", "ALTER", "UPDATE", "INSERT", "DELETE"))
    ]
    if any(" CONCURRENTLY " in one for one in own) and not all(_INDEX_ONLY.match(one) for one in own):
        return ["an index is built beside the work in a migration that does more"]
    return []
