"""The promise book: what was promised for an order, what changed, and how its parcels travelled.

A promise is written once. What became of it, and every parcel's row, is derived from the order's facts and time alone.
Days are the shop's local ones; orders are named by our own key.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from plugin.database import Big, Id, Utc, metadata

KEPT, MISSED, VOID, UNKNOWN = "kept", "missed", "void", "unknown"
"""What becomes of a promise; ``unknown``: no carrier ever told where the parcel is."""

DELIVERED, LOST, FAILED, CANCELLED = "delivered", "lost", "failed", "cancelled"
"""How a parcel's journey ends; one that came back to its sender has failed."""

AWAITED = "awaited"
"""Of a promise, as its indexes say it."""

delivery_promise = Table(
    "delivery_promise",
    metadata,
    Column("order_ref", Id, ForeignKey("order.id"), primary_key=True, autoincrement=False),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("ordered_at", Utc, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("estimate_on", Date),
    Column("lane", String(80), nullable=False),
    Column("country", String(2), nullable=False),
    Column("province", String(10)),
    Column("taken_on", Date, nullable=False),
    Column("after_cutoff", Boolean, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("ordinary", Boolean, nullable=False, server_default="1"),
    Column("hand_over_by", Date, nullable=False),
    Column("earliest", Date, nullable=False),
    Column("latest", Date, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("chance", Float),
    Column("handed_over_on", Date),
    Column("delivered_on", Date),
    Column("tracked", Boolean, nullable=False, server_default="0"),
    Column("outcome", String(7)),
    Column("decided_at", Utc),
    Column("review_at", Utc),
    Column("awaited", Boolean, nullable=False, server_default="0"),
    Column("late_at", Utc),
    Column("told_at", Utc),
    Index("ix_delivery_promise_shop_id_latest", "shop_id", "latest", "order_ref"),
    Index("ix_delivery_promise_shop_id_ordered_at", "shop_id", "ordered_at"),
    Index(
        "ix_delivery_promise_review_at",
        "review_at",
        "order_ref",
        sqlite_where=text("review_at IS NOT NULL"),
        postgresql_where=text("review_at IS NOT NULL"),
    ),
    Index(
        "ix_delivery_promise_open",
        "order_ref",
        sqlite_where=text(AWAITED),
        postgresql_where=text(AWAITED),
    ),
    Index(
        "ix_delivery_promise_waits",
        "shop_id",
        "latest",
        "order_ref",
        sqlite_where=text(AWAITED),
        postgresql_where=text(AWAITED),
    ),
)
"""The first promise of an order, by the settings ``rule_version`` (and the estimate of that day, None for the
merchant's own lane), made for the instant ``ordered_at``. ``chance`` is that of arriving by ``latest``, None where
nothing was learned; ``weekday`` that of the local day of the order, Monday 0. ``inputs`` are the calculus's, as JSON.
``ordinary``: nothing in it takes longer to pack than the shop itself, or waits for its day.

From ``handed_over_on`` on it follows the facts: that day of the last parcel once all is handed over, ``delivered_on``
of the last one once all is delivered. ``tracked``: every parcel there is has been scanned by its carrier. ``outcome``
None is open; ``decided_at`` is the instant of the fact that decided. At ``review_at`` time alone may change it.
``awaited``: not all has arrived, may still, and somebody waits for it: what is called off, or neither paid for nor sent,
is not awaited.
``late_at``: when we first said that it is late; ``told_at``: when Shopify Flow was told so."""

delivery_change = Table(
    "delivery_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("order_ref", Id, ForeignKey("order.id"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("earliest", Date),
    Column("latest", Date),
    Column("chance", Float),
    Index("ix_delivery_change_order_ref", "order_ref", "id"),
    Index("ix_delivery_change_shop_id_at", "shop_id", "at"),
)
"""What was said after the first promise, each with its reason; never changed. Without days: no day can be named."""

delivery_parcel = Table(
    "delivery_parcel",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("order_ref", Id, ForeignKey("order.id"), nullable=False),
    Column("number", Big, nullable=False),
    Column("lane", String(80), nullable=False),
    Column("country", String(2)),
    Column("province", String(10)),
    Column("carrier", String(80)),
    Column("taken_on", Date),
    Column("after_cutoff", Boolean),
    Column("weekday", SmallInteger),
    Column("handed_over_at", Utc, nullable=False),
    Column("handed_over_on", Date, nullable=False),
    Column("first_scan_at", Utc),
    Column("last_scan_at", Utc),
    Column("delivered_at", Utc),
    Column("delivered_on", Date),
    Column("ended", String(9)),
    Column("seen_at", Utc),
    Column("known_at", Utc),
    Column("tracked", Boolean, nullable=False),
    Index("uq_delivery_parcel_order_ref_number", "order_ref", "number", unique=True),
    Index("ix_delivery_parcel_shop_id_handed_over_at", "shop_id", "handed_over_at"),
    Index(
        "ix_delivery_parcel_open",
        "shop_id",
        "last_scan_at",
        sqlite_where=text("ended IS NULL"),
        postgresql_where=text("ended IS NULL"),
    ),
)
"""One parcel with goods in it; ``number`` is Shopify's id of it, ``lane`` as in the promise, ``carrier`` as the
merchant named it at hand-over. Scans are the carrier's own, not printed labels; ``tracked``: there is one. ``ended``
None is under way; ``known_at`` is when Shopify knew of that end.

``seen_at`` is since when we have watched it: its hand-over, or the first of its facts that was known after the shop's
orders began to count, where it was on its way before. None: it was never watched, and says nothing of how long parcels
take."""


def lane_key(country: str | None, carrier: str) -> str:
    """Return what names a lane: ``DE|DHL``; ``*`` where no country is known."""
    return f"{country or '*'}|{carrier}"[:80]
