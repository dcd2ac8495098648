"""Which statements would read the whole of a large table: each that is run is explained by PostgreSQL, as it is run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

LARGE = ("ledger_entry", "earning", "account", "inbox", "order")

_WHOLE = re.compile(rf"Seq Scan on (?:\w+\.)?\"?({'|'.join(LARGE)})\b")
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


class Explained:
    """What was found so far: how many different statements were run, and which of them read a large table whole."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.whole: dict[str, str] = {}

    def look(self, conn: Any, _: Any, statement: str, values: Any, context: Any, many: bool) -> None:  # noqa: FBT001 SQLAlchemy's own signature
        """Have the database explain a statement that was just run, once each."""
        if many or conn.dialect.name != "postgresql" or statement in self.seen:
            return
        if not statement.lstrip().startswith(_VERBS):
            return
        self.seen.add(statement)
        plan = "\n".join(row[0] for row in conn.exec_driver_sql(f"EXPLAIN {statement}", values))
        if _WHOLE.search(plan):
            self.whole[statement] = plan


@contextmanager
def explained() -> Iterator[Explained]:
    """Explain what this process asks PostgreSQL for, for the while."""
    found = Explained()
    look = found.look
    event.listen(Engine, "after_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(Engine, "after_cursor_execute", look)
