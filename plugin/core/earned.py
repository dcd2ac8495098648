"""Today's target of each order as a row, so that lots, tiers and pages are read without an order's facts (ADR 6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, String, Table, Text, text

from plugin.core.accounts import Account
from plugin.core.earning import Target
from plugin.database import Big, Id, Upsert, Utc, metadata

earning = Table(
    "earning",
    metadata,
    Column("order_ref", Id, ForeignKey("order.id"), primary_key=True, autoincrement=False),
    Column("shop_id", Id, ForeignKey("shop.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id")),
    Column("points", Big, nullable=False),
    Column("kept", Big, nullable=False),
    Column("available_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("rule_version", String(24), nullable=False),
    Column("breakdown", Text),
    Column("waits", Boolean, nullable=False, server_default="0"),
    Column("base", Big, nullable=False, server_default="0"),
    Column("final_from", Utc),
    Column("tier", String(40)),
    Index("ix_earning_account_id_available_at", "account_id", "available_at"),
    Index("ix_earning_shop_id_expires_at", "shop_id", "expires_at"),
    Index(
        "ix_earning_waits",
        "shop_id",
        "order_ref",
        sqlite_where=text("waits = 1"),
        postgresql_where=text("waits"),
    ),
)
"""Today's target of each order, so that a lot can be read without its facts; recomputed by ``dankbar verify``.
``breakdown``: how the points came about; ``waits``: facts about products may bring more; ``base``: the points without
a tier, ``final_from``: since when the order stands as it does, ``tier``: its customer's when it was processed."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What one order should have earned, for whom, as of the business time of its newest facts."""

    shop_id: int
    ref: int
    customer_id: int | None
    target: Target
    business_at: datetime
    rule_version: str


_CHANGING = (
    "account_id",
    "points",
    "kept",
    "available_at",
    "expires_at",
    "rule_version",
    "breakdown",
    "waits",
    "base",
    "final_from",
    "tier",
)


def _set_earning(make: Callable[..., Any]) -> Any:
    statement = make(earning)
    changed = {name: statement.excluded[name] for name in _CHANGING}
    return statement.on_conflict_do_update(index_elements=["order_ref"], set_=changed)


_SET_EARNING = Upsert(_set_earning)


def remember(conn: Connection, owed: Sequence[Owed], homes: Mapping[tuple[int, int], Account]) -> None:
    """Write today's targets; ``homes`` are the accounts by shop and customer."""
    rows = []
    for order in sorted(owed, key=lambda order: order.ref):
        home = homes.get((order.shop_id, order.customer_id)) if order.customer_id is not None else None
        rows.append(
            {
                "order_ref": order.ref,
                "shop_id": order.shop_id,
                "account_id": home.id if home else None,
                "points": order.target.points,
                "kept": order.target.kept,
                "available_at": order.target.available_at,
                "expires_at": order.target.expires_at,
                "rule_version": order.rule_version,
                "breakdown": order.target.breakdown,
                "waits": order.target.waits,
                "base": order.target.base,
                "final_from": order.target.final_from,
                "tier": order.target.tier,
            }
        )
    if rows:
        _SET_EARNING.rows(conn, rows)
