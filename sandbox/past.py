"""A busy past: orders of the last weeks with their parcels, told to the app by webhooks as Shopify would have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sandbox.simulator import Simulator
from sandbox.state import Order, Product

MANY = 300
LONGEST = 75
"""Days ago on which it begins."""
ON_THE_WAY = (2, 3, 3, 3, 3, 4, 4, 5)
"""Days of delivery that parcels took, each as often as it stands here: longer than the merchant says."""
LOST = 0.03
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Past:
    """What one run brings about; the same ``seed`` brings about the same."""

    simulator: Simulator
    shop: str
    seed: int = 7

    def live_through(self, orders: int = MANY) -> int:
        """Place that many orders, hand each over on the next working day, and let its carrier report; returns how many."""
        chance, now = Random(self.seed), self.simulator.state.now()
        zone = ZoneInfo(self.simulator.shop(self.shop).time_zone)
        goods = [one for one in self.simulator.shop(self.shop).products.values() if one.requires_shipping]
        for _ in range(orders):
            ago = timedelta(days=chance.uniform(1, LONGEST))
            self._order(chance, chance.choice(goods), (now - ago).astimezone(zone), now)
        return orders

    def _order(self, chance: Random, product: Product, at: datetime, now: datetime) -> None:
        bought = self.simulator.place_order([product], shop=self.shop, country="DE", at=at)
        sent = _hour(_working_day(at, SATURDAY), 15)
        days, is_lost = chance.choice(ON_THE_WAY), chance.random() < LOST
        if sent > now:
            return
        parcel = self.simulator.fulfil(bought, at=sent)
        self._report(bought, parcel["id"], "in_transit", sent + timedelta(hours=5), now)
        arrives = sent
        for _ in range(days):
            arrives = _working_day(arrives, SUNDAY)
        if not is_lost:
            self._report(bought, parcel["id"], "delivered", _hour(arrives, 11), now)

    def _report(self, order: Order, parcel: int, status: str, at: datetime, now: datetime) -> None:
        if at <= now:
            self.simulator.scan(order, parcel, status, at=at)


def _working_day(day: datetime, first_off: int) -> datetime:
    """Return the next day of a week that ends before ``first_off``."""
    day += timedelta(days=1)
    while day.weekday() >= first_off:
        day += timedelta(days=1)
    return day


def _hour(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)
