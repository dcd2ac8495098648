"""Codes ahead of time: a campaign's pool is filled before the first order needs it."""

from datetime import datetime

from sqlalchemy import Connection

from plugin import settings, tasks
from plugin.settings import Section, ShopSettings
from widgets.coupon import campaigns, capping, offers, pool, refusals
from widgets.coupon.campaigns import Node
from widgets.coupon.deciding import MODELS


def prepare(conn: Connection, shop_id: int, now: datetime) -> None:
    """Ask for the pools of the shop's campaigns; at its installation, once its settings are established."""
    nodes = _nodes(conn, shop_id, now)
    tasks.enqueue(conn, pool.wanted(pool.TOP_UP, nodes, nodes, now), now)


def on_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Prepare the campaigns that a change of settings makes; what was issued keeps its own, and counts for a new cap."""
    cap = offers.cap_of(settings.versions(conn, [shop_id], MODELS), shop_id)
    if cap.amount and cap.amount != getattr(before, "monthly_cap", 0):
        capping.begin(conn, shop_id, cap, now)
    prepare(conn, shop_id, now)
    refusals.ask(conn, shop_id, now)


def on_shop_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Prepare the campaigns that another currency makes."""
    if _currency(before) != _currency(after):
        capping.restart(conn, shop_id, now)
        prepare(conn, shop_id, now)
        refusals.ask(conn, shop_id, now)


def _nodes(conn: Connection, shop_id: int, now: datetime) -> dict[int, Node]:
    running = offers.running(settings.versions(conn, [shop_id], MODELS), shop_id, now)
    found = campaigns.all_nodes(conn, [(shop_id, offer.gives) for offer in running], now)
    return {node.id: node for node in found.values()}


def _currency(section: Section) -> str | None:
    return section.currency if isinstance(section, ShopSettings) else None
