"""Which settings an order was placed under, and how it was taken up by them."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from plugin.core.orders import OrderFacts
from plugin.settings import ShopSettings, Version, Versions
from widgets.delivery.calendar import NeverOpen
from widgets.delivery.planning import Asked, dispatch
from widgets.delivery.promise import cutoff, taken_on
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.tables import lane_key

MODELS = (DeliverySettings, ShopSettings)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was in force when an order was processed; ``since``: from when on the shop's orders count, as of today."""

    rule: Version[DeliverySettings]
    zone: ZoneInfo
    since: datetime
    count_test_orders: bool

    @property
    def settings(self) -> DeliverySettings:
        """The merchant's own times."""
        return self.rule.value


@dataclass(frozen=True, slots=True)
class Start:
    """Where an order goes and how it was taken up; the fields are columns of its promise and of its parcels."""

    lane: str
    country: str | None
    province: str | None
    taken_on: date | None
    after_cutoff: bool
    weekday: int


def terms(versions: Versions, shop_id: int, processed_at: datetime) -> Terms:
    """Return the terms of that time; the first version that names a lane reaches back for ever."""
    today = versions.current(shop_id, ShopSettings).value
    return Terms(
        _rule(versions, shop_id, processed_at),
        versions.at(shop_id, ShopSettings, processed_at).value.zone,
        today.active_since,
        today.count_test_orders,
    )


def asked(facts: OrderFacts) -> Asked:
    """Return what an order asks of the calculus; lines that were taken out of it later count as well."""
    products = (line.product_id for line in facts.lines if line.ships)
    return Asked(
        facts.processed_at,
        facts.country,
        facts.province,
        tuple(product for product in products if product is not None),
    )


def start(facts: OrderFacts, under: Terms) -> Start:
    """Return how the order was taken up; without a day where there is no working day within a year."""
    about, rules = asked(facts), under.settings
    sends = dispatch(rules, under.zone, about.products)
    local = facts.processed_at.astimezone(under.zone).date()
    there = [one.available_on for one in rules.slow(about.products) if one.available_on is not None]
    try:
        taken = taken_on(sends, facts.processed_at, max(there, default=None))
    except NeverOpen:
        taken = None
    lane = rules.lane(facts.country)
    return Start(
        lane=lane_key(facts.country, lane.carrier if lane else ""),
        country=facts.country[:2] if facts.country else None,
        province=facts.province[:10] if facts.province else None,
        taken_on=taken,
        after_cutoff=facts.processed_at > cutoff(sends, local),
        weekday=local.weekday(),
    )


def _rule(versions: Versions, shop_id: int, instant: datetime) -> Version[DeliverySettings]:
    found = versions.at(shop_id, DeliverySettings, instant)
    if found.value.lanes or not found.value.enabled:
        return found
    every = versions.every(shop_id, DeliverySettings)
    first = next((version for version in every if version.value.lanes), found)
    return first if instant < first.valid_from else found
