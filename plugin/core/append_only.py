"""The triggers that make a table append-only, and the one door that may lift them: erasing a shop, or a person."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, ForeignKey, Table, delete, insert

from plugin.core.ledger import ledger_entry
from plugin.database import Id, metadata

ledger_lift = Table(
    "ledger_lift",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
)
"""Shops whose append-only rows may be deleted in this transaction; empty outside of it."""

_SQLITE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{message}'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
        WHEN NOT EXISTS (SELECT 1 FROM ledger_lift WHERE shop_id = OLD.shop_id)
        BEGIN SELECT RAISE(ABORT, '{message}'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM ledger_lift WHERE shop_id = OLD.shop_id) THEN
            RETURN OLD;
          END IF;
          RAISE EXCEPTION '{message}';
        END $$""",
    """CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_append_only()""",
    """CREATE FUNCTION {table}_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{message}'; END $$""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_truncate()""",
)


def protect(
    conn: Connection, table: str = "ledger_entry", message: str = "ledger entries are never changed"
) -> None:
    """Create the triggers; from then on an update or delete of one of the table's rows fails with the message."""
    for statement in _SQLITE if conn.dialect.name == "sqlite" else _POSTGRESQL:
        conn.exec_driver_sql(statement.format(table=table, message=message))


@contextmanager
def lifted(conn: Connection, shop_id: int) -> Iterator[None]:
    """Let rows of this shop be deleted within the block: it is erased as a whole, or one of its customers is."""
    conn.execute(insert(ledger_lift).values(shop_id=shop_id))
    yield
    conn.execute(delete(ledger_lift).where(ledger_lift.c.shop_id == shop_id))


def erase_entries(conn: Connection, shop_id: int) -> int:
    """Delete all entries of a shop that is erased as a whole; returns how many."""
    with lifted(conn, shop_id):
        return conn.execute(delete(ledger_entry).where(ledger_entry.c.shop_id == shop_id)).rowcount
