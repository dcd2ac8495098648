"""What a migration asks for where the orders there are must be looked at once more."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc


def derive_again() -> None:
    """Ask for every order of every shop once more, as a change of what counts does."""
    task = sa.table(
        "task",
        sa.column("shop_id"),
        sa.column("name"),
        sa.column("key"),
        sa.column("payload"),
        sa.column("due_at", Utc()),
        sa.column("created_at", Utc()),
    )
    conn, now = op.get_bind(), datetime.now(UTC)
    earning = sa.table("earning", sa.column("shop_id"))
    asked = conn.execute(
        sa.select(task.c.shop_id).where(task.c.name == "orders.rederive", task.c.key == "all")
    )
    known = set(asked.scalars())
    shops = set(conn.execute(sa.select(earning.c.shop_id).distinct()).scalars())
    for shop_id in sorted(shops - known):
        row = {"shop_id": shop_id, "name": "orders.rederive", "key": "all", "payload": "{}"}
        conn.execute(sa.insert(task).values(**row, due_at=now, created_at=now))
