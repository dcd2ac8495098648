"""A shop whose parcels take what we say they take: known lanes, a hard December, parcels lost, untracked, called off."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benchmarks.walked import Journey
from widgets.delivery.calendar import Days, Region, weekdays
from widgets.delivery.learned import Way
from widgets.delivery.settings import DeliverySettings, Lane

BERLIN = ZoneInfo("Europe/Berlin")
SETTINGS = DeliverySettings(
    handling_days=(0, 1),
    lanes=(
        Lane(countries=("DE",), min=1, max=2, carrier="DHL"),
        Lane(countries=("AT", "NL"), min=2, max=4, carrier="DHL"),
        Lane(countries=("FR",), min=2, max=5, carrier="Colissimo"),
        Lane(countries=("*",), min=5, max=15, carrier="UPS", days="mon-fri"),
    ),
)
WAYS = {
    Way("DE", None, "DHL"): (66, (0.0, 0.76, 0.15, 0.05, 0.02, 0.01, 0.01), 0.02),
    Way("AT", None, "DHL"): (12, (0.0, 0.10, 0.45, 0.28, 0.10, 0.04, 0.02, 0.01), 0.02),
    Way("NL", None, "DHL"): (4, (0.0, 0.05, 0.55, 0.25, 0.10, 0.05), 0.01),
    Way("FR", None, "Colissimo"): (
        10,
        (0.0, 0.0, 0.20, 0.30, 0.20, 0.12, 0.08, 0.04, 0.03, 0.02, 0.01),
        0.04,
    ),
    Way("US", "CA", "UPS"): (8, tuple([0.0] * 5 + [0.1 * 0.9**n for n in range(40)]), 0.03),
}
"""By way: its weight, the chances of each age, and the share that is lost."""


class Shop:
    """Makes a shop's past; the same seed makes the same one."""

    def __init__(self, seed: int, settings: DeliverySettings = SETTINGS) -> None:
        self.random = random.Random(seed)
        self.settings = settings

    def past(
        self, orders: int, first: date, days: int, december: float = 0.35, reported: float = 1.0
    ) -> list[Journey]:
        """Return so many orders within so many days; in the weeks before Christmas each stage may take a day more."""
        chance = self.random
        return [
            self._order(first + timedelta(days=int(days * chance.random())), december, reported)
            for _ in range(orders)
        ]

    def _order(self, day: date, december: float, reported: float) -> Journey:
        chance = self.random
        minute = int(chance.triangular(0, 24 * 60 - 1, 19 * 60))
        ordered_at = self._utc(day, minute)
        way = chance.choices(list(WAYS), [weight for weight, *_ in WAYS.values()])[0]
        hard = december if (11, 20) <= (day.month, day.day) <= (12, 24) else 0.0
        handed = self._handed_over(day, minute, hard)
        called_off = self._called_off(day, handed)
        if called_off is not None:
            return Journey(ordered_at, way, None, cancelled_at=self._utc(called_off, 12 * 60))
        handed_at = self._utc(handed, 17 * 60)
        tracked = chance.random() >= (0.3 if way.country == "US" else 0.06)
        _, shares, lost = WAYS[way]
        if chance.random() < lost:
            found = handed_at + timedelta(days=21 + chance.random())
            return Journey(ordered_at, way, handed_at, lost_at=found, known_at=found, tracked=tracked)
        age = chance.choices(range(len(shares)), shares)[0] + (chance.random() < hard)
        carrier = Days(
            weekdays("mon-fri" if way.country == "US" else "mon-sat"), Region(way.country, way.province)
        )
        delivered_at = self._utc(carrier.after(handed, age), 13 * 60)
        late = timedelta(
            hours=reported * (20 * chance.random() if chance.random() < 0.98 else 90 * chance.random())
        )
        return Journey(ordered_at, way, handed_at, delivered_at, delivered_at + late, tracked=tracked)

    def _handed_over(self, day: date, minute: int, hard: float) -> date:
        chance, sends = self.random, self.settings.dispatch
        late = minute > 14 * 60
        taken = sends.from_(day + timedelta(days=late))
        shares = (0.85, 0.11, 0.02, 0.01, 0.005, 0.005) if late else (0.6, 0.32, 0.04, 0.02, 0.01, 0.01)
        if taken.weekday() == 0:
            shares = (0.45, 0.43, 0.06, 0.03, 0.02, 0.01)
        age = chance.choices(range(len(shares)), shares)[0] + (chance.random() < hard)
        return sends.after(taken, age)

    def _called_off(self, day: date, handed: date) -> date | None:
        """Some lose patience with an order that is not sent: from the fourth day on, one of seven each day."""
        for waited in range(4, (handed - day).days):
            if self.random.random() < 1 / 7:
                return day + timedelta(days=waited)
        return None

    @staticmethod
    def _utc(day: date, minute: int) -> datetime:
        return (datetime.combine(day, time(0), BERLIN) + timedelta(minutes=minute)).astimezone(UTC)
