"""How many points an order should have earned, and when they can be spent (semantics B 8, 9, 11, 15)."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from plugin.core import campaigns
from plugin.core.as_of import final_from
from plugin.core.breakdowns import breakdown, plain
from plugin.core.campaigns import NOTHING, ONCE, Campaign, Known
from plugin.core.ladder import NO_TIERS, Ladder, Tier
from plugin.core.money import exponent
from plugin.core.orders import OrderState, kept
from plugin.core.parts import divide


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
    campaigns: tuple[Campaign, ...] = ()
    ladder: Ladder = NO_TIERS

    def day(self, instant: datetime) -> date:
        """Return the day that the shop's clock shows."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def running(self, instant: datetime) -> tuple[Campaign, ...]:
        """Return the bonus campaigns of the instant's day."""
        return campaigns.running(self.campaigns, self.day(instant)) if self.campaigns else ()


@dataclass(frozen=True, slots=True)
class Counting:
    """What a shop counts today: orders from this instant on, and whether test orders count."""

    active_from: datetime
    count_test_orders: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Points an order should have earned; its lot opens at ``available_at`` and closes at ``expires_at``.

    ``breakdown`` says in JSON what they are made of; ``waits`` that facts about its products may bring more. Tiers
    count ``base``, its points without any tier, and ``final_from``, since when it stands as it stands today.
    """

    points: int
    kept: int
    available_at: datetime
    expires_at: datetime | None
    breakdown: str
    waits: bool
    base: int
    final_from: datetime | None
    tier: str | None = None


def target(
    state: OrderState, rule: Rule, counting: Counting, known: Known = NOTHING, tier: Tier | None = None
) -> Target:
    """Return what the order should have earned by the rule in force when it was processed.

    ``known`` is what was asked about its products; until then they bring what all products bring. ``tier`` is its
    customer's when it was processed.
    """
    facts = state.facts
    amount = kept(state, without_tax=rule.without_tax, count_test=counting.count_test_orders)
    if not counts(state, counting):
        amount = 0
    base, points, written = _points(state, rule, amount, known, tier)
    available_at = matures(facts.processed_at, rule)
    return Target(
        points=points,
        kept=amount,
        available_at=available_at,
        expires_at=expires(available_at, rule),
        breakdown=written,
        waits=bool(asks(state, rule, counting) - known.keys()),
        base=base,
        final_from=final_from(state),
        tier=tier.id if tier else None,
    )


def _points(
    state: OrderState, rule: Rule, amount: int, known: Known, tier: Tier | None
) -> tuple[int, int, str]:
    """Return floor(sum of part x rate x multipliers) without and with the tier, and what it is made of."""
    unit = 1000 * 10 ** exponent(rule.currency)
    on = rule.running(state.facts.processed_at)
    if not on and tier is None:
        points = amount * rule.rate // unit
        return points, points, plain(rule.currency, rule.rate, amount)
    parts = divide(state, amount, on, known)
    whole, unit = parts.weighted() * rule.rate, parts.whole * ONCE * unit
    base, level = whole // unit, tier.multiplier if tier else ONCE
    named = (tier.title, tier.multiplier) if tier else None
    written = breakdown(rule.currency, rule.rate, parts, named).encode()
    return base, whole * level // (unit * ONCE), written


def asks(state: OrderState, rule: Rule, counting: Counting) -> set[int]:
    """Return the products of the order whose facts may bring more than all products bring on its day."""
    on = rule.running(state.facts.processed_at)
    if not on or not campaigns.selective(on) or state.deleted or not counts(state, counting):
        return set()
    return {
        line.product_id for line in state.facts.lines if line.product_id is not None and not line.gift_card
    }


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
    return months_after(available_at, rule.expiry_months, rule.zone)


def months_after(at: datetime, months: int, zone: str) -> datetime | None:
    """Return the instant so many months later on that clock; None for 0, which means never."""
    if months == 0:
        return None
    local = at.astimezone(ZoneInfo(zone))
    day = add_months(local.date(), months)
    return datetime.combine(day, local.time(), local.tzinfo).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of the local day in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
