"""Whose work is taken next: everybody who waits has a turn, so that one who has much holds up nobody.

A claim takes as many rows of each who waits as of any other, each one's oldest first; what room is left goes to those
who have more. Every statement reads one index in the order of its keys, however long the history or a queue is; on PostgreSQL
also what was handled since the oldest look began that is still open, which no vacuum can clear away before.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal,
    select,
    text,
    true,
)

from plugin.database import among
from plugin.foremost import Foremost

Whose = TypeVar("Whose", str, int)

LEAST = 32
"""So many are looked at in any case: some may have nothing that is free."""


class Turns(Generic[Whose]):
    """The turns of those who wait in one table, which has ``id`` and ``due_at``.

    ``whose``: the column that names them, all greater than ``start``; ``waits``: the condition, in SQL, of the index
    on (whose, due_at, id) that holds what waits; ``free``: what must hold besides; ``columns``: what a claim returns.
    """

    def __init__(
        self,
        table: Table,
        whose: str,
        start: Whose,
        waits: str,
        columns: Sequence[str],
        free: Callable[[FromClause], ColumnElement[bool]] = lambda _: true(),
    ) -> None:
        self._start: Whose = start
        self._whose = whose
        self._walk = _walk(table, whose, waits)
        self._oldest = Foremost(
            table,
            whose,
            columns,
            lambda mine: (
                text(waits),
                mine.c.due_at <= bindparam("now", type_=table.c.due_at.type),
                ~among(mine.c.id, "taken"),
                free(mine),
            ),
            ("due_at", "id"),
        )

    def due(
        self,
        conn: Connection,
        now: datetime,
        most: int,
        after: Whose,
        *,
        each: int | None = None,
        held: Mapping[Whose, frozenset[int]] | None = None,
    ) -> tuple[list[Row[Any]], Whose]:
        """Take up to ``most`` due rows for the rest of the transaction; other workers pass them by.

        Nobody gets more than ``each``, less what is ``held`` of theirs already, by its ids, which is not taken again.
        Returns the rows, oldest first, and the one ``after`` whom the next claim should begin: where more wait than a
        claim has room for, they follow each other in a circle.
        """
        bound, mine = most if each is None else each, {one: len(ids) for one, ids in (held or {}).items()}
        busy = [id for ids in (held or {}).values() for id in ids]
        full = {one for one, count in mine.items() if count >= bound}
        wide = max(most, LEAST) + len(full)
        everybody = self._waiting(conn, after, wide)
        waiting = [one for one in everybody if one not in full]
        left = {one: bound - mine.get(one, 0) for one in waiting}
        queue, reached, found = waiting, 0, list[Row[Any]]()
        while queue and (room := most - len(found)):
            share, asked = max(1, room // len(queue)), queue[:room]
            quotas = {one: min(share, left[one]) for one in asked}
            taken = busy + [row.id for row in found]
            rows = self._oldest.of_each(conn, quotas, {"now": now, "taken": taken})
            counts = Counter(getattr(row, self._whose) for row in rows)
            left |= {one: left[one] - counts[one] for one in asked}
            queue = queue[room:] + [one for one in asked if counts[one] == quotas[one] and left[one]]
            reached, found = min(len(waiting), reached + len(asked)), found + rows
        found.sort(key=lambda row: (row.due_at, row.id))
        more = reached < len(waiting) or len(everybody) == wide
        return found, waiting[reached - 1] if more and reached else self._start

    def _waiting(self, conn: Connection, after: Whose, most: int) -> list[Whose]:
        found = list(conn.execute(self._walk, {"after": after, "most": most}).scalars())
        if after != self._start and len(found) < most:
            found += conn.execute(self._walk, {"after": self._start, "most": most - len(found)}).scalars()
        return list(dict.fromkeys(found))


def _walk(table: Table, whose: str, waits: str) -> Select[Any]:
    """Return who waits: from one to the next in one step each, not by reading what they have."""
    earlier, later = table.alias("earlier"), table.alias("later")
    first = (
        select(func.min(earlier.c[whose]).label("whose"), literal(1).label("place"))
        .where(text(waits), earlier.c[whose] > bindparam("after"))
        .cte("turn", recursive=True)
    )
    following = (
        select(func.min(later.c[whose])).where(text(waits), later.c[whose] > first.c.whose).scalar_subquery()
    )
    turn = first.union_all(
        select(following, first.c.place + 1).where(
            first.c.whose.is_not(None), first.c.place < bindparam("most")
        )
    )
    return select(turn.c.whose).where(turn.c.whose.is_not(None))
