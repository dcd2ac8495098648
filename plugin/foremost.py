"""The first rows of each of several owners, in one statement on either database, read from an index in its order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnExpressionArgument,
    Connection,
    FromClause,
    Row,
    Select,
    Table,
    bindparam,
    func,
    select,
    true,
)

from plugin.database import arrays, listed, lock_rows


class Foremost:
    """The first rows of each owner, locked for the rest of the transaction; those that others hold are passed by.

    ``owner``: the column that tells whose a row is; ``columns``: what is returned; ``condition``: which rows count;
    ``order``: by which columns they are sorted. The table has ``id``.
    """

    def __init__(
        self,
        table: Table,
        owner: str,
        columns: Sequence[str],
        condition: Callable[[FromClause], Sequence[ColumnExpressionArgument[bool]]],
        order: Sequence[str],
    ) -> None:
        mine, row = table.alias("mine"), table.alias("row")

        def first(whose: Any, names: Sequence[str]) -> Select[Any]:
            found = select(*(mine.c[name] for name in names)).where(mine.c[owner] == whose, *condition(mine))
            return found.order_by(*(mine.c[name] for name in order)).limit(bindparam("quota"))

        kind = table.c[owner].type
        given = arrays({"whose": kind})
        found = first(given.c.whose, columns).with_for_update(skip_locked=True).lateral("foremost")
        self._locked = select(*found.c).select_from(given.join(found, true()))
        named = func.json_each(listed("whose", kind)).table_valued("value").alias("given")
        ids = first(named.c.value, ["id"]).correlate(named)
        self._plain = select(*(row.c[name] for name in columns)).select_from(
            named.join(row, row.c.id.in_(ids))
        )

    def of_each(
        self, conn: Connection, quotas: Mapping[Any, int], values: Mapping[str, Any]
    ) -> list[Row[Any]]:
        """Return up to so many rows of each owner, in no order; ``values`` are what the condition asks for.

        Asks once for all that have the same quota: a limit of each one's own would be unknown to the planner.
        """
        statement = self._locked if lock_rows(conn) else self._plain
        found = list[Row[Any]]()
        for quota in set(quotas.values()):
            whose = [one for one, own in quotas.items() if own == quota]
            found += conn.execute(statement, {**values, "quota": quota, "whose": whose})
        return found
