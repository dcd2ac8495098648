"""A shop's last handled webhook is found in an index, however many came since from others."""

import sqlalchemy as sa

from plugin.migrations.beside import add_index

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    handled = sa.text("state = 'handled'")
    add_index("ix_inbox_handled", "inbox", ["shop", "id"], sqlite_where=handled, postgresql_where=handled)
