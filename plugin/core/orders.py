"""What is known of an order, and how two pieces of knowledge become one.

``OrderFacts`` is the one canonical form of an order as Shopify showed it at one moment, whether a webhook or the
Admin API told us. ``OrderState`` is all that was ever told, merged: the greatest snapshot under a total order, the
union of the refunds and of the parcels, a tombstone. Merging is commutative, associative and idempotent, so that neither the order
nor the number of deliveries matters (semantics A 1-4).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from plugin.core.parcels import Parcel, half_told, united

RANK = {
    "expired": 0,
    "pending": 1,
    "authorized": 2,
    "partially_paid": 3,
    "paid": 4,
    "partially_refunded": 5,
    "refunded": 6,
    "voided": 7,
}
"""Financial states in the order in which the later wins between snapshots of equal time."""

_UNPAID = {"pending", "authorized", "voided", "expired", "refunded"}

Key: TypeAlias = tuple[int, int, int, int, int, int, int, str]
"""Place of a snapshot in the total order: time (us), fetched or told, start of the fetch (us), cancelled, number of
refunds, status rank, minus the current subtotal, digest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; ``price`` is one piece's, ``allocations`` are (discount application, minor units)."""

    id: int
    product_id: int | None
    quantity: int
    current: int
    gift_card: bool
    ships: bool
    price: int
    allocations: tuple[tuple[int, int], ...] = ()

    def kept_value(self) -> int:
        """Return what is still kept of this line's value after discounts, in minor units."""
        if self.quantity == 0:
            return 0
        paid = self.price * self.quantity - sum(amount for _, amount in self.allocations)
        return paid * self.current // self.quantity


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Pieces of a line that were given back, with their value and its tax in minor units."""

    line_id: int
    quantity: int
    subtotal: int
    tax: int
    gift_card: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; ``lines`` is None while only its id is known; ``discrepancy`` is never positive."""

    id: int
    at: datetime
    lines: tuple[RefundLine, ...] | None
    discrepancy: int = 0

    def weight(self) -> tuple[bool, int, str]:
        """Return the place of this telling among others of the same refund: the fuller one wins."""
        lines = self.lines or ()
        return (self.lines is not None, sum(line.subtotal for line in lines) - self.discrepancy, repr(self))


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order at one moment; money in minor units of the shop's currency, times in UTC."""

    id: int
    updated_at: datetime
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    test: bool
    currency: str
    taxes_included: bool
    status: str
    outstanding: int
    subtotal: int
    tax: int
    source: str | None = None
    locale: str | None = None
    customer_id: int | None = None
    codes: tuple[str, ...] = ()
    applications: tuple[tuple[int, str | None], ...] = ()
    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    shipping: str | None = None
    country: str | None = None
    province: str | None = None

    def digest(self) -> str:
        """Return a hash of all facts, the last word between snapshots that are equal in everything else."""
        return sha256(repr(self).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Facts with where they come from: ``fetched_at`` is the start of the fetch, None for a webhook."""

    facts: OrderFacts
    fetched_at: datetime | None = None

    def key(self) -> Key:
        """Return the snapshot's place in the total order of semantics A 2."""
        facts = self.facts
        return (
            microseconds(facts.updated_at),
            int(self.fetched_at is not None),
            microseconds(self.fetched_at) if self.fetched_at else 0,
            int(facts.cancelled_at is not None),
            len(facts.refunds),
            RANK[facts.status],
            -facts.subtotal,
            facts.digest(),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A value with the snapshot that named it; a newer snapshot without one does not take it away."""

    key: Key
    value: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing told about one order; ``token`` is the keyed hash of its checkout token."""

    shop_id: int
    order_id: int
    snapshot: Snapshot | None = None
    token: str | None = None
    refunds: tuple[Refund, ...] = ()
    deleted: bool = False
    lost: bool = False
    """A fetch found that the buyer's bank took the money back for good; webhooks say nothing of it."""
    parcels: tuple[Parcel, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderState:
    """All that was told of an order."""

    snapshot: Snapshot | None = None
    key: Key | None = None
    refunds: tuple[Refund, ...] = ()
    customer: Told | None = None
    token: Told | None = None
    deleted: bool = False
    dispute: tuple[int, bool] | None = None
    """Start of the last fetch (us), and whether it found a lost chargeback."""
    parcels: tuple[Parcel, ...] = ()

    @property
    def facts(self) -> OrderFacts:
        """Return the facts of the greatest snapshot; only for states that have one."""
        if self.snapshot is None:
            raise LookupError("no snapshot of this order has arrived")
        return self.snapshot.facts

    @property
    def customer_id(self) -> int | None:
        """Return the customer named by the greatest snapshot that names one."""
        return int(self.customer.value) if self.customer else None


def microseconds(instant: datetime) -> int:
    """Return the instant as whole microseconds since 1970 UTC."""
    seconds = int(instant.timestamp() // 1)
    return seconds * 1_000_000 + instant.microsecond


def merge(state: OrderState, arrival: Arrival) -> OrderState:
    """Return what is known after ``arrival``; the same set of arrivals gives the same state in any order."""
    state = replace(
        state,
        deleted=state.deleted or arrival.deleted,
        refunds=_union(state.refunds, arrival.refunds),
        parcels=united(state.parcels, arrival.parcels),
    )
    snapshot = arrival.snapshot
    if snapshot is None:
        return state
    key = snapshot.key()
    customer = state.customer
    if snapshot.facts.customer_id is not None:
        customer = _later(customer, Told(key, str(snapshot.facts.customer_id)))
    token = _later(state.token, Told(key, arrival.token)) if arrival.token else state.token
    newest = state.key is None or key > state.key
    dispute = state.dispute
    if snapshot.fetched_at is not None:
        found = (microseconds(snapshot.fetched_at), arrival.lost)
        dispute = found if dispute is None else max(dispute, found)
    return replace(
        state,
        snapshot=snapshot if newest else state.snapshot,
        key=key if newest else state.key,
        refunds=_union(state.refunds, snapshot.facts.refunds),
        customer=customer,
        token=token,
        dispute=dispute,
    )


def ambiguous(state: OrderState, arrival: Arrival) -> bool:
    """Tell whether a webhook shows other facts at the very time of the known ones, so that only a fetch can tell."""
    snapshot = arrival.snapshot
    if snapshot is None or snapshot.fetched_at is not None or state.snapshot is None:
        return False
    known = state.snapshot.facts
    return snapshot.facts.updated_at == known.updated_at and snapshot.facts != known


def incomplete(state: OrderState) -> bool:
    """Tell whether a refund is known by its id alone, or a parcel by its scans."""
    return any(refund.lines is None for refund in state.refunds) or half_told(state.parcels)


def net(state: OrderState, *, without_tax: bool = False) -> int:
    """Return N, the net merchandise value in minor units, never negative (semantics A 5)."""
    facts = state.facts
    gifts = {line.id for line in facts.lines if line.gift_card}
    known = {refund.id for refund in facts.refunds}
    value, tax = facts.subtotal, facts.tax
    for refund in state.refunds:
        value += refund.discrepancy
        if refund.id in known:
            continue
        for line in refund.lines or ():
            if line.line_id not in gifts and not line.gift_card:
                value -= line.subtotal
                tax -= line.tax
    value -= sum(line.kept_value() for line in facts.lines if line.gift_card)
    if without_tax and facts.taxes_included:
        value -= max(0, tax)
    return max(0, value)


def kept(state: OrderState, *, without_tax: bool = False, count_test: bool = False) -> int:
    """Return K, the part of N that counts in the order's financial state, in minor units (semantics A 6)."""
    facts = state.facts
    if state.deleted or facts.cancelled_at is not None or facts.status in _UNPAID:
        return 0
    if (facts.test and not count_test) or (state.dispute is not None and state.dispute[1]):
        return 0
    value = net(state, without_tax=without_tax)
    return max(0, value - max(0, facts.outstanding)) if facts.status == "partially_paid" else value


def _later(one: Told | None, other: Told) -> Told:
    return other if one is None or (other.key, other.value) > (one.key, one.value) else one


def _union(one: tuple[Refund, ...], other: tuple[Refund, ...]) -> tuple[Refund, ...]:
    if not other:
        return one
    found = {refund.id: refund for refund in one}
    for refund in other:
        mine = found.get(refund.id)
        if mine is None or refund.weight() > mine.weight():
            found[refund.id] = refund
    return tuple(found[id] for id in sorted(found))
