"""What follows when something is told about orders, whoever told it: webhook, reconciliation or fetch."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from plugin import settings, tasks
from plugin.core import order_book, tombstones
from plugin.core.order_book import OrderChange
from plugin.core.orders import Arrival
from plugin.core.tombstones import Pseudonym
from plugin.setting_errors import Gettext
from plugin.settings import OnChange, Section, ShopSettings, Version
from widgets.registry import ALL, SECTIONS

FETCH_ORDER = "fetch_order"
"""The task that asks Shopify what an order is; its key and its payload's ``order_id`` are the order's id."""

REDERIVE = "orders.rederive"
"""The task that derives all orders of a shop again."""


def apply(
    conn: Connection, arrivals: Sequence[Arrival], now: datetime, pseudonym: Pseudonym
) -> list[OrderChange]:
    """Merge what arrived and bring every widget to its target, in the caller's transaction; returns the orders touched.

    What concerns an erased order is dropped whole, an erased customer's new order is a guest's. Orders about which only a fetch can tell get a ``fetch_order`` task. Raises Park when an order or refund is known
    as another shop's.
    """
    changes = order_book.absorb(conn, tombstones.admit(conn, arrivals, pseudonym), now)
    derive(conn, changes, now)
    wanted = [
        tasks.Wanted(change.shop_id, FETCH_ORDER, str(change.order_id), now, {"order_id": change.order_id})
        for change in changes
        if change.refetch
    ]
    tasks.enqueue(conn, wanted, now)
    return changes


def derive(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring every widget to its target for these orders; ones known by a refund or deletion alone have none yet."""
    shown = [change for change in changes if change.state.snapshot is not None]
    if not shown:
        return
    for widget in ALL.values():
        effect = widget.effects.get("orders")
        if effect is not None:
            effect(conn, shown, now)


def merged(conn: Connection, shop_id: int, root: int, now: datetime) -> None:
    """Bring every widget to its target for a root account that another was merged into; both are locked."""
    for widget in ALL.values():
        if widget.on_merge is not None:
            widget.on_merge(conn, shop_id, root, now)


def change_settings(
    conn: Connection,
    shop_id: int,
    section: str,
    patch: Mapping[str, object],
    now: datetime,
    *,
    gettext: Gettext = str,
    gate: OnChange | None = None,
) -> Version[Section] | None:
    """Change a section of settings and let every widget answer to it; None when nothing would differ.

    ``gate`` is asked first and may refuse. Raises KeyError for an unknown section and Invalid, which names the field.
    """
    hooks = [gate] if gate else []
    hooks += [widget.on_change[section] for widget in ALL.values() if section in widget.on_change]
    hooks.append(_rederive)
    return settings.change(conn, shop_id, SECTIONS[section], patch, now, hooks=hooks, gettext=gettext)


def _rederive(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Ask for orders again whose target the change touches.

    What counts has no history, so that all orders are asked for (semantics A 6). A rule has one, but an order
    processed between the start of a version and its commit may have been judged by the version before.
    """
    key, payload = f"since {now.isoformat()}", {"since": now.isoformat()}
    if isinstance(before, ShopSettings) and isinstance(after, ShopSettings):
        counted = (before.active_since, before.count_test_orders)
        if counted != (after.active_since, after.count_test_orders):
            key, payload = "all", {}
        elif (before.currency, before.time_zone) == (after.currency, after.time_zone):
            return
    tasks.enqueue(conn, [tasks.Wanted(shop_id, REDERIVE, key, now, payload)], now)
