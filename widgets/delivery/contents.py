"""What is kept of an order, since when nothing is, and which of its parcels hold it: from its facts alone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from plugin.core.orders import OrderState, Refund

_UNPAID = frozenset({"voided", "expired"})


def is_off(state: OrderState) -> bool:
    """Tell whether nobody waits for the order any more: it was never paid for, called off, given back, or is gone."""
    return is_void(state) or undone(state) is not None


def is_void(state: OrderState) -> bool:
    """Tell whether the order was never paid for and will not be, or is gone."""
    return state.deleted or state.facts.status in _UNPAID


def undone(state: OrderState) -> datetime | None:
    """Return when the order was cancelled or given back as a whole; None while something of it is kept."""
    facts = state.facts
    if facts.cancelled_at is not None:
        return facts.cancelled_at
    goods = {line.id for line in facts.lines if line.ships}
    taken: Iterable[datetime] = ()
    if goods and not kept_pieces(state):
        taken = [refund.at for refund in state.refunds if _takes(refund, goods)]
    elif facts.status != "refunded":
        return None
    return max(taken or (refund.at for refund in state.refunds), default=facts.updated_at)


def _takes(refund: Refund, goods: set[int]) -> bool:
    """Tell whether pieces were given back; a refund of which only the id is known may be one."""
    return refund.lines is None or any(line.line_id in goods and line.quantity for line in refund.lines)


def kept_pieces(state: OrderState, before: datetime | None = None) -> Counter[int]:
    """Count what is kept of each line that ships, with refunds that the snapshot does not show yet.

    ``before``: what was given back from that instant on counts as kept.
    """
    kept = Counter({line.id: line.current for line in state.facts.lines if line.ships})
    shown = {refund.id for refund in state.facts.refunds}
    for refund in state.refunds:
        undo = before is not None and refund.at >= before
        for line in refund.lines or ():
            if line.line_id in kept:
                kept[line.line_id] += line.quantity * (undo - (refund.id not in shown))
    return +kept


def held(state: OrderState, parcels: Iterable[int], before: datetime | None = None) -> Counter[int]:
    """Count the pieces of each line in the parcels; one of which nobody knows what is in it holds everything."""
    items = {parcel.id: parcel.items for parcel in state.parcels}
    lines = {line.id for line in state.facts.lines}
    inside: Counter[int] = Counter()
    for number in parcels:
        told = items[number]
        if told is None or not any(line in lines for line, _ in told):
            return kept_pieces(state, before)
        for line, pieces in told:
            inside[line] += pieces
    return inside


def covered(state: OrderState, parcels: Sequence[int], before: datetime | None = None) -> bool:
    """Tell whether the parcels hold all that is kept."""
    inside = held(state, parcels, before)
    return bool(parcels) and all(
        inside[line] >= pieces for line, pieces in kept_pieces(state, before).items()
    )
