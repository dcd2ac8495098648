"""Codes ahead of time: a campaign's pool is filled before the first order needs it."""

from datetime import datetime

from sqlalchemy import Connection, insert

from plugin import settings, tasks
from plugin.settings import Section, ShopSettings
from widgets.coupon import campaigns, pool, stock
from widgets.coupon.effects import MODELS
from widgets.coupon.tables import FREE, coupon_code

SAMPLES = ("DANKE-7K4M-9QXP-3TRV", "DANKE-4CWH-6NRJ-9DXK")
"""What previews show, and no shop has: codes that changed with every look would draw the eye for nothing."""


def prepare(conn: Connection, shop_id: int, now: datetime) -> None:
    """Ask for the pool of the shop's campaign; at its installation, once its settings are established."""
    campaign = campaigns.current(settings.versions(conn, [shop_id], MODELS), shop_id)
    if campaign is None:
        return
    node = campaigns.nodes(conn, {shop_id: campaign}, now)[shop_id]
    tasks.enqueue(conn, pool.wanted(pool.TOP_UP, [node.id], {node.id: node}, now), now)


def on_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Prepare the campaign that a change of settings makes; what was issued keeps its own."""
    prepare(conn, shop_id, now)


def on_shop_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Prepare the campaign that another currency makes."""
    if _currency(before) != _currency(after):
        prepare(conn, shop_id, now)


def rehearse(conn: Connection, shop_id: int, now: datetime) -> None:
    """Mint two codes as Shopify would, always the same, and give them to the orders that wait."""
    campaign = campaigns.current(settings.versions(conn, [shop_id], MODELS), shop_id)
    if campaign is None:
        return
    node = campaigns.nodes(conn, {shop_id: campaign}, now)[shop_id]
    pool_of = {"shop_id": shop_id, "node_id": node.id, "state": FREE}
    conn.execute(insert(coupon_code), [{**pool_of, "code": code, "gid": code} for code in SAMPLES])
    stock.review(conn, shop_id, node.id, now, filling=False)


def _currency(section: Section) -> str | None:
    return section.currency if isinstance(section, ShopSettings) else None
