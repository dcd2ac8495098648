"""Beyond a plan's limit only what is new waits, and only after thirty days. Nothing else is ever asked about a plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from plugin.billing.plans import PLANS, Plan

GRACE = timedelta(days=30)

Counted: TypeAlias = tuple[int, int]
"""Kept orders of the month before, which is complete, and of the present one."""


@dataclass(frozen=True, slots=True)
class Over:
    """Since when more is kept than the limit that the shop had then."""

    since: datetime
    limit: int


class Step(StrEnum):
    """How it stands: within the plan, beyond it and free to go on, or beyond it for longer than the grace."""

    WITHIN = "within"
    GRACE = "grace"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``orders`` is the count that decided, of the month before where ``before`` says so; ``until`` ends the grace."""

    step: Step
    orders: int
    before: bool = False
    since: datetime | None = None

    @property
    def waits(self) -> bool:
        """Tell whether new campaigns and rules wait."""
        return self.step is Step.WAITING

    @property
    def until(self) -> datetime | None:
        """Return when the grace ends or ended; None within the plan."""
        return self.since + GRACE if self.since else None


def over(known: Over | None, limit: int | None, counted: Counted, now: datetime) -> Over | None:
    """Return since when more is kept than the limit; None once a whole month stayed within it.

    A new month begins with few orders, which by itself ends nothing; and a month that is over begins nothing. A larger
    limit than the one known begins anew; a smaller one goes on, so that to and fro gives no time.
    """
    before, this = counted
    if limit is None:
        return None
    if known is not None and limit > known.limit:
        known = None
    if this > limit:
        return known or Over(now, limit)
    return known if before > limit else None


def judge(limit: int | None, counted: Counted, since: datetime | None, now: datetime) -> Verdict:
    """Return how it stands with this limit, from how many orders were kept and since when they are too many."""
    before, this = counted
    if limit is None or since is None:
        return Verdict(Step.WITHIN, this)
    earlier = this <= limit
    step = Step.WAITING if now >= since + GRACE else Step.GRACE
    return Verdict(step, before if earlier else this, earlier, since)


def larger(plan: Plan, orders: int) -> Plan | None:
    """Return the smallest plan above this one that covers so many orders, or at least the next; None above the last."""
    above = PLANS[PLANS.index(plan) + 1 :]
    return next((one for one in above if one.orders is None or one.orders >= orders), None)
