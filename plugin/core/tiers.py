"""Tiers: levels that a customer reaches by what they kept in a rolling window (semantics B 15).

The tier at an instant is a function of facts with an earlier business time, and of the rule in force at that instant.
So an order never counts towards its own tier, and a refund never reaches back before its own time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeAlias
from zoneinfo import ZoneInfo

from plugin.core.earning import Rule, add_months, midnight
from plugin.core.ladder import Basis, Tier


@dataclass(frozen=True, slots=True)
class Past:
    """An order of an account as tiers count it, by today's facts; ``base`` are its points without a tier.

    ``final_from``: since when it stands so.
    """

    ref: int
    at: datetime
    kept: int
    base: int
    currency: str
    final_from: datetime | None = None


Then: TypeAlias = Callable[[Past, datetime], Past]
"""Returns an order as it stood at an instant."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A tier that was entered for the first time, with the rule of that instant."""

    tier: Tier
    at: datetime
    rule: Rule


def window(at: datetime, months: int, zone: str) -> datetime:
    """Return where the window before ``at`` begins: at 00:00 of the shop's day so many months earlier."""
    clock = ZoneInfo(zone)
    return midnight(add_months(at.astimezone(clock).date(), -months), clock)


def leaves(at: datetime, months: int, zone: str) -> datetime:
    """Return the first instant whose window no longer holds an order processed at ``at``."""
    clock = ZoneInfo(zone)
    day = at.astimezone(clock).date()
    out = add_months(day, months)
    while add_months(out, -months) <= day:
        out += timedelta(days=1)
    return midnight(out, clock)


class History:
    """The orders of one account, merged ones included, in business time."""

    def __init__(self, pasts: Iterable[Past], then: Then) -> None:
        self.pasts = sorted(pasts, key=lambda past: (past.at, past.ref))
        self._times = [past.at for past in self.pasts]
        self._open = [past for past in self.pasts if past.final_from is not None]
        self._sums: dict[tuple[Basis, str], list[int]] = {}
        self._then = then

    def value(self, rule: Rule, at: datetime) -> int:
        """Return what counts at ``at``: orders processed before it, each as it stood then."""
        start = window(at, rule.ladder.months, rule.zone)
        found = self._between(rule, bisect_left(self._times, start), bisect_left(self._times, at))
        for past in self._open:
            if start <= past.at < at <= (past.final_from or past.at):
                found += _worth(self._then(past, at), rule) - _worth(past, rule)
        return found

    def tier(self, rule: Rule, at: datetime) -> Tier | None:
        """Return the tier at ``at`` by the rule in force then."""
        return rule.ladder.tier(self.value(rule, at)) if rule.ladder.tiers else None

    def entered(self, rule_at: Callable[[datetime], Rule]) -> dict[str, Entered]:
        """Return each tier that was ever reached, by its id: with the first order that brought the account there.

        By today's facts: what was given back since never counted. The rule of that order's time decides.
        """
        found: dict[str, Entered] = {}
        for at in dict.fromkeys(self._times):
            rule = rule_at(at)
            if not rule.ladder.tiers:
                continue
            start = window(at, rule.ladder.months, rule.zone)
            value = self._between(rule, bisect_left(self._times, start), bisect_right(self._times, at))
            for tier in rule.ladder.tiers:
                if tier.threshold <= value:
                    found.setdefault(tier.id, Entered(tier, at, rule))
        return found

    def first_after(self, start: datetime) -> datetime | None:
        """Return when the first order that counts anything was processed, from ``start`` on."""
        begin = bisect_left(self._times, start)
        return next((past.at for past in self.pasts[begin:] if past.kept), None)

    def _between(self, rule: Rule, first: int, end: int) -> int:
        key = (rule.ladder.basis, rule.currency)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0, *accumulate(_worth(past, rule) for past in self.pasts)]
        return sums[max(first, end)] - sums[first]


def _worth(past: Past, rule: Rule) -> int:
    if rule.ladder.basis == Basis.POINTS:
        return past.base
    if rule.ladder.basis == Basis.ORDERS:
        return int(past.kept > 0)
    return past.kept if past.currency == rule.currency else 0
