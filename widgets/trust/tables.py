"""What the last check of each seal found. A seal itself stands in the settings; nothing here is about a person."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from plugin.database import Id, Utc, metadata

trust_check = Table(
    "trust_check",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("result", String(12), nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("checked_at", Utc),
    Column("due_at", Utc, nullable=False),
    Index("ix_trust_check_due_at", "due_at"),
)
"""``fingerprint`` names a seal by its issuer, number and link, so that another link starts anew. ``result`` is one of
``widgets.trust.results``; ``failures`` counts what may pass by itself since the last answer; ``due_at`` is when the
next check is asked for."""
