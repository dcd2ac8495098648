"""The trigger that makes the ledger append-only, and the one door that may lift it: erasing a whole shop."""

from sqlalchemy import Column, Connection, ForeignKey, Table, delete, insert

from plugin.core.ledger import ledger_entry
from plugin.database import Id, metadata

ledger_lift = Table(
    "ledger_lift",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
)
"""Shops whose entries may be deleted in this transaction; empty outside of it."""

_SQLITE = (
    """CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END""",
    """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
        WHEN NOT EXISTS (SELECT 1 FROM ledger_lift WHERE shop_id = OLD.shop_id)
        BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION ledger_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM ledger_lift WHERE shop_id = OLD.shop_id) THEN
            RETURN OLD;
          END IF;
          RAISE EXCEPTION 'ledger entries are never changed';
        END $$""",
    """CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
        FOR EACH ROW EXECUTE FUNCTION ledger_entry_append_only()""",
    """CREATE FUNCTION ledger_entry_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'ledger entries are never changed'; END $$""",
    """CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_no_truncate()""",
)


def protect(conn: Connection) -> None:
    """Create the triggers; from then on an update or delete of an entry fails."""
    for statement in _SQLITE if conn.dialect.name == "sqlite" else _POSTGRESQL:
        conn.exec_driver_sql(statement)


def erase_entries(conn: Connection, shop_id: int) -> int:
    """Delete all entries of a shop that is erased as a whole; returns how many."""
    conn.execute(insert(ledger_lift).values(shop_id=shop_id))
    count = conn.execute(delete(ledger_entry).where(ledger_entry.c.shop_id == shop_id)).rowcount
    conn.execute(delete(ledger_lift).where(ledger_lift.c.shop_id == shop_id))
    return count
