"""Bonus campaigns: facts about products, and how each order's points came about."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is known of products and of each target, then have the orders there are derived once more."""
    op.create_table(
        "product_fact",
        sa.Column(
            "shop_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("collections", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("fetched_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_product_fact_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "product_id", "day", name=op.f("pk_product_fact")),
    )
    op.add_column("earning", sa.Column("breakdown", sa.Text(), nullable=True))
    op.add_column("earning", sa.Column("waits", sa.Boolean(), server_default="0", nullable=False))
    op.create_index(
        "ix_earning_waits",
        "earning",
        ["shop_id", "order_ref"],
        unique=False,
        sqlite_where=sa.text("waits = 1"),
        postgresql_where=sa.text("waits"),
    )
    derive_again()


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
