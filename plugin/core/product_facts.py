"""Facts about products, asked of Shopify once for each product and order day; nothing in them is about a person."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import TypeAlias

from sqlalchemy import Boolean, Column, Connection, Date, ForeignKey, Table, Text, bindparam, select

from plugin.core.campaigns import ProductFacts
from plugin.database import Big, Id, Upsert, Utc, among, metadata

product_fact = Table(
    "product_fact",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True, autoincrement=False),
    Column("product_id", Big, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("gone", Boolean, nullable=False),
    Column("collections", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("fetched_at", Utc, nullable=False),
)
"""``day``: the shop's day of the orders it is for; ``gone``: Shopify knows no such product (any more); the two lists
are JSON."""

Wanted: TypeAlias = tuple[int, int, date]
"""Shop, product and day."""

_FIND = select(
    product_fact.c.shop_id,
    product_fact.c.product_id,
    product_fact.c.day,
    product_fact.c.collections,
    product_fact.c.tags,
).where(
    among(product_fact.c.shop_id, "shops"),
    among(product_fact.c.product_id, "products"),
    product_fact.c.day >= bindparam("first", type_=Date),
    product_fact.c.day <= bindparam("last", type_=Date),
)
_ADD = Upsert(lambda insert: insert(product_fact).on_conflict_do_nothing())


def known(conn: Connection, wanted: Iterable[Wanted]) -> dict[Wanted, ProductFacts]:
    """Return what was asked about these products for these days; no statement where none is wanted."""
    asked = set(wanted)
    if not asked:
        return {}
    days = [day for _, _, day in asked]
    rows = conn.execute(
        _FIND,
        {
            "shops": sorted({shop for shop, _, _ in asked}),
            "products": sorted({product for _, product, _ in asked}),
            "first": min(days),
            "last": max(days),
        },
    )
    return {
        (row.shop_id, row.product_id, row.day): ProductFacts(
            frozenset(json.loads(row.collections)), frozenset(json.loads(row.tags))
        )
        for row in rows
        if (row.shop_id, row.product_id, row.day) in asked
    }


def learn(conn: Connection, about: Wanted, facts: ProductFacts | None, now: datetime) -> None:
    """Store what Shopify said; None is a product that is gone. What is known of a day stays as it is."""
    shop_id, product_id, day = about
    row = {
        "shop_id": shop_id,
        "product_id": product_id,
        "day": day,
        "gone": facts is None,
        "collections": json.dumps(sorted(facts.collections) if facts else []),
        "tags": json.dumps(sorted(facts.tags) if facts else [], ensure_ascii=False),
        "fetched_at": now,
    }
    conn.execute(_ADD.on(conn), [row])
