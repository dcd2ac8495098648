"""What is kept about coupons: the discounts at Shopify, their codes, and which order got what.

A code belongs to the pool until it is given to an order; from then on it is personal. Orders are named by our own
key alone.
"""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, text

from plugin.database import Big, Id, Utc, metadata

ASKED = "asked"
"""Sent to Shopify, or about to be; nobody may have it yet."""
FREE = "free"
GIVEN = "given"
SPENT = "spent"
"""Past its date and used: nothing to remove."""
EXPIRED = "expired"
"""Past its date and unused: to be removed at Shopify."""
ENDED = "ended"
"""Past its date and removed."""
REVOKED = "revoked"
"""Taken from a void order: to be removed at Shopify."""
WITHDRAWN = "withdrawn"
"""Taken from a void order and removed."""
REPLACED = "replaced"
"""Lost with a discount that was deleted at Shopify, where somebody else has its text since; another took its place."""

OF_COUPON = (GIVEN, SPENT, EXPIRED, ENDED)
"""The states of the one code a coupon has; a code taken back is in none of them."""

coupon_node = Table(
    "coupon_node",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("value", Big, nullable=False),
    Column("minimum", Big, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("prefix", String(10), nullable=False, server_default="DANKE"),
    Column("goods", Text),
    Column("title", String(80), nullable=False, server_default=""),
    Column("gid", String(80)),
    Column("first_code", String(32)),
    Column("creation", String(80)),
    Column("low_id", Id),
    Column("created_at", Utc, nullable=False),
    Column("trouble", String(7)),
    Column("trouble_at", Utc),
    Column("differs", Text),
    Index("uq_coupon_node_shop_id_fingerprint", "shop_id", "fingerprint", unique=True),
)
"""One discount node at Shopify for each campaign version, never changed. ``gid`` is None until it is known to be
there, ``goods`` what it is limited to, as JSON, ``first_code`` the code it is created with, ``creation`` a running import of codes; from the code ``low_id`` on
the pool is less than half full. One that was deleted or changed at Shopify has ``trouble`` since then, says what
``differs``, and has given up its fingerprint to another. One that Shopify refuses to make has ``trouble`` too and keeps
its fingerprint; ``differs`` says what of it is refused, and in whose words."""

GONE, EDITED, REFUSED = "gone", "edited", "refused"
"""The kinds of trouble."""

coupon_code = Table(
    "coupon_code",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("node_id", Id, ForeignKey("coupon_node.id"), nullable=False),
    Column("code", String(32)),
    Column("gid", String(80)),
    Column("state", String(9), nullable=False),
    Column("order_ref", Id, ForeignKey("order.id")),
    Column("assigned_at", Utc),
    Column("expires_on", Date),
    Index("uq_coupon_code_code_shop_id", "code", "shop_id", unique=True),
    Index("ix_coupon_code_node_id_state", "node_id", "state", "id"),
    Index("ix_coupon_code_order_ref", "order_ref"),
    Index("ix_coupon_code_expires_on", "expires_on", "shop_id"),
    Index(
        "uq_coupon_code_of_coupon",
        "order_ref",
        unique=True,
        sqlite_where=text("state IN ('given', 'spent', 'expired', 'ended')"),
        postgresql_where=text("state IN ('given', 'spent', 'expired', 'ended')"),
    ),
)
"""``gid`` is kept from minting until the code is removed; one that is given without it was lost and is made again.
``expires_on`` is set while the code is given. A code whose
order was erased is given to nobody and has lost its text, and still ends on its day."""

coupon = Table(
    "coupon",
    metadata,
    Column("order_ref", Id, ForeignKey("order.id"), primary_key=True, autoincrement=False),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("node_id", Id, ForeignKey("coupon_node.id")),
    Column("campaign", String(20), nullable=False, server_default=""),
    Column("doubt", Text),
    Column("refusal", String(10)),
    Column("expires_on", Date, nullable=False),
    Column("void", Boolean, nullable=False, server_default="0"),
    Column("waiting", Boolean, nullable=False, server_default="0"),
    Column("judged_at", Utc, nullable=False),
    Column("face", Big),
    Column("month", String(7)),
    Column("counted", Boolean, nullable=False, server_default="0"),
    Column("mailed", Text),
    Column("mail_due", Utc),
    Index("ix_coupon_shop_id", "shop_id", "order_ref"),
    Index(
        "ix_coupon_mail_due",
        "shop_id",
        "mail_due",
        sqlite_where=text("mail_due IS NOT NULL"),
        postgresql_where=text("mail_due IS NOT NULL"),
    ),
    Index(
        "ix_coupon_doubt",
        "order_ref",
        sqlite_where=text("doubt IS NOT NULL"),
        postgresql_where=text("doubt IS NOT NULL"),
    ),
    Index(
        "ix_coupon_waiting",
        "node_id",
        "order_ref",
        sqlite_where=text("waiting = 1"),
        postgresql_where=text("waiting"),
    ),
)
"""What was decided when the order was first handled: ``refusal`` None means owed, by the ``campaign`` of that name.
``void`` is today's target by the order's facts; ``waiting``: owed, not void, not used and without a code. While
something about the customer is not known, ``doubt`` holds what was on offer, and there is neither node nor refusal.
Where the shop had a cap, ``face`` is what the coupon counts for in the ``month`` it was issued in, while ``counted``.
``mailed`` is what Shopify's mails are shown of it, empty for nothing; None where the shop did not want that when the
coupon was decided. From ``mail_due`` on it may have changed."""

coupon_customer = Table(
    "coupon_customer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("customer_id", Big, nullable=False),
    Column("orders", Big),
    Column("counted_at", Utc),
    Index("uq_coupon_customer_customer_id_shop_id", "customer_id", "shop_id", unique=True),
)
"""What Shopify said of a customer when a campaign first asked; ``orders`` None: not asked yet, else the number of
orders at the instant ``counted_at``. It is asked again only after a merge with somebody who was never counted."""

coupon_tags = Table(
    "coupon_tags",
    metadata,
    Column("person_ref", Id, ForeignKey("coupon_customer.id"), primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("tags", Text, nullable=False),
    Index("ix_coupon_tags_day", "day"),
)
"""The tags of a customer for orders of a day, as JSON: asked once, and kept for the days in which such an order can come."""

coupon_budget = Table(
    "coupon_budget",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("month", String(7), nullable=False),
    Column("issued", Big, nullable=False, server_default="0"),
    Column("erased", Big, nullable=False, server_default="0"),
    Column("full_at", Utc),
    Column("mean_on", Date),
    Column("mean_sum", Big, nullable=False, server_default="0"),
    Column("mean_count", Integer, nullable=False, server_default="0"),
)
"""The month that runs in a shop with a cap: ``issued`` is the face value of its coupons that count, ``erased`` the part
of it whose coupons were erased, ``full_at`` when the cap first refused one. The mean order's value is as of ``mean_on``."""

coupon_use = Table(
    "coupon_use",
    metadata,
    Column("code_id", Id, ForeignKey("coupon_code.id"), primary_key=True, autoincrement=False),
    Column("order_ref", Id, ForeignKey("order.id"), primary_key=True, autoincrement=False),
    Column("campaign", String(20), nullable=False, server_default=""),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("revenue", Big, nullable=False, server_default="0"),
    Column("discount", Big, nullable=False, server_default="0"),
    Index("ix_coupon_use_order_ref", "order_ref"),
)
"""Which orders show which of our codes, by today's facts: the code's ``campaign``, and in minor units of the order's
``currency`` what is kept of the order and what the code took off of that."""
