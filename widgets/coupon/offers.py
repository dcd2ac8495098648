"""What a shop offers now: its campaigns in the order in which an order is held against them.

The stamp card comes first: its coupon replaces any other on the n-th order (semantics C 21).
"""

from dataclasses import dataclass

from plugin.settings import ShopSettings, Versions
from widgets.coupon import campaigns
from widgets.coupon.budget import Cap
from widgets.coupon.campaigns import Campaign
from widgets.coupon.settings import CouponSettings

ORDINARY, STAMP = "", "stamp"
"""The names of the two campaigns that the section itself holds."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A campaign, for how long its coupons are valid, and what must be known of a customer to give one.

    ``minimum`` is that of the order which brings the coupon; ``every``: on each so many-th order, 0 on any.
    """

    name: str
    gives: Campaign
    valid_days: int
    minimum: int
    first_only: bool = False
    every: int = 0

    @property
    def asks(self) -> bool:
        """Tell whether the order's own facts are not enough."""
        return self.first_only or self.every > 0


def of_shop(versions: Versions, shop_id: int) -> tuple[Offer, ...]:
    """Return the shop's offers, the one that goes first first; none while coupons are switched off."""
    gives = campaigns.current(versions, shop_id)
    if gives is None:
        return ()
    settings = versions.current(shop_id, CouponSettings).value
    currency = versions.current(shop_id, ShopSettings).value.currency
    minimum, first_only = settings.minimum_subtotal, settings.first_order_only
    ordinary = Offer(ORDINARY, gives, settings.valid_days, minimum, first_only)
    stamps = stamp_offer(settings, currency)
    return (ordinary,) if stamps is None else (stamps, ordinary)


def cap_of(versions: Versions, shop_id: int) -> Cap:
    """Return how much a shop gives in a month."""
    amount = versions.current(shop_id, CouponSettings).value.monthly_cap
    return Cap(amount, versions.current(shop_id, ShopSettings).value.zone)


def stamp_offer(settings: CouponSettings, currency: str) -> Offer | None:
    """Return what a full stamp card gives, whatever the value of the order that fills it; None without one."""
    if not settings.stamp_every:
        return None
    gives = Campaign(settings.stamp_kind, settings.stamp_value, settings.stamp_minimum, currency)
    return Offer(STAMP, gives, settings.valid_days, 0, every=settings.stamp_every)
