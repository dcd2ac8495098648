"""Parcels that no carrier has scanned yet.

Most of them never will be, and say nothing. But some carriers report arrivals alone: there the slow ones are among the
silent, and to leave them out would be to learn from those that arrived.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from widgets.delivery.learned import Way

SILENT = 0.2
"""From this share of arrivals on that were a parcel's first scan, its carrier is taken to report little else."""

_SETTLED = timedelta(days=45)
"""What has not been heard of for so long is not waited for."""


@dataclass(slots=True)
class Heard:
    """Counts of parcels, by way and day of hand-over."""

    sent: Counter[tuple[Way, date]] = field(default_factory=Counter)
    scanned: Counter[tuple[Way, date]] = field(default_factory=Counter)
    arrived: Counter[Way] = field(default_factory=Counter)
    at_once: Counter[Way] = field(default_factory=Counter)

    def add(self, way: Way, day: date, count: int, *, scanned: bool, arrived: bool, at_once: bool) -> None:
        """Count parcels; ``at_once``: their first scan was their arrival."""
        self.sent[way, day] += count
        self.scanned[way, day] += count * scanned
        self.arrived[way] += count * arrived
        self.at_once[way] += count * at_once

    def waiting(self, until: date) -> Mapping[tuple[Way, date], float]:
        """Return, by way and day, how likely a silent parcel is still to be heard of; where nothing is said, it is not."""
        found: dict[tuple[Way, date], float] = {}
        for way, arrived in self.arrived.items():
            if self.at_once[way] > SILENT * arrived:
                days = [day for one, day in self.sent if one == way and day <= until]
                found |= self._of(way, days, until) if days else {}
        return found

    def lasting(self, until: date) -> float | None:
        """Return the share of all parcels that are heard of in the end; None where carriers report the way too."""
        if not self.at_once.total() > SILENT * self.arrived.total():
            return None
        keys = [key for key in self.sent if key[1] <= until]
        return self._share(keys, _old([day for _, day in keys], until)) if keys else None

    def _of(self, way: Way, days: list[date], until: date) -> dict[tuple[Way, date], float]:
        old = _old(days, until)
        lasting = self._share([(way, day) for day in days], old)
        found = {}
        for day in days:
            heard = self.scanned[way, day] / self.sent[way, day]
            if day > old and heard < lasting:
                found[way, day] = (lasting - heard) / (1 - heard)
        return found

    def _share(self, keys: Iterable[tuple[Way, date]], old: date) -> float:
        settled = [key for key in keys if key[1] <= old]
        return sum(self.scanned[key] for key in settled) / sum(self.sent[key] for key in settled)


def _old(days: list[date], until: date) -> date:
    """Return the day before which nothing more is expected: in a young shop the older half stands for it."""
    return until - min(_SETTLED, (until - min(days)) // 2)
