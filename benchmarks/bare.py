"""The baseline of the worker: the rows it inserted, inserted again by bare statements into a copy of the database.

Each transaction holds what one batch of the worker comes to. Run as ``python -m benchmarks.bare COPY AFTER``: AFTER is,
as JSON, the greatest key of each table before the worker began; the worker's database is the configured one.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import uvloop
from sqlalchemy import Connection, Table, func, select

from plugin import schema
from plugin.database import Database, Upsert, open_database
from plugin.worker import BATCHES

TABLES = ("account", "order", "earning", "ledger_entry", "coupon")
"""What the worker inserts into, parents first."""

Rows = list[dict[str, Any]]


def tables() -> list[str]:
    """Return those of the tables that there are."""
    known = schema.load().tables
    return [name for name in TABLES if name in known]


def greatest(conn: Connection) -> dict[str, int]:
    """Return each table's greatest key."""
    found = {}
    for name in tables():
        (key,) = schema.load().tables[name].primary_key.columns
        found[name] = conn.execute(select(func.coalesce(func.max(key), 0))).scalar_one()
    return found


def written(conn: Connection, after: Mapping[str, int]) -> dict[str, Rows]:
    """Return the rows that came after these keys, by table."""
    found = {}
    for name, last in after.items():
        table = schema.load().tables[name]
        (key,) = table.primary_key.columns
        rows = conn.execute(select(table).where(key > last).order_by(key))
        found[name] = [dict(row) for row in rows.mappings()]
    return found


def batches(rows: Mapping[str, Rows], orders: int) -> list[dict[str, Rows]]:
    """Return the rows of so many orders at a time; an account comes with its first order."""
    turn_of = {row["id"]: number // orders for number, row in enumerate(rows["order"])}
    opened = {row["account_id"]: turn_of[row["order_ref"]] for row in reversed(rows["earning"])}
    found: list[dict[str, Rows]] = [defaultdict(list) for _ in range(max(turn_of.values()) + 1)]
    for name, mine in rows.items():
        for row in mine:
            turn = opened[row["id"]] if name == "account" else turn_of[row.get("order_ref") or row["id"]]
            found[turn][name].append(row)
    return found


async def insert(db: Database, portions: Sequence[Mapping[str, Rows]]) -> float:
    """Insert each portion in a transaction and return the seconds it took."""
    statements = {name: _insert_into(schema.load().tables[name]) for name in tables()}

    def write(conn: Connection, portion: Mapping[str, Rows]) -> None:
        for name, rows in portion.items():
            statements[name].rows(conn, rows)

    start = perf_counter()
    for portion in portions:
        await db.write(partial(write, portion=portion))
    return perf_counter() - start


def _insert_into(table: Table) -> Upsert:
    return Upsert(lambda insert: insert(table))


async def main(copy: str, after: Mapping[str, int]) -> dict[str, float]:
    """Read what the worker wrote and write it again."""
    source = await open_database(os.environ["DANKBAR_DATABASE_URL"])
    rows = await source.read(lambda conn: written(conn, after))
    await source.close()
    target = await open_database(copy)
    try:
        seconds = await insert(target, batches(rows, BATCHES[target.dialect]))
    finally:
        await target.close()
    return {"events": len(rows["order"]), "rows": sum(map(len, rows.values())), "seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(sys.argv[1], json.loads(sys.argv[2])))))
