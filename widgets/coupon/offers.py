"""What a shop offers now: its campaigns in the order in which an order is held against them.

The stamp card comes first: its coupon replaces any other on the n-th order (semantics C 21).
"""

from dataclasses import dataclass
from datetime import date, datetime

from plugin.settings import ShopSettings, Versions
from widgets.coupon import campaigns
from widgets.coupon.budget import Cap
from widgets.coupon.campaigns import Campaign
from widgets.coupon.seasons import Campaign as Season
from widgets.coupon.settings import CouponSettings

ORDINARY, STAMP = "", "stamp"
"""The names of the two campaigns that the section itself holds."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A campaign, for how long its coupons are valid, and for which orders and customers it is.

    ``minimum`` is that of the order which brings the coupon; ``every``: on each so many-th order, 0 on any. ``tags``
    are compared as ``doubts`` does; with none of ``tags`` or ``countries``, everybody and everywhere.
    """

    name: str
    gives: Campaign
    valid_days: int
    minimum: int
    first_only: bool = False
    every: int = 0
    tags: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def asks(self) -> bool:
        """Tell whether the order's own facts are not enough."""
        return self.first_only or self.every > 0 or bool(self.tags)

    def meets(self, day: date, country: str | None) -> bool:
        """Tell whether it is for orders of this day, on the shop's clock, that go to this country."""
        if (self.starts_on and day < self.starts_on) or self.is_over(day):
            return False
        return not self.countries or country in self.countries

    def is_over(self, day: date) -> bool:
        """Tell whether its last day has passed."""
        return self.ends_on is not None and self.ends_on < day


def of_shop(versions: Versions, shop_id: int) -> tuple[Offer, ...]:
    """Return the shop's offers, the one that goes first first; none while coupons are switched off."""
    gives = campaigns.current(versions, shop_id)
    if gives is None:
        return ()
    settings = versions.current(shop_id, CouponSettings).value
    currency = versions.current(shop_id, ShopSettings).value.currency
    minimum, first_only = settings.minimum_subtotal, settings.first_order_only
    ordinary = Offer(ORDINARY, gives, settings.valid_days, minimum, first_only)
    ranked = sorted(settings.campaigns, key=lambda one: -one.priority)
    special = [_of_campaign(one, currency, settings.prefix) for one in ranked]
    stamps = stamp_offer(settings, currency)
    return (*((stamps,) if stamps else ()), *special, ordinary)


def running(versions: Versions, shop_id: int, now: datetime) -> tuple[Offer, ...]:
    """Return the offers that are not over, those that have yet to begin among them."""
    today = now.astimezone(versions.current(shop_id, ShopSettings).value.zone).date()
    return tuple(offer for offer in of_shop(versions, shop_id) if not offer.is_over(today))


def cap_of(versions: Versions, shop_id: int) -> Cap:
    """Return how much a shop gives in a month."""
    amount = versions.current(shop_id, CouponSettings).value.monthly_cap
    zone = versions.current(shop_id, ShopSettings).value.zone
    return Cap(amount, zone, versions.unchanged_since(shop_id, ShopSettings, "currency") if amount else None)


def stamp_offer(settings: CouponSettings, currency: str) -> Offer | None:
    """Return what a full stamp card gives, whatever the value of the order that fills it; None without one."""
    if not settings.stamp_every:
        return None
    gives = Campaign(
        settings.stamp_kind, settings.stamp_value, settings.stamp_minimum, currency, prefix=settings.prefix
    )
    return Offer(STAMP, gives, settings.valid_days, 0, every=settings.stamp_every)


def _of_campaign(one: Season, currency: str, prefix: str) -> Offer:
    gives = Campaign(
        kind=one.kind,
        value=one.value,
        minimum=one.minimum_subtotal,
        currency=currency,
        prefix=prefix,
        products=tuple(sorted(one.only_products)),
        collections=tuple(sorted(one.only_collections)),
        title=one.title,
    )
    return Offer(
        name=one.id,
        gives=gives,
        valid_days=one.valid_days,
        minimum=one.minimum_subtotal,
        first_only=one.first_order_only,
        tags=one.customer_tags,
        countries=one.countries,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
    )
