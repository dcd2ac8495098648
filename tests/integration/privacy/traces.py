"""What a database still says of somebody: every cell of every table, encrypted bodies opened."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from plugin import schema
from tests.engine import KEYRING
from webhooks import inbox as events
from webhooks.inbox import inbox


def cells(conn: Connection) -> Iterator[tuple[str, object]]:
    """Every value with its place; a stored body as what it says."""
    for table in schema.load().sorted_tables:
        for row in conn.execute(select(table)).all():
            for column, value in zip(table.c, row, strict=True):
                if value is not None:
                    yield f"{table.name}.{column.name}", value
    for kept in conn.execute(select(inbox)).all():
        if (body := events.opened(kept, KEYRING)) is not None:
            yield "inbox.body, opened", body.decode("utf-8", "replace")


def traces(conn: Connection, texts: Iterable[object]) -> list[str]:
    """The places where one of these ids or texts stands, as a number or within a text."""
    wanted = re.compile("|".join(rf"(?<![0-9]){re.escape(str(one))}(?![0-9])" for one in texts))
    return [f"{place}: {value!r}"[:200] for place, value in cells(conn) if wanted.search(_text(value))]


def rows(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    return {
        table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
        for table in schema.load().sorted_tables
    }


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
