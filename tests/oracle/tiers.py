"""Tiers: what an account had reached at an instant, from all that was ever delivered about its orders (rule 15)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.oracle.facts import Refund, Snapshot
from tests.oracle.lots import months_after
from tests.oracle.orders import is_gift


@dataclass(frozen=True, slots=True)
class Tier:
    """Reached from `threshold` on, in whatever the version counts; `multiplier` is a decimal of at most 3 places."""

    id: str
    threshold: int
    multiplier: str = "1"
    entry_points: int = 0


def highest(tiers: Sequence[Tier], value: int) -> Tier | None:
    """The tier with the greatest threshold that the value reaches."""
    reached = [tier for tier in tiers if tier.threshold <= value]
    return max(reached, key=lambda tier: tier.threshold, default=None)


def opens(at: datetime, months: int, zone: str) -> datetime:
    """The window looks back to midnight of the day that many months before."""
    local = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return months_after(local, -months)


def before(s: Snapshot, refunds: Iterable[Refund], at: datetime) -> tuple[Snapshot, list[Refund]]:
    """S and R as they would have been told, had nobody refunded or cancelled anything from `at` on.

    Everything else about an order has no business time of its own, and is as it is today.
    """
    every = {refund.id: refund for refund in refunds}
    undone = {id for id, refund in every.items() if refund.at >= at}
    held = {refund.id for refund in s.refunds}
    goods = [line for id in undone & held for line in every[id].lines or () if not is_gift(s, line)]
    lines = []
    for line in s.lines:
        returned = sum(back.quantity for back in goods if back.line == line.id)
        lines.append(replace(line, current=min(line.quantity, line.current + returned)) if returned else line)
    status = s.status
    if status == "refunded" and undone:
        status = "paid" if undone == set(every) else "partially_refunded"
    earlier = replace(
        s,
        cancelled_at=s.cancelled_at if s.cancelled_at is not None and s.cancelled_at < at else None,
        status=status,
        subtotal=s.subtotal + sum(line.subtotal for line in goods),
        tax=s.tax + sum(line.tax for line in goods),
        lines=tuple(lines),
        refunds=tuple(refund for refund in s.refunds if refund.id not in undone),
    )
    return earlier, [refund for id, refund in every.items() if id not in undone]
