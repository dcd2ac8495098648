"""The promise book: promises, what was said later, and parcels."""

import sqlalchemy as sa
from alembic import op

from plugin.core.append_only import protect
from plugin.database import Utc

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, empty: nothing was promised for the orders there are."""
    _promises()
    _changes()
    _parcels()
    protect(op.get_bind(), "delivery_change", "what was said of a delivery is never changed")


def _promises() -> None:
    op.create_table(
        "delivery_promise",
        sa.Column("order_ref", _ID, autoincrement=False, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("made_at", Utc(), nullable=False),
        sa.Column("ordered_at", Utc(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("estimate_on", sa.Date(), nullable=True),
        sa.Column("lane", sa.String(length=80), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("province", sa.String(length=10), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("after_cutoff", sa.Boolean(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("hand_over_by", sa.Date(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("latest", sa.Date(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.Column("handed_over_on", sa.Date(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("tracked", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("outcome", sa.String(length=7), nullable=True),
        sa.Column("decided_at", Utc(), nullable=True),
        sa.Column("review_at", Utc(), nullable=True),
        sa.Column("late_at", Utc(), nullable=True),
        sa.Column("told_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_delivery_promise_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_delivery_promise_shop_id")),
        sa.PrimaryKeyConstraint("order_ref", name=op.f("pk_delivery_promise")),
    )
    op.create_index(
        "ix_delivery_promise_shop_id_latest", "delivery_promise", ["shop_id", "latest", "order_ref"]
    )
    op.create_index("ix_delivery_promise_shop_id_ordered_at", "delivery_promise", ["shop_id", "ordered_at"])
    op.create_index(
        "ix_delivery_promise_review_at",
        "delivery_promise",
        ["review_at", "order_ref"],
        sqlite_where=sa.text("review_at IS NOT NULL"),
        postgresql_where=sa.text("review_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_promise_open",
        "delivery_promise",
        ["order_ref"],
        sqlite_where=sa.text("delivered_on IS NULL AND (outcome IS NULL OR outcome = 'missed')"),
        postgresql_where=sa.text("delivered_on IS NULL AND (outcome IS NULL OR outcome = 'missed')"),
    )


def _changes() -> None:
    op.create_table(
        "delivery_change",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("order_ref", _ID, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_delivery_change_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_delivery_change_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_change")),
    )
    op.create_index("ix_delivery_change_order_ref", "delivery_change", ["order_ref", "id"])
    op.create_index("ix_delivery_change_shop_id_at", "delivery_change", ["shop_id", "at"])


def _parcels() -> None:
    op.create_table(
        "delivery_parcel",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("order_ref", _ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.String(length=80), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("province", sa.String(length=10), nullable=True),
        sa.Column("carrier", sa.String(length=80), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("after_cutoff", sa.Boolean(), nullable=True),
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("handed_over_at", Utc(), nullable=False),
        sa.Column("handed_over_on", sa.Date(), nullable=False),
        sa.Column("first_scan_at", Utc(), nullable=True),
        sa.Column("last_scan_at", Utc(), nullable=True),
        sa.Column("delivered_at", Utc(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("ended", sa.String(length=9), nullable=True),
        sa.Column("seen_at", Utc(), nullable=True),
        sa.Column("known_at", Utc(), nullable=True),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["order.id"], name=op.f("fk_delivery_parcel_order_ref")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_delivery_parcel_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_parcel")),
    )
    op.create_index(
        "uq_delivery_parcel_order_ref_number", "delivery_parcel", ["order_ref", "number"], unique=True
    )
    op.create_index(
        "ix_delivery_parcel_shop_id_handed_over_at", "delivery_parcel", ["shop_id", "handed_over_at"]
    )
    op.create_index(
        "ix_delivery_parcel_open",
        "delivery_parcel",
        ["shop_id", "last_scan_at"],
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )
