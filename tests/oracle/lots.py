"""Lots and what is left of them: rules 11, 12 and 17 as a replay in business time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

FAR = datetime.max.replace(tzinfo=UTC)
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lot:
    """The points of one order: spendable from `available_at` until before `expires_at` (None: for ever)."""

    order: int
    points: int
    available_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Debit:
    """Points a customer spent at an instant, and what came back of them when.

    `code` is what was bought with them, of a `kind`; `closed_at` is when that was given up without being used.
    """

    customer: int
    at: datetime
    cost: int
    code: str = ""
    kind: str = "amount"
    closed_at: datetime | None = None
    back: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the replay leaves at an instant: `left` of each matured lot by order, what is owed, what lapsed."""

    left: dict[int, int]
    debt: int
    expired: int


@dataclass(slots=True)
class Heap:
    """Points of one lot that share their fate; given back they may live longer than the lot."""

    lot: Lot
    expires_at: datetime | None
    points: int

    def turn(self) -> tuple[datetime, datetime, int]:
        """Soonest-expiring first (never last), then the earlier available, then the lower order id."""
        return self.expires_at or FAR, self.lot.available_at, self.lot.order


@dataclass(slots=True)
class Spending:
    """A debit that was lived through: what it still holds of which lots, and what no lot has covered."""

    debit: Debit
    holds: list[Heap] = field(default_factory=list)
    uncovered: int = 0


@dataclass(slots=True)
class Purse:
    """An account that lives through one moment after the other."""

    heaps: list[Heap] = field(default_factory=list)
    spent: list[Spending] = field(default_factory=list)
    expired: int = 0

    def lapse(self, moment: datetime) -> None:
        """What ends now is gone."""
        self.expired += sum(heap.points for heap in self.heaps if heap.expires_at == moment)
        self.heaps = [heap for heap in self.heaps if heap.expires_at != moment]

    def receive(self, lot: Lot, expires_at: datetime | None, points: int) -> None:
        """Points arrive; the oldest of what is owed is paid first."""
        for spending in self.spent:
            paid = min(points, spending.uncovered)
            spending.uncovered -= paid
            spending.holds.append(Heap(lot, expires_at, paid))
            points -= paid
        self.heaps.append(Heap(lot, expires_at, points))

    def spend(self, debit: Debit) -> None:
        """A debit takes what ends first."""
        spending = Spending(debit, uncovered=debit.cost)
        for heap in sorted(self.heaps, key=Heap.turn):
            taken = min(heap.points, spending.uncovered)
            heap.points -= taken
            spending.uncovered -= taken
            spending.holds.append(Heap(heap.lot, heap.expires_at, taken))
        self.spent.append(spending)

    def give_back(self, spending: Spending, moment: datetime, points: int) -> None:
        """First what nobody has paid, then what ends last; all of it lives a month at least."""
        spared = min(points, spending.uncovered)
        spending.uncovered -= spared
        points -= spared
        for heap in sorted(spending.holds, key=Heap.turn, reverse=True):
            returned = min(points, heap.points)
            heap.points -= returned
            points -= returned
            if returned:
                ends = heap.expires_at and max(heap.expires_at, moment + MONTH)
                self.receive(heap.lot, ends, returned)


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
    """Lives through everything up to `now`; at one instant lots lapse, lots mature, debits take, points come back."""
    every = sorted(lots, key=taking_order)
    spent = [debit for debit in debits if debit.at <= now]
    back = [(min(max(at, debit.at), now), debit, points) for debit in spent for at, points in debit.back]
    moments = {debit.at for debit in spent} | {lot.available_at for lot in every}
    moments |= {lot.expires_at for lot in every if lot.expires_at is not None}
    moments |= {at for at, _, _ in back} | {at + MONTH for at, _, _ in back}
    purse = Purse()
    for moment in sorted(m for m in moments if m <= now):
        purse.lapse(moment)
        for lot in every:
            if lot.available_at == moment:
                purse.receive(lot, lot.expires_at, lot.points)
        for debit in spent:
            if debit.at == moment:
                purse.spend(debit)
        for spending in purse.spent:
            returned = sum(points for at, debit, points in back if debit is spending.debit and at == moment)
            purse.give_back(spending, moment, returned)
    left = {lot.order: 0 for lot in every if lot.available_at <= now}
    for heap in purse.heaps:
        left[heap.lot.order] += heap.points
    return Standing(left, sum(spending.uncovered for spending in purse.spent), purse.expired)
