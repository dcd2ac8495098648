"""Lots and what is left of them: rules 11 and 12 as a replay in business time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lot:
    """The points of one order: spendable from `available_at` until before `expires_at` (None: for ever)."""

    order: int
    points: int
    available_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Debit:
    """Points a customer spent at an instant."""

    customer: int
    at: datetime
    cost: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the replay leaves at an instant: `left` of each matured lot by order, what is owed, what lapsed."""

    left: dict[int, int]
    debt: int
    expired: int


def lot_times(
    processed_at: datetime, zone: str, pending_days: int, expiry_months: int
) -> tuple[datetime, datetime | None]:
    """When the points of an order processed then become spendable, and when they lapse, in UTC."""
    local = processed_at.astimezone(ZoneInfo(zone))
    opening = local
    if pending_days:
        opening = (local + timedelta(days=pending_days)).replace(
            hour=0, minute=0, second=0, microsecond=0, fold=0
        )
    available_at = opening.astimezone(UTC)
    return available_at, months_after(opening, expiry_months).astimezone(UTC) if expiry_months else None


def months_after(local: datetime, months: int) -> datetime:
    """The same time of day that many months later, on the month's last day where it has no such day."""
    index = local.year * 12 + local.month - 1 + months
    day = local.day
    while True:
        try:
            return local.replace(year=index // 12, month=index % 12 + 1, day=day, fold=0)
        except ValueError:
            day -= 1


def taking_order(lot: Lot) -> tuple[datetime, datetime, int]:
    """Soonest-expiring first (never last), then the earlier available, then the lower order id."""
    return lot.expires_at or FAR, lot.available_at, lot.order


def replay(lots: Iterable[Lot], debits: Iterable[Debit], now: datetime) -> Standing:
    """Lives through everything up to `now`; at one instant lots lapse first, then mature, then debits take."""
    every = sorted(lots, key=taking_order)
    spent = [debit for debit in debits if debit.at <= now]
    moments = {debit.at for debit in spent} | {lot.available_at for lot in every}
    moments |= {lot.expires_at for lot in every if lot.expires_at is not None}
    left: dict[int, int] = {}
    debt = expired = 0
    for moment in sorted(m for m in moments if m <= now):
        for lot in every:
            if lot.expires_at == moment:
                expired += left[lot.order]
                left[lot.order] = 0
        for lot in every:
            if lot.available_at == moment:
                netted = min(debt, lot.points)
                debt -= netted
                left[lot.order] = lot.points - netted
        for debit in spent:
            if debit.at == moment:
                owed = debit.cost
                for lot in every:
                    taken = min(owed, left.get(lot.order, 0))
                    if taken:
                        left[lot.order] -= taken
                        owed -= taken
                debt += owed
    return Standing(left, debt, expired)
