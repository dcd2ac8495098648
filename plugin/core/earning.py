"""How many points an order should have earned, and when they can be spent (semantics B 8, 9, 11)."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from plugin.core.money import exponent
from plugin.core.orders import OrderState, kept


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of the earning rule; ``rate`` is thousandths of a point for one unit of the currency."""

    version: str
    rate: int
    pending_days: int
    expiry_months: int
    without_tax: bool
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class Counting:
    """What a shop counts today: orders from this instant on, and whether test orders count."""

    active_from: datetime
    count_test_orders: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Points an order should have earned; its lot opens at ``available_at`` and closes at ``expires_at``."""

    points: int
    kept: int
    available_at: datetime
    expires_at: datetime | None


def target(state: OrderState, rule: Rule, counting: Counting) -> Target:
    """Return what the order should have earned by the rule in force when it was processed."""
    facts = state.facts
    amount = kept(state, without_tax=rule.without_tax, count_test=counting.count_test_orders)
    if not counts(state, counting):
        amount = 0
    points = amount * rule.rate // (1000 * 10 ** exponent(rule.currency))
    available_at = matures(facts.processed_at, rule)
    return Target(points, amount, available_at, expires(available_at, rule))


def counts(state: OrderState, counting: Counting) -> bool:
    """Tell whether the order is of the time since the shop takes part (semantics A 7)."""
    facts = state.facts
    return min(facts.created_at, facts.processed_at) >= counting.active_from


def matures(processed_at: datetime, rule: Rule) -> datetime:
    """Return when points become spendable: at once, or at 00:00 of the shop's zone after the pending days."""
    if rule.pending_days == 0:
        return processed_at
    zone = ZoneInfo(rule.zone)
    return midnight(processed_at.astimezone(zone).date() + timedelta(days=rule.pending_days), zone)


def expires(available_at: datetime, rule: Rule) -> datetime | None:
    """Return when a lot closes: the rule's months after it opened, on the shop's clock; None means never."""
    if rule.expiry_months == 0:
        return None
    zone = ZoneInfo(rule.zone)
    local = available_at.astimezone(zone)
    day = add_months(local.date(), rule.expiry_months)
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of the local day in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
