"""What an order does to points: its target under the rule of its own time, posted as a difference."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection

from plugin import settings
from plugin.core import ledger, positions
from plugin.core.earning import Counting, Rule, target
from plugin.core.order_book import OrderChange
from plugin.errors import Park
from plugin.settings import ShopSettings, Version, Versions
from widgets.loyalty.settings import LoyaltySettings

MODELS = (LoyaltySettings, ShopSettings)


def on_orders(conn: Connection, changes: Sequence[OrderChange], now: datetime) -> None:
    """Bring every order's points to what its facts say today; raises Park on a foreign currency."""
    seen = [change for change in changes if change.state.snapshot is not None]
    if not seen:
        return
    versions = settings.versions(conn, {change.shop_id for change in seen}, MODELS)
    ending = ledger.post_orders(conn, [_owed(change, versions) for change in seen], now)
    positions.post_expiry(conn, ending, now)


def rule_at(versions: Versions, shop_id: int, instant: datetime) -> Rule:
    """Return the shop's earning rule in force at the instant (semantics B 8)."""
    return _rule(
        versions.at(shop_id, LoyaltySettings, instant),
        versions.at(shop_id, ShopSettings, instant),
    )


def counting(versions: Versions, shop_id: int) -> Counting:
    """Return what the shop counts today; these two settings have no history."""
    shop = versions.current(shop_id, ShopSettings).value
    return Counting(shop.active_since, shop.count_test_orders)


def _owed(change: OrderChange, versions: Versions) -> ledger.Owed:
    facts = change.state.facts
    rule = rule_at(versions, change.shop_id, facts.processed_at)
    if facts.currency != rule.currency:
        raise Park(f"The order is in {facts.currency}, the rule of its time in {rule.currency}.")
    return ledger.Owed(
        shop_id=change.shop_id,
        ref=change.ref,
        customer_id=change.state.customer_id,
        target=target(change.state, rule, counting(versions, change.shop_id)),
        business_at=facts.updated_at,
        rule_version=rule.version,
    )


def _rule(loyalty: Version[LoyaltySettings], shop: Version[ShopSettings]) -> Rule:
    return _made(loyalty.number, loyalty.value, shop.number, shop.value.currency, shop.value.time_zone)


@lru_cache(4096)
def _made(number: int, loyalty: LoyaltySettings, shop_number: int, currency: str, zone: str) -> Rule:
    return Rule(
        version=f"{number}.{shop_number}",
        rate=int(loyalty.points_per_unit * 1000) if loyalty.enabled else 0,
        pending_days=loyalty.pending_days,
        expiry_months=loyalty.expiry_months,
        without_tax=loyalty.basis == "net",
        currency=currency,
        zone=zone,
    )
