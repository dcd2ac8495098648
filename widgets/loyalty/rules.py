"""The earning rule in force at an instant, from the versions of the settings (semantics B 8)."""

from datetime import datetime
from functools import lru_cache

from plugin.core.earning import Counting, Rule
from plugin.settings import ShopSettings, Versions
from widgets.loyalty.campaigns import rule_of
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.tiers import ladder_of

MODELS = (LoyaltySettings, ShopSettings)


def rule_at(versions: Versions, shop_id: int, instant: datetime) -> Rule:
    """Return the shop's earning rule in force at the instant."""
    loyalty = versions.at(shop_id, LoyaltySettings, instant)
    shop = versions.at(shop_id, ShopSettings, instant)
    return _rule(loyalty.number, loyalty.value, shop.number, shop.value.currency, shop.value.time_zone)


def counting(versions: Versions, shop_id: int) -> Counting:
    """Return what the shop counts today; these two settings have no history."""
    shop = versions.current(shop_id, ShopSettings).value
    return Counting(shop.active_since, shop.count_test_orders)


@lru_cache(4096)
def _rule(number: int, loyalty: LoyaltySettings, shop_number: int, currency: str, zone: str) -> Rule:
    return Rule(
        version=f"{number}.{shop_number}",
        rate=int(loyalty.points_per_unit * 1000) if loyalty.enabled else 0,
        pending_days=loyalty.pending_days,
        expiry_months=loyalty.expiry_months,
        without_tax=loyalty.basis == "net",
        currency=currency,
        zone=zone,
        campaigns=tuple(map(rule_of, loyalty.campaigns)) if loyalty.enabled else (),
        ladder=ladder_of(loyalty.tiers if loyalty.enabled else (), loyalty.tier_basis, loyalty.tier_months),
    )


def has_tiers(versions: Versions, shop_id: int) -> bool:
    """Tell whether the shop has, or ever had, tiers: then an order may change what others earned."""
    return any(one.value.tiers for one in versions.every(shop_id, LoyaltySettings))


def gives_entry_points(versions: Versions, shop_id: int) -> bool:
    """Tell whether reaching a tier brings points, or ever did."""
    return any(
        tier.entry_points for one in versions.every(shop_id, LoyaltySettings) for tier in one.value.tiers
    )
