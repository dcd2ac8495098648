"""Which facts of an order hold, and what it is worth: rules 2 to 6, read off the whole heap of deliveries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from tests.oracle.facts import (
    STATUSES,
    Body,
    Refund,
    RefundLine,
    Snapshot,
    Unusable,
    decode_order,
    decode_refund,
)

NEVER_FETCHED = datetime.min.replace(tzinfo=UTC)

# Rule 6: what has one of these counts nothing.
COUNTS_NOTHING = frozenset({"pending", "authorized", "voided", "expired", "refunded"})


class Delivery(NamedTuple):
    """One arrival: a webhook's topic and body, or what the Admin API answered to a fetch begun at `fetched_at`."""

    topic: str
    body: Body | None
    source: str = "webhook"
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was ever delivered about one order, without order or number."""

    id: int
    snapshots: frozenset[Snapshot] = frozenset()
    refunds: frozenset[Refund] = frozenset()
    deleted: bool = False


def gather(deliveries: Iterable[Delivery]) -> tuple[dict[int, Evidence], int]:
    """The evidence by order id, and how many different bodies must be parked."""
    snapshots: set[Snapshot] = set()
    refunds: set[Refund] = set()
    deleted: set[int] = set()
    parked: set[str] = set()
    for topic, body, source, fetched_at in deliveries:
        try:
            if body is None:  # a fetch that found nothing changes nothing (rule 3)
                continue
            if topic == "orders/delete":
                deleted.add(body["id"])
            elif topic == "refunds/create":
                refunds.add(decode_refund(body))
            elif topic.startswith("orders/"):
                snapshots.add(decode_order(body, source, fetched_at))
        except Unusable:
            parked.add(repr((topic, body)))
    named = {s.id for s in snapshots} | {r.order for r in refunds} | deleted
    return {
        order: Evidence(
            id=order,
            snapshots=frozenset(s for s in snapshots if s.id == order),
            refunds=frozenset(r for r in refunds if r.order == order),
            deleted=order in deleted,
        )
        for order in named
    }, len(parked)


def rank(s: Snapshot) -> tuple[datetime, bool, datetime, bool, int, int, int]:
    """Rule 2 without its last resort: of two snapshots the one with the greater rank holds."""
    return (
        s.updated_at,
        s.source == "api",
        s.fetched_at or NEVER_FETCHED,
        s.cancelled_at is not None,
        len({refund.id for refund in s.refunds}),
        STATUSES.index(s.status),
        -s.subtotal,
    )


def greatest(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """S: the maximum by rule 2, or None where no snapshot was delivered."""
    return max(snapshots, key=lambda s: (rank(s), s.stated()), default=None)


def tied(snapshots: Iterable[Snapshot]) -> frozenset[Snapshot]:
    """The snapshots that share the greatest rank."""
    every = list(snapshots)
    top = max((rank(s) for s in every), default=None)
    return frozenset(s for s in every if rank(s) == top)


def chosen(evidence: Evidence) -> Snapshot | None:
    """S of an order."""
    return greatest(evidence.snapshots)


def customer(evidence: Evidence) -> int | None:
    """Rule 4: the customer of the greatest snapshot that names one."""
    holder = greatest(s for s in evidence.snapshots if s.customer is not None)
    return holder.customer if holder else None


def checkout_token(evidence: Evidence) -> str | None:
    """Rule 4: the checkout token of the greatest snapshot that names one."""
    holder = greatest(s for s in evidence.snapshots if s.checkout_token is not None)
    return holder.checkout_token if holder else None


def union(evidence: Evidence) -> dict[int, Refund]:
    """R: every refund by its id, from refunds/create and from inside every snapshot (rule 3)."""
    every = evidence.refunds.union(*(s.refunds for s in evidence.snapshots))
    return {
        known: max((r for r in every if r.id == known), key=lambda r: (r.lines is not None, repr(r)))
        for known in sorted({r.id for r in every})
    }


def is_ambiguous(evidence: Evidence) -> bool:
    """Whether only the hash at the end of rule 2 decides: what holds is then one of several."""
    top = {s.stated() for s in tied(evidence.snapshots)}
    customers = {s.customer for s in tied(s for s in evidence.snapshots if s.customer is not None)}
    tokens = {s.checkout_token for s in tied(s for s in evidence.snapshots if s.checkout_token is not None)}
    every = evidence.refunds.union(*(s.refunds for s in evidence.snapshots))
    told = [{r for r in every if r.id == known and r.lines is not None} for known in {r.id for r in every}]
    return max(len(top), len(customers), len(tokens), *map(len, told), 1) > 1


def later_refunds(s: Snapshot, refunds: Iterable[Refund]) -> list[Refund]:
    """The refunds of R that S does not hold, which its current figures therefore do not show."""
    within = {refund.id for refund in s.refunds}
    return [refund for refund in refunds if refund.id not in within]


def gift_lines(s: Snapshot) -> int:
    """What the gift cards of S make of its current subtotal."""
    return sum(
        (line.price * line.quantity - sum(line.discounts)) * line.current // line.quantity
        for line in s.lines
        if line.gift and line.quantity
    )


def is_gift(s: Snapshot, returned: RefundLine) -> bool:
    """Whether a gift card came back: as S says of its line, or the refund where S no longer shows it."""
    return {line.id: line.gift for line in s.lines}.get(returned.line, bool(returned.gift))


def refunded_goods(s: Snapshot, refunds: Iterable[Refund]) -> int:
    """The refund lines outside S that are no gift cards."""
    return sum(
        line.subtotal
        for refund in later_refunds(s, refunds)
        for line in refund.lines or ()
        if not is_gift(s, line)
    )


def discrepancies(refunds: Iterable[Refund]) -> int:
    """What was given back beyond lines and shipping, over all of R, as a positive amount."""
    return sum(
        -amount
        for refund in refunds
        for kind, amount in refund.adjustments
        if kind == "refund_discrepancy" and amount < 0
    )


def net(s: Snapshot, refunds: Iterable[Refund]) -> int:
    """N by rule 5, in minor units."""
    every = list(refunds)
    return max(0, s.subtotal - refunded_goods(s, every) - gift_lines(s) - discrepancies(every))


def untaxed(s: Snapshot, refunds: Iterable[Refund]) -> int:
    """N without the tax that is still in it (`basis=net`)."""
    every = list(refunds)
    if not s.taxes_included:
        return net(s, every)
    returned = sum(line.tax for refund in later_refunds(s, every) for line in refund.lines or ())
    return max(0, net(s, every) - max(0, s.tax - returned))


def kept(
    s: Snapshot,
    value: int,
    *,
    deleted: bool = False,
    charged_back: bool = False,
    count_test_orders: bool = False,
) -> int:
    """K by rule 6, from N or, where the rule's basis is net, from N without tax."""
    if deleted or charged_back or s.cancelled_at is not None or s.status in COUNTS_NOTHING:
        return 0
    if s.test and not count_test_orders:
        return 0
    return max(0, value - s.outstanding) if s.status == "partially_paid" else value
