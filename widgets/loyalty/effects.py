"""What an order does to points: its target under the rule of its own time, posted as a difference."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from plugin import settings, tasks
from plugin.core import accounts, ledger, mirror, positions, redemptions, settlement
from plugin.core.ledger import Owed
from plugin.core.order_book import OrderChange
from plugin.errors import Park
from widgets.loyalty.rules import MODELS
from widgets.loyalty.targets import LEARN, Judged, judged, targets


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring every order's points to what its facts say today, and those of a reward whose code it used.

    Raises Park on a foreign currency.
    """
    seen = [change for change in changes if change.state.snapshot is not None]
    if not seen:
        return
    versions = settings.versions(conn, {change.shop_id for change in seen}, MODELS)
    orders = [judged(change.ref, change.shop_id, change.state, versions) for change in seen]
    for one in orders:
        _refuse_foreign(one)
    due = targets(conn, orders)
    owed = [
        Owed(
            shop_id=one.shop_id,
            ref=one.ref,
            customer_id=one.state.customer_id,
            target=due[one.ref],
            business_at=one.state.facts.updated_at,
            rule_version=one.rule.version,
        )
        for one in orders
    ]
    used = settlement.uses(conn, seen)
    buyers = redemptions.accounts_of(conn, used.redemptions)
    told_before = {change.ref for change in seen if not change.first}
    moved = mirror.moved(conn, [one for one in owed if one.ref in told_before])
    ending = ledger.post_orders(conn, owed, now, also=buyers)
    accounts.mark(conn, moved, now)
    ending |= settlement.follow(conn, used, now)
    positions.post_expiry(conn, ending, now)
    _ask(conn, {order.shop_id for order in owed if order.target.waits}, now)


def _refuse_foreign(order: Judged) -> None:
    currency = order.state.facts.currency
    if currency != order.rule.currency:
        raise Park(f"The order is in {currency}, the rule of its time in {order.rule.currency}.")


def _ask(conn: Connection, shop_ids: Iterable[int], now: datetime) -> None:
    """Have the products asked about for which orders wait."""
    tasks.enqueue(conn, [tasks.Wanted(id, LEARN, "all", now, {}) for id in shop_ids], now)
