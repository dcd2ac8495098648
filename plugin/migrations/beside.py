"""What a migration does to a table that may be large, beside those who write to it."""

from typing import Any

from alembic import op

PATIENCE = "15min"
"""How long each single look or writer is waited for: beginning anew would read the whole table again."""


def add_index(name: str, table: str, columns: list[str], **options: Any) -> None:
    """Build an index while others write; on PostgreSQL outside any transaction, so in a migration of its own.

    One that was broken off half-way is begun anew. It waits until every look at the database that is older has ended,
    and nobody waits for it. Within somebody's transaction, as in a new database, it is built like any other.
    """
    context = op.get_context()
    if context.dialect.name != "postgresql" or context._in_external_transaction:  # noqa: SLF001 told nowhere else
        op.create_index(name, table, columns, **options)
        return
    with context.autocommit_block():
        op.execute(f"SET lock_timeout = '{PATIENCE}'")
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)
        op.execute("RESET lock_timeout")
