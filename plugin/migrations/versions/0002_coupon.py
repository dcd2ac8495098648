"""Coupons: campaigns' nodes, their codes, each order's coupon, and where codes were used."""

import sqlalchemy as sa
from alembic import op

from plugin.database import Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; nothing else reads or writes them."""
    op.create_table(
        "coupon_node",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("gid", sa.String(length=80), nullable=True),
        sa.Column("first_code", sa.String(length=32), nullable=True),
        sa.Column("creation", sa.String(length=80), nullable=True),
        sa.Column("low_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_coupon_node_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_node")),
    )
    op.create_index(
        "uq_coupon_node_shop_id_fingerprint", "coupon_node", ["shop_id", "fingerprint"], unique=True
    )
    op.create_table(
        "coupon",
        sa.Column(
            "order_ref",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("shop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refusal", sa.String(length=10), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("void", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("waiting", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("judged_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["coupon_node.id"], name=op.f("fk_coupon_node_id")),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_coupon_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_coupon_shop_id")),
        sa.PrimaryKeyConstraint("order_ref", name=op.f("pk_coupon")),
    )
    op.create_index("ix_coupon_shop_id", "coupon", ["shop_id", "order_ref"], unique=False)
    op.create_index(
        "ix_coupon_waiting",
        "coupon",
        ["node_id", "order_ref"],
        unique=False,
        sqlite_where=sa.text("waiting = 1"),
        postgresql_where=sa.text("waiting"),
    )
    op.create_table(
        "coupon_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("gid", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("order_ref", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("assigned_at", Utc(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["coupon_node.id"], name=op.f("fk_coupon_code_node_id")),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_coupon_code_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_coupon_code_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_code")),
    )
    op.create_index("ix_coupon_code_expires_on", "coupon_code", ["expires_on", "shop_id"], unique=False)
    op.create_index("ix_coupon_code_node_id_state", "coupon_code", ["node_id", "state", "id"], unique=False)
    op.create_index("ix_coupon_code_order_ref", "coupon_code", ["order_ref"], unique=False)
    op.create_index("uq_coupon_code_code_shop_id", "coupon_code", ["code", "shop_id"], unique=True)
    op.create_index(
        "uq_coupon_code_of_coupon",
        "coupon_code",
        ["order_ref"],
        unique=True,
        sqlite_where=sa.text("state IN ('given', 'spent', 'expired', 'ended')"),
        postgresql_where=sa.text("state IN ('given', 'spent', 'expired', 'ended')"),
    )
    op.create_table(
        "coupon_use",
        sa.Column(
            "code_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "order_ref",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["code_id"], ["coupon_code.id"], name=op.f("fk_coupon_use_code_id")),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_coupon_use_order_ref")),
        sa.PrimaryKeyConstraint("code_id", "order_ref", name=op.f("pk_coupon_use")),
    )
    op.create_index("ix_coupon_use_order_ref", "coupon_use", ["order_ref"], unique=False)
